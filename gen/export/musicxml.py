"""Scores to MusicXML, which notation programs open: every part in the same measures, one a bar.

music21 writes the file. It is given only what it writes as it is: notes cut at bar lines and into lengths
that have a sign of their own, tied, with rests in between, so that nothing is left for it to guess.
"""

from collections import defaultdict
from contextlib import redirect_stderr
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from gen.export.bar_pieces import BarNote, notes_by_bar
from gen.export.spelling import spell
from gen.files import write_atomically
from gen.score import PART, PITCH, TICKS_PER_QUARTER, Bar, Part, Score, change_at

# lengths in ticks with a sign of their own: plain, dotted, and those of triplets
_NOTATED = (144, 96, 72, 64, 48, 36, 32, 24, 18, 16, 12, 9, 8, 6, 4, 3, 2, 1)
_DRUM_CHANNEL = 9  # as music21 counts, from 0
_ACCIDENTALS = {-1: "-", 0: "", 1: "#"}

# from which pitch of its notes, in the middle, a part has which of music21's clefs
_CLEFS = ((86, "Treble8vaClef"), (58, "TrebleClef"), (36, "BassClef"), (0, "Bass8vbClef"))

_Group = tuple[int, int, list[BarNote]]  # notes of one chord: onset and end in ticks of the bar


def write_musicxml(score: Score, path: Path, title: str = "") -> None:
    """Write a score as MusicXML, whole or not at all.

    Notes of a part that sound together are chords where they begin and end together, else voices. Drums are
    written as notes on MIDI's channel 10 with their numbers as pitches. How loud a note is is not written.
    Pitches below 12 stand in octaves below 0, which readers take, though the schema's octaves are 0 to 9.

    Raises:
        OSError: The folder cannot be written, or the disk is full.
    """
    write_atomically(path, musicxml_bytes(score, title))


def musicxml_bytes(score: Score, title: str = "") -> bytes:
    """The bytes of the file that `write_musicxml` writes."""
    from music21 import bar as barline
    from music21 import metadata, stream
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    bars = notes_by_bar(score)
    written = stream.Score()
    written.metadata = metadata.Metadata(title=title, composer="gen")  # else it says that music21 is
    for number, part in enumerate(score.parts):
        staff = stream.Part(id=f"P{number + 1}")
        player = _instrument(part, number)
        staff.partName = player.partName
        staff.insert(0, player)
        for place, (bar, notes) in enumerate(bars):
            own = [note for note in notes if note.part == number]
            is_new = place == 0 or bar.metre != bars[place - 1][0].metre
            staff.append(_measure(score, place, bar, own, number, is_new))
        staff[stream.Measure].first().clef = _clef(score, number)
        staff[stream.Measure].last().rightBarline = barline.Barline("final")
        written.insert(0, staff)
    # of more than sixteen parts it says that some share a channel of MIDI, which notation does not mind
    with redirect_stderr(StringIO()):
        content: bytes = GeneralObjectExporter(written).parse()
    return content


def _instrument(part: Part, number: int) -> Any:
    from music21 import instrument

    known = instrument.instrumentFromMidiProgram(part.program)
    name = "Drums" if part.is_drums else known.instrumentName or f"Part {number + 1}"
    written = instrument.Instrument(name)
    written.partName = name
    written.midiProgram = part.program
    if part.is_drums:
        written.midiChannel = _DRUM_CHANNEL
        # music21 would give the second of two drum parts a free channel, where it is a piano
        written.autoAssignMidiChannel = lambda usedChannels=None: _DRUM_CHANNEL  # noqa: ARG005
    return written


def _clef(score: Score, number: int) -> Any:
    """The clef in which most notes of a part stand on its lines, or near them."""
    from music21 import clef

    middle = float(np.median(score.notes[score.notes[:, PART] == number, PITCH]))
    name = next(name for least, name in _CLEFS if middle >= least)
    return getattr(clef, name)()


