"""Melodies as ABC: a tune in letters, which any program of folk music reads and anyone can type.

After the ABC standard 2.1 (abcnotation.com/wiki/abc:standard:v2.1). music21 writes no ABC.
"""

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from gen.export.bar_pieces import notes_by_bar
from gen.export.spelling import signature_of, spell
from gen.score import TICKS_PER_QUARTER, Bar, Key, Metre, Score, Tempo

BARS_A_LINE = 4

_SIGNS = {-1: "_", 0: "=", 1: "^"}
# lengths in ticks of which three make a triplet in the time of two plain notes
_TRIPLETS = (2, 4, 8, 16)


class _Event(NamedTuple):
    """A note or a rest (no pitch) within a bar; times in ticks from the beginning of the bar."""

    onset: int
    end: int
    pitch: int | None
    goes_on: bool = False


def abc_text(score: Score, title: str = "") -> str:
    """A melody as a tune in ABC, ending with a line break.

    Pitches, onsets and lengths are kept, to the tick: lengths that no note has are written as fractions of
    the unit. A change of key or tempo while a note sounds is written where the next one begins; how loud a
    note is ABC does not say.

    Args:
        score: One part that plays one note at a time.
        title: For the field `T:`, on one line.

    Raises:
        ValueError: It is no melody.
    """
    if not score.is_melody:
        raise ValueError(f"no melody: {len(score.parts)} parts, or notes that sound together")
    first = score.metres[0]
    key = next((key for key in score.keys if key.onset == 0), None)
    tempo = next((tempo for tempo in score.tempos if tempo.onset == 0), None)
    unit_ticks = TICKS_PER_QUARTER // (
        4 if Fraction(first.numerator, first.denominator) < Fraction(3, 4) else 2
    )
    part = score.parts[0]
    head = [
        "X:1",
        f"T:{' '.join(title.split())}",
        f"M:{_metre(first)}",
        f"L:{Fraction(unit_ticks, 4 * TICKS_PER_QUARTER)}",
        *([f"Q:{_tempo(tempo)}"] if tempo else []),
        *(["%%MIDI channel 10"] if part.is_drums else []),
        *([f"%%MIDI program {part.program}"] if part.program else []),
        f"K:{key.name if key else 'none'}",
    ]
    bars = list(_Writer(score, key, unit_ticks).bars())
    lines = [" | ".join(bars[start : start + BARS_A_LINE]) for start in range(0, len(bars), BARS_A_LINE)]
    return "\n".join([*head, *(f"{line} |" for line in lines[:-1]), f"{lines[-1]} |]", ""])


class _Writer:
    """Bars of a melody one after the other, and what is in force while they are written."""

    def __init__(self, score: Score, key: Key | None, unit_ticks: int) -> None:
        self.score = score
        self.fifths = key.fifths if key else 0
        self.unit_ticks = unit_ticks
        self.altered: set[str] = set()  # letters that have had a sign in this bar, in any octave
        self.waiting: list[Key | Tempo] = sorted(
            [*(key for key in score.keys if key.onset), *(tempo for tempo in score.tempos if tempo.onset)],
            key=lambda change: change.onset,
        )

    def bars(self) -> Iterator[str]:
        metre = self.score.metres[0]
        for bar, notes in notes_by_bar(self.score):
            self.altered = set()
            words = []
            if bar.metre[1:] != metre[1:]:
                metre = bar.metre
                words.append(f"[M:{_metre(metre)}]")
            events = self._with_rests(
                bar, [_Event(note[0], note[1], note.pitch, note.goes_on) for note in notes]
            )
            words += self._words(bar, events)
            yield " ".join(words)

    def _with_rests(self, bar: Bar, notes: list[_Event]) -> list[_Event]:
        """Notes and the rests between; rests are cut where something changes."""
        is_last = bar.start + bar.metre.bar_ticks >= self.score.length_ticks
        end = notes[-1].end if is_last else bar.metre.bar_ticks
        changes = [change.onset - bar.start for change in self.waiting]
        events: list[_Event] = []
        here = 0
        for note in [*notes, _Event(end, end, None)]:
            places = [here, *sorted({place for place in changes if here < place < note.onset}), note.onset]
            events += [_Event(a, b, None) for a, b in itertools.pairwise(places) if a < b]
            events += [note] if note.pitch is not None else []
            here = note.end
        return events

    def _words(self, bar: Bar, events: list[_Event]) -> Iterator[str]:
        """What a beat holds is one word, which programs draw with one beam."""
        is_compound = bar.metre.denominator > 4 and bar.metre.numerator % 3 == 0
        beat_ticks = 4 * TICKS_PER_QUARTER * (3 if is_compound else 1) // bar.metre.denominator
        beat_ticks = max(beat_ticks, TICKS_PER_QUARTER)
        word = ""
        place = 0
        while place < len(events):
            changes = list(self._changes(bar.start + events[place].onset))
            if word and (changes or events[place].onset % beat_ticks == 0):
                yield word
                word = ""
            yield from changes
            three = events[place : place + 3]
            until = bar.start + three[-1].onset
            if _is_triplet(three) and not (self.waiting and self.waiting[0].onset <= until):
                word += "(3" + "".join(self._word(event, 3) for event in three)
                place += 3
            else:
                word += self._word(events[place], 2)
                place += 1
        if word:
            yield word

    def _changes(self, onset: int) -> Iterator[str]:
        """The changes of key and tempo up to `onset` that are still to be written."""
        while self.waiting and self.waiting[0].onset <= onset:
            change = self.waiting.pop(0)
            if isinstance(change, Key):
                self.fifths = change.fifths
                yield f"[K:{change.name}]"
            else:
                yield f"[Q:{_tempo(change)}]"

    def _word(self, event: _Event, halves: int) -> str:
        """A note or a rest, its length `halves / 2` times what it lasts."""
        length = Fraction((event.end - event.onset) * halves, 2 * self.unit_ticks)
        number = "" if length.numerator == 1 else str(length.numerator)
        number += "" if length.denominator == 1 else f"/{length.denominator}"
        if event.pitch is None:
            return f"z{number}"
        return f"{self._name(event.pitch)}{number}{'-' if event.goes_on else ''}"

    def _name(self, pitch: int) -> str:
        """A pitch in letters; the sign is repeated within a bar, for not all programs remember it."""
        letter, alteration, octave = spell(pitch, self.fifths)
        needs_sign = letter in self.altered or signature_of(self.fifths).get(letter, 0) != alteration
        if needs_sign:
            self.altered.add(letter)
        name = letter.lower() + "'" * (octave - 5) if octave > 4 else letter + "," * (4 - octave)
        return (_SIGNS[alteration] if needs_sign else "") + name


def _is_triplet(three: list[_Event]) -> bool:
    """Whether three notes or rests are equally long, and a third of something plain."""
    lengths = {event.end - event.onset for event in three}
    return len(three) == 3 and len(lengths) == 1 and lengths <= set(_TRIPLETS)


def _metre(metre: Metre) -> str:
    return f"{metre.numerator}/{metre.denominator}"


def _tempo(tempo: Tempo) -> str:
    return f"1/4={tempo.bpm}"
