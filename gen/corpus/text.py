r"""Files of text as a stream of clean characters, and the fingerprint of what they hold.

A text is read in pieces and never held whole, so a gigabyte costs no more memory than a megabyte. On the
way the byte order mark goes, every line ending becomes `\n`, and files are put together with a newline
between them where the first has none. What was changed is noted, for the user to be told.
"""

import codecs
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gen.corpus.encodings import encoding_of_file, known_encoding
from gen.corpus.sniff import has_nul_bytes, nul_byte
from gen.corpus.text_notes import FileNotes, TextNotes, named_files
from gen.corpus.unchanged import Digest, Unchanged
from gen.errors import CorpusError
from gen.files import CHUNK_BYTES

_BYTE_ORDER_MARK = "\ufeff"
_MARK_BYTES = 4
# the bytes 0x80 to 0xBF, with which no character begins, are the lowest of all when they have a sign
_LAST_CONTINUATION = 0xBF - 0x100
_OTHER_ENCODING = "Say what it is in, such as --encoding cp1252 (or latin-1, shift_jis …), or mend the file."


@dataclass(frozen=True)
class Extent:
    """A part of a file.

    Attributes:
        path: The file.
        begin: Where its bytes begin; what lies there is the beginning of a character.
        end: Where they end; None for the end of the file.
    """

    path: Path
    begin: int = 0
    end: int | None = None


