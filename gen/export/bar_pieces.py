"""What stands in each bar: notes cut at bar lines, and the parts of a cut note tied."""

from collections import defaultdict
from typing import NamedTuple

from gen.score import Bar, Score


class BarNote(NamedTuple):
    """A note, or what of it sounds within one bar; times in ticks from the beginning of the bar."""

    onset: int
    end: int
    pitch: int
    part: int
    is_continued: bool  # from the bar before
    goes_on: bool  # into the bar after


def notes_by_bar(score: Score) -> list[tuple[Bar, list[BarNote]]]:
    """Every bar of a score with what sounds in it, in the order of `Score.notes`."""
    bars = list(score.bars())
    found: dict[int, list[BarNote]] = defaultdict(list)
    place = 0
    for onset, duration, pitch, _, part in score.notes.tolist():
        while bars[place].start + bars[place].metre.bar_ticks <= onset:
            place += 1
        end, here = onset + duration, place
        while here < len(bars) and bars[here].start < end:
            start = bars[here].start
            until = start + bars[here].metre.bar_ticks
            cut = BarNote(
                max(onset, start) - start, min(end, until) - start, pitch, part, onset < start, until < end
            )
            found[here].append(cut)
            here += 1
    return [(bar, sorted(found[place])) for place, bar in enumerate(bars)]
