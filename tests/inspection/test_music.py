from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.export.midi import write_midi
from gen.inspection.music import MUSIC_COUNTS, music_passage, piece_passage
from gen.inspection.passage import Passage, of_units
from gen.score import DURATION, ONSET, PART, PITCH, Metre, Part, Score, make_score
from gen.tokenizer.notes import NotesTokenizer
from tests.scores import melodies, scores
from tests.tunes import tune

WALTZ = make_score(
    [(0, 24, 67, 72, 1), (24, 24, 71, 72, 1), (36, 12, 74, 72, 1), (0, 48, 43, 72, 0), (72, 60, 67, 72, 1)],
    [Part(32), Part(40)],
    metres=[Metre(0, 3, 4)],
).score


def passage(score: Score) -> Passage:
    tokenizer = NotesTokenizer.learn([score])
    return piece_passage(tokenizer.encode(score)[1:-1], tokenizer)


def at(read: Passage, name: str) -> dict[str, float]:
    """A count after each token, by token; a token that comes again has a mark for each time before."""
    found: dict[str, float] = {}
    for label, value in zip(read.labels, read.counted[name].tolist(), strict=True):
        while label in found:
            label += "'"  # noqa: PLW2901
        found[label] = value
    return found


def test_bar_beat_pitch_length_and_voices_are_counted_after_each_token() -> None:
    read = passage(WALTZ)
    assert set(read.counted) == set(MUSIC_COUNTS)
    position, beat = at(read, "bar position"), at(read, "beat position")
    assert (position["Pitch_43"], position["Pitch_71"], position["Pitch_74"], position["Bar'"]) == (
        0,
        24,
        36,
        0,
    )
    assert (beat["Pitch_71"], beat["Pitch_74"]) == (0, 12)
    assert np.isnan(position["Bar"])  # no metre yet
    pitch, length = at(read, "pitch height"), at(read, "note length")
    assert np.isnan(pitch["Position_0"])
    assert (pitch["Pitch_43"], pitch["Position_24"], pitch["Pitch_71"]) == (43, 67, 71)
    assert (length["Pitch_43"], length["Pitch_67"], length["Pitch_67'"]) == (48, 24, 60)
    sounding = at(read, "notes sounding")
    assert (sounding["Pitch_43"], sounding["Pitch_67"], sounding["Position_24"]) == (1, 2, 1)
    assert read.counted["bar number"].tolist()[-1] == 2


@pytest.mark.parametrize(
    ("metre", "beat_ticks"),
    [((4, 4), 24), ((2, 2), 48), ((6, 8), 36), ((9, 8), 36), ((3, 8), 12), ((12, 16), 18)],
)
def test_compound_metres_have_beats_of_three(metre: tuple[int, int], beat_ticks: int) -> None:
    notes = [(onset, 6, 60 + onset % 5, 72, 0) for onset in range(0, 96, 6)]
    read = passage(make_score(notes, [Part()], metres=[Metre(0, *metre)]).score)
    known = np.isfinite(read.counted["bar position"])
    expected = read.counted["bar position"][known] % beat_ticks
    assert read.counted["beat position"][known].tolist() == expected.tolist()
    assert 0 < expected.max() < beat_ticks


@given(st.one_of(scores(), melodies()).filter(lambda score: len(score.notes) > 0))
def test_the_roll_is_the_notes_of_the_piece(score: Score) -> None:
    tokenizer = NotesTokenizer.learn([score], melody=False)
    read = piece_passage(tokenizer.encode(score)[1:-1], tokenizer)
    expected = tokenizer.on_grid(score).notes
    found = sorted(
        (note.onset_ticks, note.part, note.pitch, note.duration_ticks, note.token) for note in read.roll
    )
    rows = sorted(
        (int(note[ONSET]), int(note[PART]) + 1, int(note[PITCH]), int(note[DURATION])) for note in expected
    )
    assert [note[:4] for note in found] == rows
    for onset, _, pitch, _, token in found:
        assert read.labels[token].split("_") in (["Pitch", str(pitch)], ["Drum", str(pitch)])
        assert read.ticks[token] == onset
    assert np.flatnonzero(read.completes).tolist() == sorted(note[4] for note in found)


def test_bars_are_sections_and_every_token_belongs_to_a_note() -> None:
    read = passage(tune(3))
    bars = [place for place, label in enumerate(read.labels) if label == "Bar"]
    assert [(section.name, section.first) for section in read.sections] == [
        (f"bar {number + 1}", first) for number, first in enumerate(bars)
    ]
    ones = np.ones(len(read.ids))
    assert of_units(read, ones).sum() == len(read.ids)  # a piece without its end stops with a note
    assert (of_units(read, ones) >= 1).all()


def test_the_first_piece_of_a_file_is_read(tmp_path: Path) -> None:
    write_midi(WALTZ, tmp_path / "piece.mid")
    read = music_passage(str(tmp_path / "piece.mid"), NotesTokenizer.learn([WALTZ]), lambda _: None)
    assert (read.kind, read.unit, read.measure) == ("music", "note", "tokens")
    assert read.labels == passage(WALTZ).labels


def test_of_a_long_piece_the_beginning_is_read() -> None:
    read = passage(tune(1, bars=400))
    assert len(read.ids) == 2000
    assert read.is_cut
    assert read.whole > 2000
    assert len(read.ticks) == 2000