def _measure(score: Score, place: int, bar: Bar, notes: list[BarNote], number: int, is_new: bool) -> Any:
    from music21 import key, meter, stream, tempo

    measure = stream.Measure(number=place + 1)
    if is_new:
        measure.timeSignature = meter.TimeSignature(f"{bar.metre.numerator}/{bar.metre.denominator}")
    end = bar.start + bar.metre.bar_ticks
    keys = [each for each in score.keys if bar.start <= each.onset < end]
    for mark in score.tempos:
        if number == 0 and bar.start <= mark.onset < end:
            where = Fraction(mark.onset - bar.start, TICKS_PER_QUARTER)
            measure.insert(where, tempo.MetronomeMark(number=mark.bpm))
    cuts = [each.onset - bar.start for each in keys]
    voices = _voices(notes) or [[]]
    for count, groups in enumerate(voices, 1):
        target = measure if len(voices) == 1 else stream.Voice(id=str(count))
        for element, onset in _filled(score, bar, groups, cuts):
            target.insert(Fraction(onset, TICKS_PER_QUARTER), element)
        if target is not measure:
            measure.insert(0, target)
        # music21 writes what stands in a measure beside its voices at the measure's beginning, or not at all
        for each in keys if count == 1 else ():
            where = Fraction(each.onset - bar.start, TICKS_PER_QUARTER)
            signature = key.KeySignature(each.fifths).asKey(each.mode)
            (target if where else measure).insert(where, signature)
    return measure


def _voices(notes: list[BarNote]) -> list[list[_Group]]:
    """Chords, each in the first voice that is free."""
    together: dict[tuple[int, int], list[BarNote]] = defaultdict(list)
    for note in notes:
        together[note.onset, note.end].append(note)
    voices: list[list[_Group]] = []
    for (onset, end), chord in sorted(together.items()):
        free = next((voice for voice in voices if voice[-1][1] <= onset), None)
        if free is None:
            voices.append(free := [])
        free.append((onset, end, chord))
    return voices


def _filled(score: Score, bar: Bar, groups: list[_Group], cuts: list[int]) -> list[tuple[Any, int]]:
    """The chords of a voice and the rests between, in notated lengths, and their onsets.

    All are cut where the key changes: MusicXML has it between notes only.
    """
    from music21 import note

    found: list[tuple[Any, int]] = []
    here = 0
    for onset, end, chord in [*groups, (bar.metre.bar_ticks, bar.metre.bar_ticks, [])]:
        for start, length in _lengths(here, onset, cuts):
            found.append((note.Rest(quarterLength=Fraction(length, TICKS_PER_QUARTER)), start))
        change = change_at(score.keys, bar.start + onset)
        fifths = change.fifths if change else 0
        for start, length in _lengths(onset, end, cuts):
            found.append((_chord(chord, start, length, fifths), start))
        here = end
    return found


def _lengths(start: int, end: int, cuts: list[int]) -> list[tuple[int, int]]:
    """Onsets and notated lengths that together go from `start` to `end`, none across a cut."""
    found: list[tuple[int, int]] = []
    while start < end:
        until = min([end, *(cut for cut in cuts if cut > start)])
        length = next(length for length in _NOTATED if length <= until - start)
        found.append((start, length))
        start += length
    return found


def _chord(notes: list[BarNote], start: int, length: int, fifths: int) -> Any:
    from music21 import chord, note, tie

    heads = []
    for each in notes:
        letter, alteration, octave = spell(each.pitch, fifths)
        head = note.Note()
        head.pitch.step, head.pitch.octave = letter, octave
        if alteration:
            head.pitch.accidental = _ACCIDENTALS[alteration]
        comes = each.is_continued or start > each.onset
        goes = each.goes_on or start + length < each.end
        if comes or goes:
            head.tie = tie.Tie("continue" if comes and goes else "start" if goes else "stop")
        heads.append(head)
    written = heads[0] if len(heads) == 1 else chord.Chord(heads)
    written.quarterLength = Fraction(length, TICKS_PER_QUARTER)
    return written
