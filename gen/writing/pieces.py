"""A piece that the user gives in a file, to go on from or to be rendered."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gen.corpus.piece import Piece
from gen.errors import GenError


def read_piece(path: Path, number: int, tell: Callable[[str], None]) -> Piece:
    """A piece in a file of music.

    Args:
        path: The file.
        number: Which of its pieces, from 1.
        tell: Called with what the user should know, a line at a time.

    Raises:
        GenError: There is no such file or piece, or it cannot be read.
    """
    try:
        there = path.is_file()
    except (OSError, ValueError):  # what no file can be called
        there = False
    if not there:
        raise GenError(f"There is no file {path} to read music from.", "Name a file of music.")
    for _, reading in _readings(path):
        if reading.reason is not None:
            raise GenError(f"{path} {reading.reason}.", "Give another file of music.")
        if number > len(reading.pieces):
            count = len(reading.pieces)
            raise GenError(f"{path} has no piece {number}.", f"Give --piece a number from 1 to {count}.")
        if len(reading.pieces) > 1:
            tell(f"{path} has {len(reading.pieces)} pieces; number {number} is taken")
        piece: Piece = reading.pieces[number - 1]
        return piece
    raise AssertionError("a library of one file has one reading")


def _readings(path: Path) -> Iterator[Any]:
    # what reads files of music is heavy, and most samples have no prompt
    from gen.corpus.library import Library

    return Library((path,)).readings()
