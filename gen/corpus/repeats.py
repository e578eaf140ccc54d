"""Repeat signs to the order in which measures are played."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_LONGEST = 16  # times as many measures as are written: more is a mistake


@dataclass
class Marks:
    """What a measure says about the order of play.

    Attributes:
        starts: A repeated section begins here (`|:`).
        times: How often the section that ends here is played (`:|` is 2); 0 where none ends.
        endings: The passes in which this measure is played, where it belongs to an ending.
        is_boundary: A section begins here, where its sign for a repeat may be missing; within a repeat whose
            sign is there it means nothing.
        is_segno: `D.S.` leads here.
        is_fine: The end, after `D.C.` or `D.S.`
        leads_to: Where the music goes from the end of this measure.
    """

    starts: bool = False
    times: int = 0
    endings: frozenset[int] = frozenset()
    is_boundary: bool = False
    is_segno: bool = False
    is_fine: bool = False
    leads_to: Literal["", "beginning", "segno", "coda"] = ""

    @classmethod
    def together(cls, marks: Sequence["Marks"]) -> "Marks":
        """The marks of measures that sound together: some editors write them in one staff only."""
        return cls(
            any(mark.starts for mark in marks),
            max((mark.times for mark in marks), default=0),
            frozenset().union(*(mark.endings for mark in marks)),
            any(mark.is_boundary for mark in marks),
            any(mark.is_segno for mark in marks),
            any(mark.is_fine for mark in marks),
            max((mark.leads_to for mark in marks), key=bool, default=""),
        )


def order_of_play(marks: Sequence[Marks]) -> list[int] | None:
    """The places of the measures as they are played; None where the marks make no sense.

    Sense they make when every measure is played, no ending is missing, and it comes to an end. Jumps to a
    coda are not followed: such a piece is None too.
    """
    order: list[int] = []
    here, start, turn = 0, 0, 1
    is_open = False  # whether the section began with its sign
    while here < len(marks):
        mark = marks[here]
        if turn == 1 and (mark.starts or (mark.is_boundary and not mark.endings and not is_open)):
            start, is_open = here, mark.starts
        if not mark.endings or turn in mark.endings:
            order.append(here)
            if len(order) > _LONGEST * len(marks):
                return None
            if mark.times and _goes_back(marks, here, turn):
                here, turn = start, turn + 1
                continue
            if mark.leads_to:
                return _with_jump(marks, order, here)
        here += 1
        if (mark.times or mark.endings) and not (here < len(marks) and marks[here].endings):
            start, turn, is_open = here, 1, False
    return order if set(order) == set(range(len(marks))) else None


def _goes_back(marks: Sequence[Marks], here: int, turn: int) -> bool:
    if not marks[here].endings:
        return turn < marks[here].times
    return any(turn + 1 in marks[place].endings for place in _endings_around(marks, here))


def _endings_around(marks: Sequence[Marks], here: int) -> range:
    """The places of all the endings that stand side by side with that at `here`; none if there is none."""
    start = end = here
    while end < len(marks) and marks[end].endings:
        end += 1
    while start and marks[start].endings and marks[start - 1].endings:
        start -= 1
    return range(start, end)


def _with_jump(marks: Sequence[Marks], order: list[int], here: int) -> list[int] | None:
    """`order`, then from the beginning or the segno to the fine, or to where the jump stands."""
    fines = [place for place, mark in enumerate(marks) if mark.is_fine]
    segnos = [place for place, mark in enumerate(marks) if mark.is_segno]
    leads_to = marks[here].leads_to
    if leads_to == "coda" or len(fines) > 1 or (leads_to == "segno" and len(segnos) != 1):
        return None
    start = segnos[0] if leads_to == "segno" else 0
    last = fines[0] if fines else here
    if last < start or set(order) != set(range(len(marks))):
        return None
    again = [place for place in range(start, last + 1) if _is_played_last(marks, place)]
    return order + again


def _is_played_last(marks: Sequence[Marks], place: int) -> bool:
    """Whether a measure sounds where repeats are left out: in no ending, or in the last one."""
    group = [max(marks[other].endings) for other in _endings_around(marks, place)]
    return not group or max(group) in marks[place].endings