def iterate_text(
    files: Iterable[Path],
    encoding: str | None = None,
    *,
    notes: TextNotes | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[str]:
    """The text of `files`, one after the other, in pieces that are never empty.

    Args:
        files: Regular files, in the order they are to be read.
        encoding: What all of them are in; None for UTF-8, or UTF-16 and UTF-32 by byte order mark.
        notes: Where to note what was found; complete when the iterator is exhausted.
        chunk_bytes: The most bytes to read at a time.

    Raises:
        CorpusError: At once: there is no such encoding. While reading: a byte that does not fit, or is NUL
            (naming the file and its offset), a file that is gone, unreadable or changing, or no text at all.
    """
    codec = None if encoding is None else known_encoding(encoding)
    return _whole(tuple(files), codec, TextNotes() if notes is None else notes, chunk_bytes)


def iterate_extents(
    extents: Iterable[Extent], encoding: str | None, notes: TextNotes, digest: Digest
) -> Iterator[str]:
    """The text of parts of files as `iterate_text` gives that of files; there may be none.

    Args:
        extents: In the order in which they are to be read.
        encoding: As for `iterate_text`.
        notes: As for `iterate_text`.
        digest: Fed with every byte that is read.

    Raises:
        CorpusError: As `iterate_text`, but for there being no text.
    """
    codec = None if encoding is None else known_encoding(encoding)
    return _joined(extents, codec, notes, CHUNK_BYTES, digest)


def count_characters(
    files: Sequence[Path], encoding: str | None = None, *, chunk_bytes: int = CHUNK_BYTES
) -> int:
    """How many characters `iterate_text` gives; UTF-8 is counted without being decoded, which takes long.

    Whether bytes are UTF-8, and no NUL, is found out by whoever reads them: else the number says nothing.

    Args:
        files: As for `iterate_text`.
        encoding: As for `iterate_text`.
        chunk_bytes: The most bytes to read at a time.

    Raises:
        CorpusError: As `iterate_text`, but for bytes that are not UTF-8, or are NUL.
    """
    codec = None if encoding is None else known_encoding(encoding)
    total, ends_line = 0, True
    for path in files:
        characters, ends_with_line = _measured(path, codec, chunk_bytes)
        if characters:
            total += characters if ends_line else 1 + characters
            ends_line = ends_with_line
    if not total:
        raise _empty(files)
    return total


def content_hash(files: Iterable[Path], encoding: str | None = None) -> str:
    """A fingerprint (SHA-256, hexadecimal) of the bytes of `files`, their order, bounds and encoding.

    Names and dates do not count: a corpus moved elsewhere keeps its caches.

    Raises:
        CorpusError: A file is gone, unreadable or changing, or there is no such encoding.
    """
    codec = "by mark" if encoding is None else known_encoding(encoding)
    whole = hashlib.sha256(codec.encode())
    for path in files:
        try:
            with path.open("rb", buffering=0) as file, Unchanged(path, file) as watch:
                digest = hashlib.sha256()
                while chunk := watch.read(CHUNK_BYTES):
                    digest.update(chunk)
        except OSError as error:
            raise _unreadable(path, error) from error
        # Each part has a fixed length, so two lists of files cannot run together to the same bytes.
        whole.update(watch.size_bytes.to_bytes(8, "big") + digest.digest())
    return whole.hexdigest()


def _whole(files: Sequence[Path], codec: str | None, notes: TextNotes, chunk_bytes: int) -> Iterator[str]:
    is_empty = True
    for text in _joined(map(Extent, files), codec, notes, chunk_bytes):
        is_empty = False
        yield text
    if is_empty:
        raise _empty(files)


def _joined(
    extents: Iterable[Extent],
    codec: str | None,
    notes: TextNotes,
    chunk_bytes: int,
    digest: Digest | None = None,
) -> Iterator[str]:
    last = ""
    for extent in extents:
        joint = "\n" if last and not last.endswith("\n") else ""
        for text in _text_of_file(extent, codec, notes, chunk_bytes, digest):
            yield joint + text if joint else text
            joint, last = "", text[-1]


def _text_of_file(
    extent: Extent, codec: str | None, notes: TextNotes, chunk_bytes: int, digest: Digest | None = None
) -> Iterator[str]:
    """The text of one file, newlines translated, without its byte order mark, in non-empty pieces."""
    path = extent.path
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    try:
        with path.open("rb", buffering=0) as file, Unchanged(path, file, extent.end, digest) as watch:
            encoding = encoding_of_file(path, file.read(_MARK_BYTES), codec)
            watch.go_to(extent.begin)
            has_mark, at_start = False, extent.begin == 0
            for piece in _decoded(watch, encoding, chunk_bytes):
                text = piece
                if at_start:
                    has_mark, at_start = text.startswith(_BYTE_ORDER_MARK), False
                    text = text.removeprefix(_BYTE_ORDER_MARK)
                if text := newlines.decode(text):
                    yield text
            if text := newlines.decode("", final=True):
                yield text
    except OSError as error:
        raise _unreadable(path, error) from error
    found = FileNotes(path, watch.size_bytes, encoding, has_mark, _as_tuple(newlines.newlines))
    notes.files.append(found)


def _decoded(watch: "Unchanged", encoding: str, chunk_bytes: int) -> Iterator[str]:
    """The characters of an open file in non-empty pieces; a byte that does not fit or is NUL is an error."""
    decoder = codecs.getincrementaldecoder(encoding)()
    at_end, may_be_nul = False, has_nul_bytes(encoding)
    while not at_end:
        chunk = watch.read(chunk_bytes)
        at_end = not chunk
        nul = -1 if may_be_nul else chunk.find(b"\0")
        # up to it first: of two bytes that are wrong the first is named
        fed = chunk if nul < 0 else chunk[: nul + 1]
        fed_to = watch.read_bytes - len(chunk) + len(fed)
        try:
            # a NUL ends the text too: a character that was begun before it is never finished
            text = decoder.decode(fed, at_end or nul >= 0)
        except UnicodeDecodeError as error:
            # A decoder keeps what it could not finish: the error's bytes may begin before this chunk, but
            # they always end where it was fed to. What is left over at the end is an incomplete character.
            offset = fed_to - len(error.object) + error.start
            byte = f"byte 0x{error.object[error.start]:02x} at offset {offset}"
            what = "begins a character that is not complete" if at_end else "does not fit"
            raise CorpusError(f"{watch.path} is not {encoding}: {byte} {what}", _OTHER_ENCODING) from error
        if nul >= 0:
            bad = nul_byte(watch.path, fed_to - 1)
            raise CorpusError(f"{bad.path} {bad.reason}", bad.fix)
        if text:
            yield text


def _measured(path: Path, codec: str | None, chunk_bytes: int) -> tuple[int, bool]:
    """How many characters a file has, and whether the last of them ends a line."""
    try:
        with path.open("rb", buffering=0) as file, Unchanged(path, file) as watch:
            head = file.read(_MARK_BYTES)
            if encoding_of_file(path, head, codec) == "utf-8":
                file.seek(len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0)
                return _measured_in_utf8(watch, chunk_bytes)
    except OSError as error:
        raise _unreadable(path, error) from error
    characters, last = 0, ""
    for text in _text_of_file(Extent(path), codec, TextNotes(), chunk_bytes):
        characters, last = characters + len(text), text[-1]
    return characters, last == "\n"


def _measured_in_utf8(watch: "Unchanged", chunk_bytes: int) -> tuple[int, bool]:
    characters, last = 0, b""
    while chunk := watch.read(chunk_bytes):
        characters += int(np.count_nonzero(np.frombuffer(chunk, np.int8) > _LAST_CONTINUATION))
        with_last = last + chunk
        if b"\r" in with_last:  # asked first: a pair of bytes is searched for ten times as slowly as one
            characters -= with_last.count(b"\r\n")
        last = chunk[-1:]
    return characters, last in (b"\r", b"\n")


def _empty(files: Sequence[Path]) -> CorpusError:
    what = str(files[0]) if len(files) == 1 else f"All of {named_files(files)}" if files else "The corpus"
    return CorpusError(f"{what} is empty: there is no text", "Give at least one file with text in it.")


def _unreadable(path: Path, error: OSError) -> CorpusError:
    return CorpusError(
        f"{path} cannot be read: {error.strerror or error}", "Check that it is still there and readable."
    )


def _as_tuple(newlines: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if newlines is None:
        return ()
    return (newlines,) if isinstance(newlines, str) else newlines
