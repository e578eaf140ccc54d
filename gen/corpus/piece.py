"""What a reader of music gives: pieces on the grid, or the reason why a file is none.

The bounds here are those of every reader: a file beyond one is refused before it costs time or memory.
"""

from dataclasses import dataclass

from gen.corpus.wording import one_line
from gen.score import Score

MAX_BYTES = 8 << 20
MAX_TRACKS = 256
MAX_EVENTS = 500_000
MAX_NOTES = 100_000
MAX_TUNES = 50_000  # in one file, and the notes of all
MAX_TUNES_NOTES = 2_000_000
MAX_CHANGES = 4096  # of tempo, metre and key together
MAX_QUARTERS = 20_000
FASTEST_BPM = 1000  # faster than anyone can play; what is faster becomes this
_TITLE_CHARACTERS = 80
_RAISED_CHARACTERS = 120  # by a library
_REASON_CHARACTERS = 200


@dataclass(frozen=True)
class Piece:
    """One piece of music.

    Attributes:
        title: As far as the file says; else empty.
        score: The music.
        moved: Notes whose onset or end was not on the grid and was moved to it.
        mended: Notes dropped or shortened because the same pitch was struck while it sounded.
    """

    title: str
    score: Score
    moved: int = 0
    mended: int = 0


class UnreadableError(Exception):
    """Why a file holds no music that can be used: one line, worded to follow the file's name.

    Args:
        reason: It may hold what the file says, at any length: what is too long is cut.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(one_line(reason, _REASON_CHARACTERS))


def refuse_too_large(size_bytes: int) -> None:
    """Refuse a file by its size alone.

    Raises:
        UnreadableError: It has more than `MAX_BYTES`.
    """
    if size_bytes > MAX_BYTES:
        raise UnreadableError(f"is larger than {MAX_BYTES >> 20} MiB")


def title_from(text: str) -> str:
    """What a file says of its title, on one line of bounded length."""
    return one_line(text, _TITLE_CHARACTERS)


def reason_from(error: Exception) -> str:
    """What a library raised, on one line: it may hold line breaks, and as much of the file as it likes."""
    return f"{type(error).__name__}: {one_line(str(error), _RAISED_CHARACTERS)}"
