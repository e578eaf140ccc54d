"""Files of notation to pieces: MusicXML, compressed or not, ABC and Humdrum kern.

music21 reads MusicXML and kern; what its streams hold is folded here, measure by measure. A file comes as
bytes and is parsed from memory: nothing is written, and nothing is fetched.
"""

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from gen.corpus.abc_music import staves_of
from gen.corpus.abc_tunes import split_tunes
from gen.corpus.measures import (
    LONGEST_NUMERATOR,
    Measure,
    Staff,
    WrittenNote,
    piece_from,
    usable_metre,
)
from gen.corpus.musicxml import read_musicxml
from gen.corpus.piece import (
    FASTEST_BPM,
    MAX_EVENTS,
    MAX_TRACKS,
    MAX_TUNES,
    MAX_TUNES_NOTES,
    Piece,
    UnreadableError,
    reason_from,
    title_from,
)
from gen.score import MODES, Part

_UNKNOWN_DRUM = 38  # the snare: what a stroke on an unnamed drum sounds like
_SLOWEST_BPM = 4
_MOST_SHARPS = 7
_KERN_METRE = re.compile(r"\*M0*([0-9]+)")

Found = TypeVar("Found")


@dataclass(frozen=True)
class Notated:
    """What a file of notation holds.

    Attributes:
        pieces: One at least; more only where an ABC file holds many tunes.
        refused: Tunes left out, each as `tune N (title): reason`.
    """

    pieces: tuple[Piece, ...]
    refused: tuple[str, ...] = ()


def read_notation(content: bytes, ending: str) -> Notated:
    """The pieces in a file of notation.

    Repeats are played where they are well formed; grace notes, ornaments and dynamics are left out, and all
    notes are equally loud. See `gen.corpus.measures` for what becomes of pickups and irregular measures.

    Args:
        content: The file's bytes.
        ending: Of its name, in lower case: `.abc`, `.krn`, or one of MusicXML.

    Raises:
        UnreadableError: It holds no music that can be used; says why in one line.
    """
    if ending == ".abc":
        return _read_abc(_decoded(content))
    if ending == ".krn":
        text = _decoded(content)
        _refuse_kern_without_end(text)
        return Notated((_piece(_in_music21(lambda: _kern_stream(text)), _player_in_music21),))
    text, players = read_musicxml(content)
    stream = _in_music21(lambda: _musicxml_stream(text))
    return Notated((_piece(stream, lambda part: _player_by_id(part, players)),))


def _read_abc(text: str) -> Notated:
    pieces: list[Piece] = []
    refused: list[str] = []
    notes = 0
    for tune in split_tunes(text):
        if len(pieces) + len(refused) == MAX_TUNES or notes > MAX_TUNES_NOTES:
            raise UnreadableError(f"has more than {MAX_TUNES} tunes, or {MAX_TUNES_NOTES} notes in them")
        try:
            pieces.append(piece_from(tune.title, staves_of(tune)))
            notes += len(pieces[-1].score.notes)
        except UnreadableError as error:
            refused.append(f"tune {tune.number} ({tune.title}): {error}")
    if not pieces:
        raise UnreadableError(
            refused[0].partition("): ")[2] if len(refused) == 1 else "has no tune with notes"
        )
    return Notated(tuple(pieces), tuple(refused))


def _decoded(content: bytes) -> str:
    """Text in UTF-8, else in Latin-1, which old collections of ABC and kern are in."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if "\0" in text:
        raise UnreadableError("is not text: it has NUL bytes")
    return text


def _in_music21(read: Callable[[], Found]) -> Found:
    """What `read` gives; whatever goes wrong within music21 is a reason to refuse the file."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            return read()
        except (MemoryError, UnreadableError):  # the first says more of this machine than of the file
            raise
        except Exception as error:
            raise UnreadableError(f"cannot be parsed: {reason_from(error)}") from error


def _refuse_kern_without_end(text: str) -> None:
    """Refuse what music21 works at for hours, by what stands in the file."""
    if text.count("\t") + text.count("\n") > MAX_EVENTS:
        raise UnreadableError(f"has more than {MAX_EVENTS} events")
    if any(line.count("\t") >= MAX_TRACKS for line in text.splitlines()):
        raise UnreadableError(f"has more than {MAX_TRACKS} spines")
    if any(len(beats) > 3 or int(beats) > LONGEST_NUMERATOR for beats in _KERN_METRE.findall(text)):
        raise UnreadableError(f"has a metre of more than {LONGEST_NUMERATOR} beats")


def _kern_stream(text: str) -> Any:
    from music21.humdrum.spineParser import HumdrumDataCollection

    collection = HumdrumDataCollection(text)
    collection.parse()
    return collection.stream


def _musicxml_stream(text: str) -> Any:
    from music21.musicxml.xmlToM21 import MusicXMLImporter

    importer = MusicXMLImporter()
    importer.xmlText = text
    importer.parseXMLText()
    score = importer.stream
    if any(each.transposition for each in score.recurse().getElementsByClass("Instrument")) or any(
        score.recurse().getElementsByClass("Ottava")
    ):
        score.toSoundingPitch(inPlace=True)
    return score


def _piece(score: Any, player_of: Callable[[Any], Part]) -> Piece:
    title, staves = _in_music21(
        lambda: (_title(score), [_staff(part, player_of(part)) for part in score.parts])
    )
    return piece_from(title, staves)


