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


@dataclass(frozen=True)
class _Seen:
    """What the first bytes of a file say; the bytes themselves, of ten thousands of files, would not fit.

    Attributes:
        is_music: None where its name says so and its first bytes do not.
        is_lettered: Whether it can be learned as a text if it is music.
        no_text: Why it is no text, if it is none.
    """

    is_music: bool | None
    is_lettered: bool
    no_text: Refusal | None


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
    seen = [[(path, _look(path, encoding)) for path in paths] for paths in lists]
    every = [(path, found) for paths in seen for path, found in paths if isinstance(found, _Seen)]
    kind = TOKENIZERS[tokenizer] or _kind(spec, every)
    refused: list[Refusal] = []
    files: list[tuple[Path, ...]] = []
    passed_over: list[Path] = []
    for paths in seen:
        kept = []
        for path, found in paths:
            if isinstance(found, Refusal):
                refused.append(found)
            elif kind == TEXT and (bad := _no_text(path, found)):
                refused.append(bad)
            elif kind == MUSIC and found.is_music is False:
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


def _look(path: Path, encoding: str | None) -> _Seen | Refusal:
    head = look(path)
    if isinstance(head, Refusal):
        return head
    return _Seen(is_music(path, head), is_lettered(path, head), refusal_as_text(path, head, encoding))


def _kind(spec: str, every: Sequence[tuple[Path, _Seen]]) -> str:
    music = [path for path, found in every if found.is_music]
    text = [path for path, found in every if found.is_music is False and not found.no_text]
    if music and text:
        [(ending, _)] = Counter(path.suffix for path in music).most_common(1)
        raise CorpusError(
            f"{spec} holds {counted(len(music), 'file')} of music and {len(text):,} of text ({_names(text)})",
            f"Name those of one kind, with a glob such as 'folder/**/*{ending}', or say --tokenizer notes "
            "to leave out the text.",
        )
    return MUSIC if music else TEXT


def _no_text(path: Path, found: _Seen) -> Refusal | None:
    if found.is_music and not found.is_lettered:
        return Refusal(path, "is music that is not written in letters", _NO_LETTERS)
    return found.no_text


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths[:_NAMED]) + (", …" if len(paths) > _NAMED else "")
