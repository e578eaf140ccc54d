"""From what `--corpus` says to the files it means.

A file, a folder, a glob, `-` for standard input, or the name of a corpus in the catalog. What exists under
the name given wins over the catalog. A folder with `train/` and `valid/` (or `validation/`) is already
split and is used as it is; its `test/` is never looked into. Whether it is text or music, its content says.
"""

import glob
import hashlib
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gen.corpus import catalog
from gen.corpus.encodings import known_encoding
from gen.corpus.sniff import Refusal, look, music_ending
from gen.corpus.sorting import MUSIC, TEXT, Sorted, sort_out
from gen.corpus.walk import Walk, is_folder, literal_folder, matching, walk
from gen.corpus.wording import counted
from gen.errors import CorpusError
from gen.files import cache_folder, iterate_chunks, replacing, unusable_cache

_NAMED_IN_ERROR = 3
_NAME_LENGTH = 60
_PIPE = "Pipe a text in, for example: cat book.txt | gen train --corpus -"
_MOVE = "Move those away, or name the files of text with a glob such as 'folder/**/*.txt'."


@dataclass(frozen=True)
class Located:
    """The files of a corpus.

    Attributes:
        name: What to call it, fit for a file's name.
        licence: The licence of a named corpus; None where only the user can know.
        files: What to train on, in order.
        validation: What to validate on, where the folder is already split; else None.
        test: The folder `test/` of a folder for training, which is left alone; else None.
        refused: What is there but cannot be used; from `locate` always empty for text.
        notes: What the user should be told, one line each.
        kind: `text` or `music`.
    """

    name: str
    licence: str | None
    files: tuple[Path, ...]
    validation: tuple[Path, ...] | None = None
    test: Path | None = None
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    kind: str = TEXT


@dataclass(frozen=True)
class _Asked:
    """What was asked for: `--corpus`, the codec that `--encoding` names, `--tokenizer`."""

    spec: str
    codec: str | None
    tokenizer: str

    def sort_out(self, *lists: Sequence[Path]) -> Sorted:
        return sort_out(self.spec, lists, self.codec, self.tokenizer)


def locate(spec: str, encoding: str | None = None, tokenizer: str = "auto") -> Located:
    """The files that `--corpus spec` means: all of a text; of a folder of music, those that look like it.

    Args:
        spec: A file, a folder, a glob, `-`, or the name of a corpus in the catalog.
        encoding: What `--encoding` says; where letters have NUL bytes in it, so may the files.
        tokenizer: What `--tokenizer` says: `characters` reads what is in letters as text, `notes` reads
            music alone, and `auto` goes by the content.

    Raises:
        CorpusError: There is nothing there that can be used, both text and music, or, in a text, something
            that is not text.
    """
    located = find(spec, encoding, tokenizer)
    accepted = len(located.files) + len(located.validation or ())
    if located.kind == MUSIC and located.files and located.validation != ():
        return replace(located, notes=(*located.notes, *_told(located.refused)))
    if not located.refused:
        if located.kind == MUSIC:
            raise no_music(spec)
        return located
    first = located.refused[0]
    if len(located.refused) == 1 and not accepted:
        raise CorpusError(f"{first.path} {first.reason}", first.fix)
    raise CorpusError(
        f"{spec} holds {counted(accepted, 'file')} of {located.kind} and {len(located.refused):,} "
        f"that cannot be used: {_reasons(located.refused)}",
        _MOVE,
    )


def no_music(spec: str) -> CorpusError:
    """The error for a corpus of which `--tokenizer notes` leaves nothing."""
    return CorpusError(f"{spec} holds no music", "Name music, or leave --tokenizer notes out.")


def _told(refused: Sequence[Refusal]) -> tuple[str, ...]:
    return (f"{counted(len(refused), 'file')} passed over: {_reasons(refused)}",) if refused else ()


def _reasons(refused: Sequence[Refusal]) -> str:
    names = ", ".join(f"{bad.path} {bad.reason}" for bad in refused[:_NAMED_IN_ERROR])
    more = len(refused) - _NAMED_IN_ERROR
    return names + (f", and {more} more" if more > 0 else "")


def find(spec: str, encoding: str | None = None, tokenizer: str = "auto") -> Located:
    """Like `locate`, but files that cannot be used are listed in `refused` beside those that can.

    Raises:
        CorpusError: There is nothing there at all, or both text and music.
    """
    asked = _Asked(spec, None if encoding is None else known_encoding(encoding), tokenizer)
    if spec == "-":
        return _stdin(asked)
    path = Path(spec)
    if spec and _is_there(path):
        notes = _shadowing(spec)
        return _folder(path, asked, notes) if is_folder(path) else _file(path, asked, notes)
    if glob.has_magic(spec):
        return _glob(asked)
    if spec in catalog.CORPORA:
        found = asked.sort_out(catalog.files(spec))
        return _located(spec, found, licence=catalog.CORPORA[spec].licence)
    raise _nothing(spec)


