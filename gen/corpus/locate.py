"""From what `--corpus` says to the files it means.

A file, a folder, a glob, `-` for standard input, or the name of a corpus in the catalog. What exists under
the name given wins over the catalog. A folder with `train/` and `valid/` (or `validation/`) is already
split and is used as it is; its `test/` is never looked into.
"""

import glob
import hashlib
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gen.corpus import catalog
from gen.corpus.encodings import known_encoding
from gen.corpus.sniff import Refusal, refusal
from gen.corpus.walk import is_folder, literal_folder, matching, walk
from gen.errors import CorpusError
from gen.files import cache_folder, iterate_chunks, replacing, unusable_cache

_NAMED_IN_ERROR = 3
_NAME_LENGTH = 60
_PIPE = "Pipe a text in, for example: cat book.txt | gen train --corpus -"


@dataclass(frozen=True)
class Located:
    """The files of a corpus.

    Attributes:
        name: What to call it, fit for a file's name.
        licence: The licence of a named corpus; None where only the user can know.
        files: What to train on, in order.
        validation: What to validate on, where the folder is already split; else None.
        test: The folder `test/` of a folder for training, which is left alone; else None.
        refused: What is there but cannot be read as text; always empty from `locate`.
        notes: What the user should be told, one line each.
    """

    name: str
    licence: str | None
    files: tuple[Path, ...]
    validation: tuple[Path, ...] | None = None
    test: Path | None = None
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


def locate(spec: str, encoding: str | None = None) -> Located:
    """The files that `--corpus spec` means, every one of which can be opened as text.

    Args:
        spec: A file, a folder, a glob, `-`, or the name of a corpus in the catalog.
        encoding: What `--encoding` says; where letters have NUL bytes in it, so may the files.

    Raises:
        CorpusError: There is nothing there, or something there is not text.
    """
    located = find(spec, encoding)
    if not located.refused:
        return located
    first = located.refused[0]
    accepted = len(located.files) + len(located.validation or ())
    if len(located.refused) == 1 and not accepted:
        raise CorpusError(f"{first.path} {first.reason}", first.fix)
    names = ", ".join(f"{bad.path} {bad.reason}" for bad in located.refused[:_NAMED_IN_ERROR])
    more = len(located.refused) - _NAMED_IN_ERROR
    raise CorpusError(
        f"{spec} holds {_count(accepted, 'file')} of text and {len(located.refused)} that cannot be used: "
        + names
        + (f", and {more} more" if more > 0 else ""),
        "Move those away, or name the files of text with a glob such as 'folder/**/*.txt'.",
    )


def find(spec: str, encoding: str | None = None) -> Located:
    """Like `locate`, but files that are not text are listed in `refused` beside those that are.

    Raises:
        CorpusError: There is nothing there at all.
    """
    codec = None if encoding is None else known_encoding(encoding)
    if spec == "-":
        return _stdin(codec)
    path = Path(spec)
    if spec and _is_there(path):
        notes = _shadowing(spec)
        return _folder(path, codec, notes) if is_folder(path) else _file(path, codec, notes)
    if glob.has_magic(spec):
        return _glob(spec, codec)
    if spec in catalog.CORPORA:
        return Located(spec, catalog.CORPORA[spec].licence, (catalog.prepare(spec),))
    raise _nothing(spec)


def _is_there(path: Path) -> bool:
    """Whether there is anything of that name, be it a broken link or out of reach."""
    try:
        path.lstat()
    except PermissionError:
        return True
    except (OSError, ValueError):  # no such file, or no possible name of one
        return False
    return True


def _file(path: Path, codec: str | None, notes: tuple[str, ...]) -> Located:
    bad = refusal(path, codec)
    if bad is None and path.stat().st_size == 0:
        bad = Refusal(path, "is empty", "Give a file with text in it.")
    return Located(
        _run_name(path.stem), None, () if bad else (path,), refused=(bad,) if bad else (), notes=notes
    )


def _folder(folder: Path, codec: str | None, notes: tuple[str, ...]) -> Located:
    name = _run_name(folder.resolve().name)
    test = folder / "test" if is_folder(folder / "test") else None
    validations = [held for word in ("valid", "validation") if is_folder(held := folder / word)]
    if not validations or not is_folder(folder / "train"):
        files, refused, told = _texts_under(folder, codec, without=test)
        return Located(name, None, files, None, test, refused, notes + told + _untouched(test))
    if len(validations) == 2:
        raise CorpusError(
            f"{folder} has both valid/ and validation/", "Keep the one to validate on, move the other away."
        )
    train, refused, told = _texts_under(folder / "train", codec)
    valid, refused_valid, told_valid = _texts_under(validations[0], codec)
    told += (*told_valid, f"{folder} is already split: {validations[0].name}/ is for validation")
    return Located(name, None, train, valid, test, refused + refused_valid, notes + told + _untouched(test))


def _texts_under(
    folder: Path, codec: str | None, without: Path | None = None
) -> tuple[tuple[Path, ...], tuple[Refusal, ...], tuple[str, ...]]:
    found = walk(folder, without)
    if not found.files and not found.refused:
        besides = f" outside {without}" if without else ""
        raise CorpusError(
            f"{folder} holds no files{besides}", "Put files of text in it, or name another folder."
        )
    files, refused = _sorted_out(found.files, codec)
    return files, (*found.refused, *refused), tuple(found.notes)


def _untouched(test: Path | None) -> tuple[str, ...]:
    return (f"{test} is left alone: it is for testing",) if test else ()


def _glob(pattern: str, codec: str | None) -> Located:
    found = matching(pattern)
    files, refused = _sorted_out(found.files, codec)
    if not files and not refused and not found.refused:
        raise CorpusError(
            f"The pattern {pattern} matches no file", "Check it: ** goes through folders, * stays in one."
        )
    name = _run_name(literal_folder(pattern).resolve().name)
    return Located(name, None, files, refused=(*found.refused, *refused), notes=tuple(found.notes))


def _sorted_out(paths: Iterable[Path], codec: str | None) -> tuple[tuple[Path, ...], tuple[Refusal, ...]]:
    files, refused = [], []
    for path in paths:
        if bad := refusal(path, codec):
            refused.append(bad)
        else:
            files.append(path)
    return tuple(files), tuple(refused)


def _stdin(codec: str | None) -> Located:
    """Standard input as a file in the cache, named by its content, so that a resumed run finds it again."""
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        raise CorpusError("--corpus - reads standard input, and nothing is piped into it", _PIPE)
    folder = cache_folder() / "stdin"
    arriving = folder / f"{os.getpid()}.txt"
    digest = hashlib.sha256()
    try:
        with replacing(arriving) as temporary, temporary.open("wb") as file:
            for chunk in iterate_chunks(sys.stdin.buffer):
                digest.update(chunk)
                file.write(chunk)
            if not file.tell():
                raise CorpusError("Standard input is empty", _PIPE)
        path = arriving.replace(folder / f"{digest.hexdigest()[:16]}.txt")
    except OSError as error:
        raise unusable_cache(error) from error
    bad = refusal(path, codec)
    return Located("stdin", None, () if bad else (path,), refused=(bad,) if bad else ())


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


def _run_name(text: str) -> str:
    """`text` with everything but letters, digits, `.`, `_` and `-` made `-`: part of a folder's name."""
    kept = "".join(letter if letter.isalnum() or letter in "._" else "-" for letter in text)
    name = "-".join(word for word in kept.split("-") if word)
    return name.lstrip(".")[:_NAME_LENGTH].rstrip(".-") or "corpus"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
