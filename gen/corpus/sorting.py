"""Whether the files of a corpus are text or music, and which of them can be used as that.

Text and music are never mixed. In a corpus of music, what is neither is passed over and told, and so is what
its reader cannot use, later; in a text, everything must be readable, since the files make one text.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gen.corpus.sniff import Refusal, is_lettered, is_music, look, refusal_as_text
from gen.corpus.wording import counted
from gen.errors import CorpusError

TEXT, MUSIC = "text", "music"
TOKENIZERS = {"auto": None, "characters": TEXT, "notes": MUSIC}  # what `--tokenizer` says of the kind

_NAMED = 3
_NO_LETTERS = (
    "Only .abc, .krn, .musicxml and .xml are music in letters; leave --tokenizer out to learn the notes."
)


@dataclass(frozen=True)
class Sorted:
    """Files as one kind.

    Attributes:
        kind: `text` or `music`.
        files: For each list of files that was given, those that can be used.
        refused: Those that cannot, and why.
        notes: What the user should be told, one line each.
    """

    kind: str
    files: tuple[tuple[Path, ...], ...]
    refused: tuple[Refusal, ...]
    notes: tuple[str, ...] = ()


def sort_out(
    spec: str, lists: Sequence[Sequence[Path]], encoding: str | None = None, tokenizer: str = "auto"
) -> Sorted:
    """Say what files are, by their first bytes, and keep what can be used.

    Args:
        spec: What `--corpus` says, for the message.
        lists: The files, in one list or several.
        encoding: The codec named by the user, for text.
        tokenizer: `auto`, or the kind as `--tokenizer` has it: `characters` or `notes`.

    Raises:
        CorpusError: There are files of both kinds.
    """
    seen = [[(path, look(path)) for path in paths] for paths in lists]
    every = [(path, head) for paths in seen for path, head in paths if isinstance(head, bytes)]
    are_music = {path: is_music(path, head) for path, head in every}
    kind = TOKENIZERS[tokenizer] or _kind(spec, every, are_music, encoding)
    refused: list[Refusal] = []
    files: list[tuple[Path, ...]] = []
    passed_over: list[Path] = []
    for paths in seen:
        kept = []
        for path, head in paths:
            if isinstance(head, Refusal):
                refused.append(head)
            elif kind == TEXT and (bad := _no_text(path, head, are_music[path], encoding)):
                refused.append(bad)
            elif kind == MUSIC and are_music[path] is False:
                passed_over.append(path)
            else:
                kept.append(path)
        files.append(tuple(kept))
    if tokenizer == "auto":
        # not text either, or this would be no corpus of music
        refused += [Refusal(path, "is neither music nor text", "Move it away.") for path in passed_over]
        passed_over = []
    notes = (f"{counted(len(passed_over), 'file')} without music left out: {_names(passed_over)}",)
    return Sorted(kind, tuple(files), tuple(refused), notes if passed_over else ())


def _kind(
    spec: str,
    every: Sequence[tuple[Path, bytes]],
    are_music: dict[Path, bool | None],
    encoding: str | None,
) -> str:
    music = [path for path, _ in every if are_music[path]]
    text = [
        path for path, head in every if are_music[path] is False and not refusal_as_text(path, head, encoding)
    ]
    if music and text:
        [(ending, _)] = Counter(path.suffix for path in music).most_common(1)
        raise CorpusError(
            f"{spec} holds {counted(len(music), 'file')} of music and {len(text):,} of text ({_names(text)})",
            f"Name those of one kind, with a glob such as 'folder/**/*{ending}', or say --tokenizer notes "
            "to leave out the text.",
        )
    return MUSIC if music else TEXT


def _no_text(path: Path, head: bytes, music: bool | None, encoding: str | None) -> Refusal | None:
    if music and not is_lettered(path, head):
        return Refusal(path, "is music that is not written in letters", _NO_LETTERS)
    return refusal_as_text(path, head, encoding)


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths[:_NAMED]) + (", …" if len(paths) > _NAMED else "")
