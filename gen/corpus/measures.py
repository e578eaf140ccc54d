"""Measures as they are written, with repeats and pickups, to bars on the grid as they are heard.

A reader of notation fills `Staff`s; `piece_from` does what every format needs: it plays the repeats where
they are well formed, lets each measure last as long as what is in it, and has a metre on every bar line.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from operator import itemgetter
from typing import NamedTuple

from gen.corpus.piece import (
    MAX_CHANGES,
    MAX_EVENTS,
    MAX_NOTES,
    MAX_QUARTERS,
    MAX_TRACKS,
    Piece,
    UnreadableError,
)
from gen.corpus.repeats import Marks, order_of_play
from gen.score import DEFAULT_VELOCITY, TICKS_PER_QUARTER, Key, Metre, Part, Tempo, make_score

# A bar of a length that no metre can name is filled up to the next thirty-second.
_SHORTEST_BEAT_TICKS = 3
_DENOMINATORS = (1, 2, 4, 8, 16, 32)
LONGEST_NUMERATOR = 255  # that a MIDI file can hold


class WrittenNote(NamedTuple):
    """A note head; onset and duration in quarters, the onset from the beginning of its measure.

    Attributes:
        onset: Where it begins.
        duration: How long it lasts, above 0.
        pitch: As a MIDI number.
        is_tied: Whether it goes on in the next note of its pitch, if that begins where this one ends.
        part: Which part of the staff plays it, where a staff has more than one.
    """

    onset: Fraction
    duration: Fraction
    pitch: int
    is_tied: bool = False
    part: int = 0


@dataclass
class Measure:
    """What is written between two bar lines; places within it in quarters.

    Attributes:
        notes: In any order.
        length: How long what is written lasts.
        metre: Numerator and denominator, where they are written anew.
        keys: Place, sharps and mode, where they are written anew.
        tempos: Place and quarters a minute.
        marks: Repeat signs and the like.
    """

    notes: list[WrittenNote] = field(default_factory=list)
    length: Fraction = Fraction(0)
    metre: tuple[int, int] | None = None
    keys: list[tuple[Fraction, int, str]] = field(default_factory=list)
    tempos: list[tuple[Fraction, int]] = field(default_factory=list)
    marks: Marks = field(default_factory=Marks)


@dataclass
class Staff:
    """The measures of one staff or voice, and who plays it."""

    measures: list[Measure]
    parts: tuple[Part, ...] = (Part(),)


@dataclass(frozen=True)
class _Column:
    """The measures that sound together, and what holds where they begin, be it written there or before."""

    measures: tuple[Measure, ...]
    length: Fraction
    metre: tuple[int, int]
    keys: list[tuple[Fraction, int, str]]
    tempos: list[tuple[Fraction, int]]


class _Bars(NamedTuple):
    """Where the measures begin as they are heard, in quarters, and the metres of the bars they fill."""

    starts: list[Fraction]
    metres: list[Metre]


def piece_from(title: str, staves: Sequence[Staff]) -> Piece:
    """The piece that is written on `staves`.

    Raises:
        UnreadableError: It has no notes, or is beyond a bound.
    """
    heard = _heard(staves)
    bars = _bars(heard)
    notes: list[tuple[int, int, int, int, int]] = []
    parts: list[Part] = []
    moved = 0
    for row, staff in enumerate(staves):
        for onset, end, pitch, part in _joined([column.measures[row].notes for column in heard], bars.starts):
            moved += not (_is_on_grid(onset) and _is_on_grid(end))
            begin = _ticks(onset)
            notes.append((begin, max(1, _ticks(end) - begin), pitch, DEFAULT_VELOCITY, len(parts) + part))
        parts += staff.parts
    if not notes:
        raise UnreadableError("has no notes")
    if len(parts) > MAX_TRACKS:
        raise UnreadableError(f"has more than {MAX_TRACKS} parts")
    made = make_score(
        notes,
        parts,
        tempos=[
            Tempo(_place(bars, index, place), *tempo)
            for index, column in enumerate(heard)
            for place, *tempo in column.tempos
        ],
        metres=bars.metres,
        keys=[
            Key(_place(bars, index, place), fifths, mode)
            for index, column in enumerate(heard)
            for place, fifths, mode in column.keys
        ],
    )
    if len(made.score.tempos) + len(made.score.keys) + len(made.score.metres) > MAX_CHANGES:
        raise UnreadableError(f"has more than {MAX_CHANGES} changes of tempo, metre and key")
    return Piece(title, made.score, moved, made.mended)


def usable_metre(numerator: int, denominator: int) -> tuple[int, int] | None:
    """A metre as it is written, if bars on the grid and files of MIDI can have it; else None."""
    return (
        (numerator, denominator)
        if 0 < numerator <= LONGEST_NUMERATOR and denominator in _DENOMINATORS
        else None
    )


def _heard(staves: Sequence[Staff]) -> list[_Column]:
    """The columns of measures in the order of play; as they are written, where staves differ in length."""
    count = max((len(staff.measures) for staff in staves), default=0)
    padded = [staff.measures + [Measure() for _ in range(count - len(staff.measures))] for staff in staves]
    columns: list[_Column] = []
    metre = (4, 4)
    key: list[tuple[Fraction, int, str]] = []
    tempo: list[tuple[Fraction, int]] = []
    for measures in zip(*padded, strict=True):
        metre = next((measure.metre for measure in measures if measure.metre), metre)
        # one key at a time: that of the first staff which states any
        keys = key + next((measure.keys for measure in measures if measure.keys), [])
        tempos = tempo + [each for measure in measures for each in measure.tempos]
        length = max(measure.length for measure in measures)
        columns.append(_Column(measures, length, metre, keys, tempos))
        key = [(Fraction(0), *keys[-1][1:])] if keys else []
        # of several at one place the last holds; the first is what came from the bar before
        tempo = [(Fraction(0), sorted(tempos, key=itemgetter(0))[-1][1])] if tempos else []
    is_even = all(len(staff.measures) == count for staff in staves)
    marks = [Marks.together([measure.marks for measure in column.measures]) for column in columns]
    order = (order_of_play(marks) if is_even else None) or range(count)
    heard = [columns[place] for place in order if columns[place].length]
    found = sum(len(measure.notes) for column in heard for measure in column.measures)
    if found > MAX_NOTES or len(heard) * len(staves) > MAX_EVENTS:
        raise UnreadableError(f"has more than {MAX_NOTES} notes or {MAX_EVENTS} measures")
    return heard


def _bars(heard: Sequence[_Column]) -> _Bars:
    """Bar lines such that each measure begins on one, unless a repeat sign or a pickup cuts its bar."""
    bars = _Bars([], [])
    here, into = Fraction(0), Fraction(0)  # where the bar begins; how much of it is filled
    written = heard[0].metre if heard else (4, 4)
    for index, column in enumerate(heard):
        full, is_last = _quarters(column.metre), index + 1 == len(heard)
        if into and (column.metre != written or into + column.length != full):
            here, into = here + _irregular(bars, here, into, written), Fraction(0)
        written = column.metre
        if index == 0 and not is_last and column.length < full:
            into = full - column.length  # a pickup ends on the bar line
        bars.starts.append(here + into)
        into += column.length
        if here + into > MAX_QUARTERS:
            raise UnreadableError(f"is longer than {MAX_QUARTERS} quarters")
        while into >= 2 * full or into == full or (is_last and 0 < into < full):
            _add_metre(bars, here, written)
            here, into = here + full, max(Fraction(0), into - full)
        if into > full:
            here, into = here + _irregular(bars, here, into, written), Fraction(0)
    return bars


def _irregular(bars: _Bars, here: Fraction, length: Fraction, written: tuple[int, int]) -> Fraction:
    """Add a bar with a metre of its own; return its length, the next that a metre can have."""
    ticks = -(-length * TICKS_PER_QUARTER // _SHORTEST_BEAT_TICKS) * _SHORTEST_BEAT_TICKS
    for denominator in (written[1], *_DENOMINATORS[2:]):
        numerator = Fraction(ticks, TICKS_PER_QUARTER) * denominator / 4
        if numerator.denominator == 1 and numerator <= LONGEST_NUMERATOR:
            _add_metre(bars, here, (int(numerator), denominator))
            return Fraction(ticks, TICKS_PER_QUARTER)
    raise UnreadableError(f"has a measure of {float(length):g} quarters, which no metre can have")


def _add_metre(bars: _Bars, here: Fraction, metre: tuple[int, int]) -> None:
    if not bars.metres or bars.metres[-1][1:] != metre:
        bars.metres.append(Metre(_ticks(here), *metre))


def _quarters(metre: tuple[int, int]) -> Fraction:
    return Fraction(4 * metre[0], metre[1])


def _is_on_grid(quarters: Fraction) -> bool:
    return TICKS_PER_QUARTER % quarters.denominator == 0


def _ticks(quarters: Fraction) -> int:
    if _is_on_grid(quarters):  # nearly always, and whole numbers are ten times as fast as fractions
        return quarters.numerator * (TICKS_PER_QUARTER // quarters.denominator)
    return round(quarters * TICKS_PER_QUARTER)


def _place(bars: _Bars, index: int, place: Fraction) -> int:
    """Where a change is heard: the rests before a pickup belong to what holds in the pickup."""
    return _ticks(bars.starts[index] + place) if index or place else 0


def _joined(
    measures: Sequence[Sequence[WrittenNote]], starts: Sequence[Fraction]
) -> list[tuple[Fraction, Fraction, int, int]]:
    """The notes as they are heard, ties joined: onset and end in quarters, pitch, part."""
    heard: list[tuple[Fraction, Fraction, int, int]] = []
    waiting: dict[tuple[int, int, Fraction], int] = {}  # pitch, part and end of tied notes: their place
    for notes, start in zip(measures, starts, strict=True):
        for note in sorted(notes, key=lambda each: (each.onset, each.pitch)):
            onset = start + note.onset
            end = onset + note.duration
            place = waiting.pop((note.pitch, note.part, onset), None) if waiting else None
            if place is None:
                place = len(heard)
                heard.append((onset, end, note.pitch, note.part))
            else:
                heard[place] = (heard[place][0], end, note.pitch, note.part)
            if note.is_tied:
                waiting[note.pitch, note.part, end] = place
    return heard