def _title(score: Any) -> str:
    metadata = score.metadata
    title = (metadata.title or metadata.movementName or "") if metadata is not None else ""
    return title_from(str(title))


def _player_by_id(part: Any, players: dict[str, Part]) -> Part:
    """Who plays a part, or one staff of it, which music21 calls by the part's id and `-Staff1`, `-Staff2`."""
    ids = [group.partition("-Staff")[0] for group in part.groups]
    return next((players[each] for each in ids if each in players), Part())


def _player_in_music21(part: Any) -> Part:
    program = getattr(part.getInstrument(returnDefault=False), "midiProgram", None) or 0
    return Part(program if 0 <= program <= 127 else 0)


def _staff(part: Any, player: Part) -> Staff:
    drum = getattr(part.getInstrument(returnDefault=False), "percMapPitch", None) or _UNKNOWN_DRUM
    streams = list(part.getElementsByClass("Measure"))
    measures = [_measure(stream, drum, player.is_drums) for stream in streams or [part]]
    if streams:  # what stands before the first measure belongs to it
        outside = Measure()
        for element in part:
            if part.elementOffset(element) == 0 and not element.isStream:
                _take_change(element, Fraction(0), outside)
        measures[0].metre = measures[0].metre or outside.metre
        measures[0].keys = measures[0].keys or outside.keys
        measures[0].tempos = measures[0].tempos or outside.tempos
    places = {id(stream): place for place, stream in enumerate(streams)}
    for bracket in part.recurse().getElementsByClass("RepeatBracket"):
        spanned = [places[id(each)] for each in bracket.getSpannedElements() if id(each) in places]
        for place in range(min(spanned, default=0), max(spanned, default=-1) + 1):
            measures[place].marks.endings = frozenset(bracket.numberRange)
    return Staff(measures, (player, Part(0, is_drums=True)))


def _measure(stream: Any, drum: int, is_drums: bool) -> Measure:
    measure = Measure(length=Fraction(stream.highestTime))
    for onset, element in _elements(stream):
        if "GeneralNote" in element.classSet:
            measure.notes += _notes(element, onset, drum, is_drums)
        else:
            _take_change(element, onset, measure)
            _take_mark(element, measure)
    for line in (getattr(stream, "leftBarline", None), getattr(stream, "rightBarline", None)):
        if line is not None and "Repeat" in line.classSet:
            measure.marks.starts |= line.direction == "start"
            if line.direction == "end":
                measure.marks.times = line.times or 2
    return measure


def _elements(stream: Any) -> Iterator[tuple[Fraction, Any]]:
    """What a measure and its voices hold, and where, in quarters from the beginning of the measure."""
    for element in stream:
        onset = Fraction(stream.elementOffset(element))
        if onset < 0:  # behind a length below zero
            raise UnreadableError("has something before the beginning of its measure")
        if "Voice" in element.classSet:
            yield from ((onset + inner, found) for inner, found in _elements(element))
        elif not element.isStream:
            yield onset, element


def _notes(element: Any, onset: Fraction, drum: int, is_drums: bool) -> Iterator[WrittenNote]:
    duration = Fraction(element.quarterLength)
    if duration <= 0 or element.isRest or "Harmony" in element.classSet:
        return  # a grace note lasts nothing, and a chord symbol is not played
    for head in element.notes if hasattr(element, "notes") else [element]:
        tie = head.tie or element.tie
        is_tied = tie is not None and tie.type in ("start", "continue")
        if "Unpitched" in head.classSet:
            pitch = getattr(head.storedInstrument, "percMapPitch", None) or drum
        else:
            pitch = head.pitch.midi
        part = int(not is_drums and "Unpitched" in head.classSet)
        if not 0 <= pitch <= 127:
            raise UnreadableError("has a note out of MIDI's range")
        yield WrittenNote(onset, duration, pitch, is_tied, part)


def _take_change(element: Any, onset: Fraction, measure: Measure) -> None:
    """A change of metre, key or tempo."""
    classes = element.classSet
    if "TimeSignature" in classes:
        measure.metre = usable_metre(element.numerator, element.denominator) or measure.metre
    elif "KeySignature" in classes and abs(element.sharps or 0) <= _MOST_SHARPS:
        mode = getattr(element, "mode", None)
        measure.keys.append((onset, element.sharps or 0, mode if mode in MODES else "major"))
    elif "MetronomeMark" in classes and (element.numberSounding or not element.numberImplicit):
        bpm = element.getQuarterBPM()
        if bpm:
            measure.tempos.append((onset, min(FASTEST_BPM, max(_SLOWEST_BPM, round(bpm)))))


def _take_mark(element: Any, measure: Measure) -> None:
    """A mark in words: D.C., D.S., Fine and their like; a Coda alone leads nowhere."""
    classes = element.classSet
    marks = measure.marks
    if "RepeatExpression" not in classes:
        return
    marks.is_segno |= "Segno" in classes
    marks.is_fine |= "Fine" in classes
    if "RepeatExpressionCommand" in classes:
        name = type(element).__name__
        leads_to_coda, from_beginning = name.endswith("Coda"), name.startswith("DaCapo")
        marks.leads_to = "coda" if leads_to_coda else "beginning" if from_beginning else "segno"