def _located(
    name: str,
    found: Sorted,
    *,
    licence: str | None = None,
    test: Path | None = None,
    refused: Sequence[Refusal] = (),
    notes: Sequence[str] = (),
) -> Located:
    files, validation = (*found.files, None)[:2]
    return Located(
        name,
        licence,
        files or (),
        validation,
        test,
        (*refused, *found.refused),
        (*notes, *found.notes),
        found.kind,
    )


def _is_there(path: Path) -> bool:
    """Whether there is anything of that name, be it a broken link or out of reach."""
    try:
        path.lstat()
    except PermissionError:
        return True
    except (OSError, ValueError):  # no such file, or no possible name of one
        return False
    return True


def _file(path: Path, asked: _Asked, notes: Sequence[str]) -> Located:
    found = asked.sort_out([path])
    name = run_name(path.stem)
    if found.files[0] and path.stat().st_size == 0:
        bad = Refusal(path, "is empty", f"Give a file with {found.kind} in it.")
        return Located(name, None, (), refused=(bad,), notes=tuple(notes), kind=found.kind)
    return _located(name, found, notes=notes)


def _folder(folder: Path, asked: _Asked, notes: Sequence[str]) -> Located:
    name = run_name(folder.resolve().name)
    test = folder / "test" if is_folder(folder / "test") else None
    untouched = (f"{test} is left alone: it is for testing",) if test else ()
    validations = [held for word in ("valid", "validation") if is_folder(held := folder / word)]
    if not validations or not is_folder(folder / "train"):
        whole = _walked(folder, without=test)
        return _located(
            name,
            asked.sort_out(whole.files),
            test=test,
            refused=whole.refused,
            notes=(*notes, *whole.notes, *untouched),
        )
    if len(validations) == 2:
        raise CorpusError(
            f"{folder} has both valid/ and validation/", "Keep the one to validate on, move the other away."
        )
    train, valid = _walked(folder / "train"), _walked(validations[0])
    split = f"{folder} is already split: {validations[0].name}/ is for validation"
    return _located(
        name,
        asked.sort_out(train.files, valid.files),
        test=test,
        refused=(*train.refused, *valid.refused),
        notes=(*notes, *train.notes, *valid.notes, split, *untouched),
    )


def _walked(folder: Path, without: Path | None = None) -> Walk:
    found = walk(folder, without)
    if not found.files and not found.refused:
        besides = f" outside {without}" if without else ""
        raise CorpusError(
            f"{folder} holds no files{besides}", "Put files of text or music in it, or name another folder."
        )
    return found


def _glob(asked: _Asked) -> Located:
    found = matching(asked.spec)
    if not found.files and not found.refused:
        raise CorpusError(
            f"The pattern {asked.spec} matches no file", "Check it: ** goes through folders, * stays in one."
        )
    name = run_name(literal_folder(asked.spec).resolve().name)
    return _located(name, asked.sort_out(found.files), refused=found.refused, notes=found.notes)


def _stdin(asked: _Asked) -> Located:
    """Standard input as a file in the cache, named by its content, so that a resumed run finds it again."""
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        raise CorpusError("--corpus - reads standard input, and nothing is piped into it", _PIPE)
    folder = cache_folder() / "stdin"
    arriving = folder / f"{secrets.token_hex(8)}.txt"  # nobody can guess it
    digest = hashlib.sha256()
    try:
        with replacing(arriving) as temporary, temporary.open("wb") as file:
            for chunk in iterate_chunks(sys.stdin.buffer):
                digest.update(chunk)
                file.write(chunk)
            if not file.tell():
                raise CorpusError("Standard input is empty", _PIPE)
        head = look(arriving)
        ending = music_ending(head) if isinstance(head, bytes) else None
        path = arriving.replace(folder / f"{digest.hexdigest()[:16]}{ending or '.txt'}")
    except OSError as error:
        raise unusable_cache(error) from error
    return _located("stdin", asked.sort_out([path]))


def _shadowing(spec: str) -> tuple[str, ...]:
    if spec not in catalog.CORPORA:
        return ()
    return (f"{spec} is taken as the path of that name here, not as the named corpus",)


def _nothing(spec: str) -> CorpusError:
    if "://" in spec:
        fix = "Download it first, then give the file's path."
    else:
        names = ", ".join(catalog.CORPORA)
        fix = catalog.suggestion(spec) or f"Check the path, or use a named corpus: {names}."
    return CorpusError(f"There is no file, folder or named corpus {spec!r}", fix)


def run_name(text: str) -> str:
    """`text` with everything but letters, digits, `.`, `_` and `-` made `-`: part of a folder's name."""
    kept = "".join(letter if letter.isalnum() or letter in "._" else "-" for letter in text)
    name = "-".join(word for word in kept.split("-") if word)
    return name.lstrip(".")[:_NAME_LENGTH].rstrip(".-") or "corpus"
