"""A piece of music as a value: notes on a grid, parts, tempo, metre and key; plain arrays and numbers.

Time is counted in ticks, 24 to the quarter note: thirty-seconds and triplets of sixteenths fall on whole
ticks. `make_score` turns whatever a reader found into the one canonical form; a `Score` is always in that
form, so two scores that sound alike are equal.
"""

import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

TICKS_PER_QUARTER = 24
DEFAULT_TEMPO_BPM = 120
DEFAULT_VELOCITY = 72
DRUM_CHANNEL = 10  # counted from 1, as musicians do

# the columns of `Score.notes`
ONSET, DURATION, PITCH, VELOCITY, PART = range(5)

# up the circle of fifths; C has place 8
_TONICS = "Fb Cb Gb Db Ab Eb Bb F C G D A E B F# C# G# D# A# E# B#".split()  # noqa: SIM905 - reads as a line
# how far a mode's tonic lies from the major one of the same signature, in fifths, and how its name ends
MODES = {
    "lydian": (-1, "lyd"),
    "major": (0, ""),
    "mixolydian": (1, "mix"),
    "dorian": (2, "dor"),
    "minor": (3, "m"),
    "phrygian": (4, "phr"),
    "locrian": (5, "loc"),
}


@dataclass(frozen=True)
class Part:
    """One player: a General MIDI program (0 to 127), or drums, whose program is 0."""

    program: int = 0
    is_drums: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.program <= 127 or (self.is_drums and self.program):
            raise ValueError(f"no such program: {self}")


class Tempo(NamedTuple):
    """From `onset` (ticks) so many quarter notes a minute."""

    onset: int
    bpm: int


class Metre(NamedTuple):
    """From `onset` (ticks), which is a bar line, bars of `numerator` times a `1/denominator` note."""

    onset: int
    numerator: int
    denominator: int

    @property
    def bar_ticks(self) -> int:
        """Length of a bar in ticks."""
        return self.numerator * 4 * TICKS_PER_QUARTER // self.denominator

    @property
    def is_whole(self) -> bool:
        """Whether the bar is a whole number of ticks, and one at least."""
        return (
            self.numerator > 0
            and self.denominator > 0
            and self.bar_ticks * self.denominator == (self.numerator * 4 * TICKS_PER_QUARTER)
        )


class Key(NamedTuple):
    """From `onset` (ticks) a key: sharps (flats below zero), and a mode by its name in `MODES`."""

    onset: int
    fifths: int
    mode: str = "major"

    @property
    def name(self) -> str:
        """Tonic and mode: `G`, `Em`, `Ador`."""
        distance, ending = MODES[self.mode]
        return _TONICS[self.fifths + 8 + distance] + ending

    def transposed(self, semitones: int) -> "Key":
        """The key so many semitones higher, with six accidentals at the most."""
        return self._replace(fifths=(self.fifths + 7 * semitones + 5) % 12 - 5 if semitones else self.fifths)


Change = TypeVar("Change", Tempo, Metre, Key)


class Bar(NamedTuple):
    """A bar: where it begins, in ticks, and the metre in force."""

    start: int
    metre: Metre


@dataclass(frozen=True, eq=False)
class Score:
    """A piece in its canonical form; see `make_score`, which makes it.

    Attributes:
        notes: `(n, 5)` int32, the columns onset, duration (both ticks), pitch and velocity (MIDI numbers)
            and part (an index into `parts`); sorted by onset, part and pitch; no pitch of a part is struck
            while it still sounds.
        parts: Who plays; each has a note, and they stand in the order in which they were given.
        tempos: Changes by onset; none where nothing is known of the tempo.
        metres: Changes by onset, each on a bar line of the one before; the first at 0.
        keys: Changes by onset; none where nothing is known of the key.
    """

    notes: NDArray[np.int32]
    parts: tuple[Part, ...]
    tempos: tuple[Tempo, ...]
    metres: tuple[Metre, ...]
    keys: tuple[Key, ...]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Score):
            return NotImplemented
        mine, others = (
            (score.parts, score.tempos, score.metres, score.keys, score.notes.tolist())
            for score in (self, other)
        )
        return mine == others

    def __hash__(self) -> int:
        return hash((self.parts, self.tempos, self.metres, self.keys, self.notes.tobytes()))

    @property
    def length_ticks(self) -> int:
        """Where the last note ends."""
        return int((self.notes[:, ONSET] + self.notes[:, DURATION]).max(initial=0))

    @property
    def is_melody(self) -> bool:
        """Whether one part plays one note at a time."""
        ends = self.notes[:, ONSET] + self.notes[:, DURATION]
        return len(self.parts) == 1 and bool((self.notes[1:, ONSET] >= ends[:-1]).all())

    @property
    def is_pitched_melody(self) -> bool:
        """Whether it is a melody, and not of drums."""
        return self.is_melody and not self.parts[0].is_drums

    def bars(self) -> Iterator[Bar]:
        """The bars from the beginning to the one in which the last note ends."""
        return bars_until(self.metres, self.length_ticks)


def bars_until(metres: Sequence[Metre], end: int) -> Iterator[Bar]:
    """The bars that begin before `end`, in ticks."""
    start, place = 0, 0
    while start < end:
        while place + 1 < len(metres) and metres[place + 1].onset <= start:
            place += 1
        yield Bar(start, metres[place])
        start += metres[place].bar_ticks


