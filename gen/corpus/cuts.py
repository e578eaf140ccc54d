"""Where a text is cut: at the line that begins next, else between two characters, without reading it all.

Whoever asks for the same place finds the same cut. A later place never has an earlier cut, as long as a line
is looked for equally far from all of them.
"""

import codecs
from functools import lru_cache
from pathlib import Path

from gen.corpus.encodings import encoding_of_file
from gen.errors import CorpusError
from gen.files import CHUNK_BYTES

_HEAD_BYTES = 4
# what their bytes mean depends on all before them
_WITH_STATE = ("hz", "iso2022")
_BYTES_OF_A_UNIT = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
_LONGEST_CHARACTER = 4


def cut_of_file(path: Path, place: int, size: int, codec: str | None, reach: int) -> int:
    """The first place in a file, from `place` on, at which it can be cut; `size` is its end.

    Where a byte may be a part of a character, which only the bytes before it would tell, the next line is
    looked for however far it is; a file in an encoding with states is not cut at all.

    Args:
        path: The file.
        place: In bytes.
        size: Of the file, in bytes.
        codec: What `known_encoding` returned, or None to go by the byte order mark.
        reach: Up to how many bytes from `place` a line's beginning is looked for.

    Raises:
        CorpusError: The file cannot be read.
    """
    if not place:
        return 0
    try:
        with path.open("rb") as file:
            encoding = encoding_of_file(path, file.read(_HEAD_BYTES), codec)
            if encoding.startswith(_WITH_STATE):
                return size
            if encoding not in _BYTES_OF_A_UNIT and encoding != "utf-8" and not _is_of_bytes(encoding):
                file.seek(place - 1)
                while (piece := file.readline(CHUNK_BYTES)) and not piece.endswith(b"\n"):
                    pass  # a line may be longer than memory
                return file.tell()
            unit = _BYTES_OF_A_UNIT.get(encoding, 1)
            begin = -(-place // unit) * unit
            file.seek(begin - unit)
            found = file.read(unit + max(reach, _LONGEST_CHARACTER))
    except OSError as error:
        raise CorpusError(
            f"{path} cannot be read: {error.strerror or error}", "Check that it is still there and readable."
        ) from error
    line = _line_begin(found, "\n".encode(encoding), unit)
    if line is not None and line <= reach:
        return begin + line
    is_within_line_end = found.startswith("\r\n".encode(encoding))
    character = unit if is_within_line_end else _character_begin(found[unit:], encoding)
    return size if size - begin <= reach else begin + character


def _line_begin(found: bytes, line_end: bytes, unit: int) -> int | None:
    """Where the first line begins, counted from the second unit."""
    place = found.find(line_end)
    while place >= 0 and place % unit:
        place = found.find(line_end, place + 1)
    return place if place >= 0 else None


def _character_begin(found: bytes, encoding: str) -> int:
    """Where the first character begins, or the file ends."""
    step, first, last = 1, 0, 0
    if encoding == "utf-8":
        first, last = 0x80, 0xC0
    elif encoding.startswith("utf-16"):
        step, first, last = 2, 0xDC, 0xE0
    heads = found[1::2] if encoding == "utf-16-le" else found[::step]
    return next((at * step for at, byte in enumerate(heads) if not first <= byte < last), len(found))


@lru_cache
def _is_of_bytes(encoding: str) -> bool:
    """Whether each byte is a character, so that none waits for another."""
    for byte in range(256):
        try:
            if not codecs.getincrementaldecoder(encoding)().decode(bytes([byte])):
                return False
        except UnicodeDecodeError:
            pass
    return True
