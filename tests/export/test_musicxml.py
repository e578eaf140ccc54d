import xml.etree.ElementTree as ET
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings

from gen.corpus.music21_corpora import MUSIC21_CORPORA
from gen.corpus.notation import read_notation
from gen.export.musicxml import musicxml_bytes, write_musicxml
from gen.score import DURATION, ONSET, PART, PITCH, Key, Metre, Part, Score, Tempo, make_score
from tests.scores import scores

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SCORE = make_score(
    [
        (0, 24, 60, 72, 0),
        (0, 24, 64, 72, 0),  # a chord
        (0, 48, 36, 72, 0),  # another voice
        (30, 100, 67, 72, 0),  # off the beat, over two bar lines
        (7, 5, 61, 72, 1),
        (24, 1, 35, 72, 2),
        (24, 12, 42, 72, 2),
    ],
    [Part(40), Part(115), Part(is_drums=True)],
    tempos=[Tempo(0, 97), Tempo(50, 130)],
    metres=[Metre(0, 2, 4), Metre(48, 5, 8)],
    keys=[Key(0, -3, "minor"), Key(50, 2, "dorian")],
).score


def number(element: ET.Element | None, name: str) -> int:
    text = None if element is None else element.findtext(name)
    return int(text or 0)


def heard(content: bytes, score: Score) -> Counter[tuple[Fraction, Fraction, int, int]]:
    """A small reader of MusicXML, of our own: onset, duration (in ticks), pitch, part; ties joined.

    It checks that each measure is as long as the bar, and that no voice goes beyond.
    """
    found: Counter[tuple[Fraction, Fraction, int, int]] = Counter()
    bars = list(score.bars())
    for part, staff in enumerate(ET.fromstring(content).iterfind("part")):
        divisions = 1
        waiting: dict[tuple[int, Fraction], Fraction] = {}  # pitch and end of a tied note: its onset
        measures = staff.findall("measure")
        assert len(measures) == len(bars)
        for bar, measure in zip(bars, measures, strict=True):
            now, longest = Fraction(0), Fraction(0)
            chord = now
            rows: list[tuple[Fraction, Fraction, int, set[str | None]]] = []
            for element in measure:
                divisions = number(element, "divisions") or divisions
                ticks = Fraction(24 * number(element, "duration"), divisions)
                if element.tag == "backup":
                    now -= ticks
                elif element.tag == "forward":
                    now += ticks
                elif element.tag == "note":
                    onset = chord if element.find("chord") is not None else now
                    if element.find("chord") is None:
                        chord, now = now, now + ticks
                    pitch = element.find("pitch")
                    if pitch is not None:
                        midi = 12 * (number(pitch, "octave") + 1) + STEPS[pitch.findtext("step", "")]
                        ties = {tie.get("type") for tie in element.iterfind("tie")}
                        rows.append((bar.start + onset, ticks, midi + number(pitch, "alter"), ties))
                longest = max(longest, now)
            assert longest == bar.metre.bar_ticks
            for onset, ticks, midi, ties in sorted(rows, key=lambda row: row[:3]):
                begin = waiting.pop((midi, onset)) if "stop" in ties else onset
                if "start" in ties:
                    waiting[midi, onset + ticks] = begin
                else:
                    found[begin, onset + ticks - begin, midi, part] += 1
        assert not waiting
    return found


def notes_of(score: Score) -> Counter[tuple[Fraction, Fraction, int, int]]:
    return Counter(
        (Fraction(onset), Fraction(duration), pitch, part)
        for onset, duration, pitch, part in score.notes[:, [ONSET, DURATION, PITCH, PART]].tolist()
    )


def as_notation_says(score: Score) -> Score:
    """Without what MusicXML does not say."""
    notes = score.notes.copy()
    notes[:, 3] = 72
    return make_score(notes, score.parts, tempos=score.tempos, metres=score.metres, keys=score.keys).score


@pytest.mark.parametrize("score", [SCORE])
def test_a_score_of_chords_voices_drums_and_changes_comes_back(score: Score) -> None:
    content = musicxml_bytes(score)
    assert heard(content, score) == notes_of(score)
    assert read_notation(content, ".musicxml").pieces[0].score == score


@settings(max_examples=20)
@given(scores(max_notes=10))
def test_a_second_reader_finds_the_same_notes_and_ours_the_same_score(score: Score) -> None:
    if not len(score.notes):
        return
    content = musicxml_bytes(score)
    assert heard(content, score) == notes_of(score)
    assert read_notation(content, ".xml").pieces[0].score == as_notation_says(score)


def test_the_lowest_pitch_comes_back_where_the_key_has_it_as_a_sharp_b() -> None:
    score = make_score([(0, 24, 0, 72, 0), (24, 24, 1, 72, 0)], [Part()], keys=[Key(0, 7)]).score
    content = musicxml_bytes(score)
    assert b"<accidental>" not in content
    assert heard(content, score) == notes_of(score)
    assert read_notation(content, ".xml").pieces[0].score == score


def test_two_parts_of_drums_stay_drums() -> None:
    notes = [(0, 24, pitch, 72, part) for part, pitch in enumerate((36, 60, 38))]
    score = make_score(notes, [Part(is_drums=True), Part(3), Part(is_drums=True)]).score
    root = ET.fromstring(musicxml_bytes(score))
    assert [each.text for each in root.iter("midi-channel")] == ["10", "1", "10"]
    assert read_notation(musicxml_bytes(score), ".xml").pieces[0].score.parts == score.parts


def test_pieces_of_a_corpus_come_back() -> None:
    for path in MUSIC21_CORPORA["bach-chorales"].files()[::200]:
        (piece,) = read_notation(path.read_bytes(), path.suffix).pieces
        content = musicxml_bytes(piece.score, piece.title)
        assert heard(content, piece.score) == notes_of(piece.score)
        assert read_notation(content, ".xml").pieces[0].score == piece.score


def test_every_part_has_a_clef_that_holds_its_notes_and_ends_with_a_double_line() -> None:
    notes = [(0, 96, pitch, 72, part) for part, pitch in enumerate((95, 72, 48, 30))]
    root = ET.fromstring(musicxml_bytes(make_score(notes, [Part(), Part(40), Part(42), Part(43)]).score))
    found = [(clef.findtext("sign"), clef.findtext("clef-octave-change")) for clef in root.iter("clef")]
    assert found == [("G", "1"), ("G", None), ("F", None), ("F", "-1")]
    assert [style.text for style in root.iter("bar-style")] == ["light-heavy"] * 4


def test_a_file_appears_whole(tmp_path: Path) -> None:
    write_musicxml(SCORE, tmp_path / "new" / "a.musicxml", "A title")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.musicxml"]
    root = ET.fromstring((tmp_path / "new" / "a.musicxml").read_bytes())
    assert "A title" in "".join(root.itertext())
    assert [number(each, "midi-program") for each in root.iter("midi-instrument")][:2] == [41, 116]
    assert [number(each, "midi-channel") for each in root.iter("midi-instrument")][2] == 10


def test_more_parts_than_midi_has_channels_are_written_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    notes = [(24 * place, 24, 40 + place, 72, place) for place in range(20)]
    score = make_score(notes, [Part(program) for program in range(20)]).score
    assert heard(musicxml_bytes(score), score).total() == 20
    assert capfd.readouterr() == ("", "")