class Made(NamedTuple):
    """A score, and how many notes had to be dropped or shortened for it to be in canonical form."""

    score: Score
    mended: int


def make_score(
    notes: ArrayLike,
    parts: Sequence[Part],
    *,
    tempos: Iterable[Tempo] = (),
    metres: Iterable[Metre] = (),
    keys: Iterable[Key] = (),
) -> Made:
    """The canonical form of what a reader found.

    A note struck twice at once is kept once, with the longer duration; one that is struck again while it
    sounds ends there. Parts without notes go. Of changes at one place the last stays, and none that changes
    nothing or comes after the last note's end; a metre that begins within a bar begins with the next.
    Without a metre it is 4/4.

    Args:
        notes: `(n, 5)`, as in `Score.notes`, in any order; onsets from 0 up, durations above 0.
        parts: What the notes' last column points to.
        tempos: In any order; whole beats a minute, above 0.
        metres: In any order; each a whole number of ticks a bar.
        keys: In any order; from seven flats to seven sharps.

    Raises:
        ValueError: A number out of its range: a reader's mistake, not the user's.
    """
    found = np.asarray(notes, np.int32).reshape(-1, 5)
    _check(found, parts)
    longest_first = np.lexsort((-found[:, DURATION], found[:, PITCH], found[:, PART], found[:, ONSET]))
    found = found[longest_first]
    kept, mended = _without_overlaps(found)
    used = np.unique(kept[:, PART]).tolist()
    renumbered = np.zeros(max(1, len(parts)), np.int32)
    renumbered[used] = np.arange(len(used))
    kept[:, PART] = renumbered[kept[:, PART]]
    kept.setflags(write=False)
    end = int((kept[:, ONSET] + kept[:, DURATION]).max(initial=1))
    score = Score(
        kept,
        tuple(parts[place] for place in used),
        tuple(_changes(tempos, end)),
        tuple(metre for metre in _on_bar_lines(_changes(metres, end)) if metre.onset < end),
        tuple(_changes(keys, end)),
    )
    return Made(score, mended)


def _check(notes: NDArray[np.int32], parts: Sequence[Part]) -> None:
    low = notes.min(axis=0, initial=0)
    high = notes.max(axis=0, initial=0)
    if (
        (low < 0).any()
        or high[PITCH] > 127
        or high[VELOCITY] > 127
        or (len(notes) and (high[PART] >= len(parts) or (notes[:, DURATION] < 1).any()))
    ):
        raise ValueError(f"notes out of range: lowest {low.tolist()}, highest {high.tolist()}")


def _without_overlaps(notes: NDArray[np.int32]) -> tuple[NDArray[np.int32], int]:
    """Notes, sorted with the longest of equals first, such that none is struck while it sounds."""
    by_pitch = np.lexsort((np.arange(len(notes)), notes[:, PITCH], notes[:, PART]))
    same = np.zeros(len(notes), bool)  # the next note in this order is of the same part and pitch
    ordered = notes[by_pitch]
    same[:-1] = (ordered[1:, [PART, PITCH]] == ordered[:-1, [PART, PITCH]]).all(axis=1)
    twice = np.zeros(len(notes), bool)
    twice[1:] = same[:-1] & (ordered[1:, ONSET] == ordered[:-1, ONSET])
    ordered, by_pitch = ordered[~twice], by_pitch[~twice]
    gap = np.full(len(ordered), np.iinfo(np.int32).max)
    if len(ordered) > 1:
        again = (ordered[1:, [PART, PITCH]] == ordered[:-1, [PART, PITCH]]).all(axis=1)
        gap[:-1][again] = (ordered[1:, ONSET] - ordered[:-1, ONSET])[again]
    cut = ordered[:, DURATION] > gap
    ordered[:, DURATION] = np.minimum(ordered[:, DURATION], gap)
    return ordered[np.argsort(by_pitch, kind="stable")], int(twice.sum() + cut.sum())


def _changes(changes: Iterable[Change], end: int) -> list[Change]:
    kept: list[Change] = []
    for change in sorted(changes, key=lambda each: each.onset):
        if change.onset >= end:
            break
        if kept and kept[-1].onset == change.onset:
            kept.pop()
        if not kept or kept[-1][1:] != change[1:]:
            kept.append(change)
    return kept


def _on_bar_lines(metres: list[Metre]) -> tuple[Metre, ...]:
    moved = [Metre(0, *(metres[0][1:] if metres and metres[0].onset == 0 else (4, 4)))]
    for metre in metres:
        if not metre.is_whole:
            raise ValueError(f"a bar of {metre} is no whole number of ticks")
        last = moved[-1]
        since = max(0, metre.onset - last.onset)  # the one before may have moved beyond this one
        onset = last.onset + -(-since // last.bar_ticks) * last.bar_ticks
        if onset == last.onset:  # moved to where the one before stands, which thus never sounded
            moved.pop()
        if not moved or moved[-1][1:] != metre[1:]:
            moved.append(metre._replace(onset=onset))
    return tuple(moved)


def change_at(changes: Sequence[Change], onset: int) -> Change | None:
    """The change in force at `onset`; None before the first."""
    place = bisect.bisect_right(changes, onset, key=lambda change: change.onset)
    return changes[place - 1] if place else None
