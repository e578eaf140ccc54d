"""One voice of an ABC tune while it is read: what is in force, and the measures that are done."""

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction

from gen.corpus.abc_tunes import ACCIDENTALS, parse_key, parse_length, parse_metre, parse_tempo
from gen.corpus.measures import Measure, Staff, WrittenNote
from gen.corpus.piece import MAX_NOTES, MAX_QUARTERS, UnreadableError
from gen.score import Part

_PROGRAM = re.compile(r"%%MIDI\s+program\s+(?:\d+\s+)?(\d{1,3})\b")
_DRUMS = re.compile(r"%%MIDI\s+channel\s+10\b")
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SHOWN = 12  # characters of what is wrong
_NORMAL = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # in the time of how many; 5, 7 and 9 depend on the metre


@dataclass
class Voice:
    """One voice while it is read: what is done, the measure that is open, and what is in force."""

    metre: tuple[int, int] = (4, 4)
    unit: Fraction | None = None  # in quarters
    signature: dict[str, int] = field(default_factory=dict)
    shift: int = 0
    program: int = 0
    is_drums: bool = False
    measures: list[Measure] = field(default_factory=list)
    open: Measure = field(default_factory=Measure)
    here: Fraction = Fraction(0)
    struck: int = 0  # notes so far
    altered: dict[str, int] = field(default_factory=dict)  # by letter, until the bar line
    last_length: Fraction = Fraction(0)  # of the notes or the rest before
    last: list[int] = field(default_factory=list)  # the notes struck last: their places in `open.notes`
    tied: dict[str, int] = field(default_factory=dict)  # pitches that a tie leads on, by their spelling
    spelled: list[str] = field(default_factory=list)  # how the notes struck last are spelled
    ending: frozenset[int] = frozenset()
    broken: Fraction = Fraction(1)  # what `>` makes of the next note
    tuplet: Fraction = Fraction(1)
    tuplet_left: int = 0

    @property
    def unit_quarters(self) -> Fraction:
        """Length of a note without a number: what `L:` says, else it depends on the metre."""
        if self.unit is not None:
            return self.unit
        return Fraction(1, 4) if Fraction(*self.metre) < Fraction(3, 4) else Fraction(1, 2)

    def set_field(self, letter: str, content: str) -> None:
        """Take over a field of the head or the body."""
        if letter == "L":
            self.unit = parse_length(content) or self.unit
        elif letter == "Q" and (tempo := parse_tempo(content, self.unit_quarters)):
            self.open.tempos.append((self.here, tempo))
        elif letter == "K":
            key = parse_key(content)
            self.signature, self.shift = key.alterations, key.shift
            self.altered = {}
            if key.fifths is not None:
                self.open.keys.append((self.here, key.fifths, key.mode))
        elif letter == "M":
            # an old L: does not change with the metre, one that was never given does
            self.metre = parse_metre(content) or self.metre
            self.open.metre = self.metre

    def set_directive(self, line: str) -> None:
        """Take over what abc2midi's `%%MIDI` says of the instrument."""
        if (found := _PROGRAM.match(line)) and int(found[1]) < 128:
            self.program = int(found[1])
        self.is_drums = self.is_drums or bool(_DRUMS.match(line))

    def strike(self, notes: list[tuple[str, Fraction, bool]], multiplier: Fraction) -> None:
        """Notes at once, each its spelling, its length in units and whether it is tied, or a rest: none."""
        self.struck += len(notes)
        if self.struck > MAX_NOTES:
            raise UnreadableError(f"has more than {MAX_NOTES} notes")
        scale = self.unit_quarters * self.broken * (self.tuplet if self.tuplet_left else 1) * multiplier
        self.tuplet_left = max(0, self.tuplet_left - 1)
        self.broken = Fraction(1)
        tied, self.tied = self.tied, {}
        self.last, self.spelled = [], []
        durations = [length * scale for _, length, _ in notes]
        for (spelling, _, is_tied), duration in zip(notes, durations, strict=True):
            pitch = self._pitch(spelling, tied)
            if duration <= 0 or not 0 <= pitch <= 127:
                raise UnreadableError(
                    f"has a note {spelling[:_SHOWN]!r} without a length or out of MIDI's range"
                )
            self.last.append(len(self.open.notes))
            self.spelled.append(spelling)
            self.open.notes.append(WrittenNote(self.here, duration, pitch, is_tied))
            if is_tied:
                self.tied[spelling.lstrip("^_=")] = pitch
        self.last_length = durations[0] if durations else scale
        self._forward(self.last_length)

    def _pitch(self, spelling: str, tied: dict[str, int]) -> int:
        plain = spelling.lstrip("^_=")
        sign, letter = spelling[: len(spelling) - len(plain)], plain[0].upper()
        if sign:
            # in every octave, as the standard has it
            self.altered[letter] = ACCIDENTALS[sign]
        elif plain in tied:
            return tied[plain]
        octave = 60 + 12 * (plain[0].islower() + plain.count("'") - plain.count(","))
        alteration = self.altered.get(letter, self.signature.get(letter, 0))
        return octave + _STEPS[letter] + alteration + self.shift

    def tie(self) -> None:
        """Tie the notes struck last to the next."""
        for place, spelling in zip(self.last, self.spelled, strict=True):
            note = self.open.notes[place]
            self.open.notes[place] = WrittenNote(note.onset, note.duration, note.pitch, True)
            self.tied[spelling.lstrip("^_=")] = note.pitch

    def break_rhythm(self, sign: str) -> None:
        """`a>b`: the note before is longer and the next shorter; `<` the other way round.

        A second sign between the same two says nothing: a million of them would make numbers without end.
        """
        if self.broken != 1:
            return
        part = Fraction(1, 2 ** len(sign))
        before, self.broken = (2 - part, part) if sign[0] == ">" else (part, 2 - part)
        for place in self.last:
            note = self.open.notes[place]
            duration = note.duration * before
            self.open.notes[place] = WrittenNote(note.onset, duration, note.pitch, note.is_tied)
        self._forward((before - 1) * self.last_length)

    def begin_tuplet(self, count: int, normal: str | None, notes: str | None) -> None:
        """`(p:q:r`: p notes in the time of q, for the next r."""
        compound = self.metre[1] >= 8 and self.metre[0] % 3 == 0
        in_time_of = int(normal) if normal else _NORMAL.get(count, 3 if compound else 2)
        self.tuplet = Fraction(in_time_of or 1, count)
        self.tuplet_left = int(notes) if notes else count

    def bar_line(self, sign: str, ending: str | None) -> None:
        """End the measure, if there is anything in it, and note what the line says of repeats."""
        bare = sign.strip("[]")
        colons_before, colons_after = len(bare) - len(bare.lstrip(":")), len(bare) - len(bare.rstrip(":"))
        if set(bare) == {":"}:  # `::` ends and begins
            colons_before = colons_after = max(1, len(bare) // 2)
        self.altered = {}
        if self.here or self.open.length:
            self._close()
        if colons_before and self.measures:
            self.measures[-1].marks.times = colons_before + 1
        ends_section = (
            bool(colons_before or colons_after) or bare.count("|") > 1 or "]" in sign or "[" in sign
        )
        if ends_section:
            self.ending = frozenset()
            self.open.marks.is_boundary = True
        self.open.marks.starts |= bool(colons_after)
        if ending:
            self._begin_ending(ending)

    def _begin_ending(self, numbers: str) -> None:
        """`[1`, `[1,3`, `[1-3`: the next measures belong to these passes."""
        found: set[int] = set()
        for group in re.findall(r"\d{1,2}(?:-\d{1,2})?", numbers):
            low, _, high = group.partition("-")
            found |= set(range(int(low), int(high or low) + 1))
        self.ending = frozenset(found)

    def overlay(self) -> None:
        """`&`: go back to the beginning of the measure."""
        self.open.length = max(self.open.length, self.here)
        self.here, self.last_length = Fraction(0), Fraction(0)
        self.last, self.spelled, self.tied = [], [], {}

    def rest_measures(self, count: int) -> None:
        """`Z4`: whole measures of rest."""
        if count > MAX_QUARTERS:
            raise UnreadableError(f"rests for {count} measures")
        for _ in range(count):
            self._forward(Fraction(4 * self.metre[0], self.metre[1]))
            self.bar_line("|", None)

    def staff(self) -> Staff:
        """What was read, once there is no more."""
        if self.here or self.open.length:
            self._close()
        return Staff(self.measures, (Part(0, True) if self.is_drums else Part(self.program),))

    def _forward(self, quarters: Fraction) -> None:
        self.here += quarters

    def copy(self) -> "Voice":
        """A voice that begins with what is in force here: the head of the tune, for each of its voices."""
        opening = Measure(metre=self.open.metre, keys=self.open.keys[-1:], tempos=self.open.tempos[-1:])
        return replace(self, signature=dict(self.signature), altered={}, open=opening, measures=[])

    def _close(self) -> None:
        self.open.marks.endings = self.ending
        self.open.length = max(self.open.length, self.here)
        self.measures.append(self.open)
        self.open, self.here, self.last_length = Measure(), Fraction(0), Fraction(0)
        self.last, self.spelled = [], []
