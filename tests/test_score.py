"""Scores: one canonical form, whatever a reader found."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.score import (
    DURATION,
    MODES,
    ONSET,
    PART,
    PITCH,
    Bar,
    Key,
    Metre,
    Part,
    Score,
    Tempo,
    bars_until,
    change_at,
    make_score,
)
from tests.scores import scores

Note = tuple[int, int, int, int, int]
notes = st.lists(
    st.tuples(
        st.integers(0, 60), st.integers(1, 40), st.integers(60, 63), st.integers(1, 127), st.integers(0, 2)
    ),
    max_size=25,
)


def heard(found: list[Note]) -> set[tuple[int, int, int]]:
    """Naively, tick by tick: which pitch of which part sounds when, for all that is not struck again."""
    return {
        (part, pitch, tick)
        for onset, length, pitch, _, part in found
        for tick in range(onset, onset + length)
    }


def longest(found: list[Note]) -> list[tuple[int, int, int, int]]:
    """Of each stroke the longest note."""
    lengths: dict[tuple[int, int, int], int] = {}
    for onset, length, pitch, _, part in found:
        lengths[onset, pitch, part] = max(length, lengths.get((onset, pitch, part), 0))
    return [(onset, length, pitch, part) for (onset, pitch, part), length in lengths.items()]


@given(notes)
def test_no_pitch_is_struck_while_it_sounds_and_all_that_was_struck_still_is(found: list[Note]) -> None:
    made = make_score(found, [Part(), Part(1), Part(2)])
    score = made.score
    players = [part.program for part in score.parts]
    kept = [(n[ONSET], n[DURATION], n[PITCH], 0, players[n[PART]]) for n in score.notes.tolist()]
    sounding: dict[tuple[int, int], int] = {}
    for onset, duration, pitch, _, player in sorted(kept):
        assert onset >= sounding.get((player, pitch), 0)
        sounding[player, pitch] = onset + duration
    strokes = {(onset, pitch, part) for onset, _, pitch, _, part in found}
    assert strokes == {(onset, pitch, player) for onset, _, pitch, _, player in kept}
    assert heard(kept) <= heard(found)
    ends = {(onset, duration, pitch, player) for onset, duration, pitch, _, player in kept}
    cut = sum((onset, length, pitch, part) not in ends for onset, length, pitch, part in longest(found))
    assert made.mended == len(found) - len(kept) + cut


@given(scores())
def test_the_canonical_form_of_a_score_is_that_score(score: Score) -> None:
    again = make_score(score.notes, score.parts, tempos=score.tempos, metres=score.metres, keys=score.keys)
    assert again.score == score
    assert again.mended == 0
    assert hash(again.score) == hash(score)


@given(scores())
def test_bars_follow_one_another_and_metres_begin_with_one(score: Score) -> None:
    bars = list(score.bars())
    for before, after in pairwise(bars):
        assert after.start == before.start + before.metre.bar_ticks
    starts = {bar.start for bar in bars}
    assert {metre.onset for metre in score.metres if metre.onset} <= starts
    if bars:
        assert bars[-1].start < score.length_ticks <= bars[-1].start + bars[-1].metre.bar_ticks


def test_a_metre_within_a_bar_begins_with_the_next() -> None:
    metres = [Metre(0, 3, 4), Metre(80, 2, 4)]
    score = make_score([(0, 300, 60, 72, 0)], [Part()], metres=metres).score
    assert score.metres == (Metre(0, 3, 4), Metre(144, 2, 4))
    assert list(bars_until(score.metres, 200)) == [
        Bar(0, Metre(0, 3, 4)),
        Bar(72, Metre(0, 3, 4)),
        Bar(144, Metre(144, 2, 4)),
        Bar(192, Metre(144, 2, 4)),
    ]


def test_what_says_nothing_new_or_comes_too_late_goes() -> None:
    score = make_score(
        [(0, 48, 60, 72, 1)],
        [Part(7), Part(40)],
        tempos=[Tempo(24, 90), Tempo(0, 90), Tempo(30, 80), Tempo(30, 100), Tempo(48, 70)],
        keys=[Key(0, 1), Key(12, 1)],
    ).score
    assert score.parts == (Part(40),)
    assert score.notes[0, PART] == 0
    assert score.tempos == (Tempo(0, 90), Tempo(30, 100))
    assert score.keys == (Key(0, 1),)
    assert score.metres == (Metre(0, 4, 4),)
    assert change_at(score.tempos, 29) == Tempo(0, 90)
    assert change_at(score.tempos, 30) == Tempo(30, 100)
    assert change_at((), 0) is None


def test_of_a_stroke_that_is_there_twice_the_longer_stays_and_an_overlap_is_cut() -> None:
    made = make_score([(0, 12, 60, 72, 0), (0, 48, 60, 72, 0), (24, 24, 60, 72, 0)], [Part()])
    assert made.score.notes[:, [ONSET, DURATION]].tolist() == [[0, 24], [24, 24]]
    assert made.mended == 2


@pytest.mark.parametrize(
    "note", [(-1, 1, 60, 72, 0), (0, 0, 60, 72, 0), (0, 1, 128, 72, 0), (0, 1, 60, 128, 0), (0, 1, 60, 72, 1)]
)
def test_notes_out_of_range_are_a_readers_mistake(note: Note) -> None:
    with pytest.raises(ValueError, match="out of range"):
        make_score([note], [Part()])


@pytest.mark.parametrize(
    ("numerator", "denominator", "whole"), [(4, 4, True), (1, 128, False), (0, 4, False)]
)
def test_a_bar_is_a_whole_number_of_ticks(numerator: int, denominator: int, whole: bool) -> None:
    assert Metre(0, numerator, denominator).is_whole == whole
    if not whole:
        with pytest.raises(ValueError, match="whole number of ticks"):
            make_score([(0, 1, 60, 72, 0)], [Part()], metres=[Metre(0, numerator, denominator)])


def test_drums_have_no_program() -> None:
    with pytest.raises(ValueError, match="program"):
        Part(3, is_drums=True)


# tonics by counting semitones: the n-th sharp raises the tonic by a fifth
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ABOVE_MAJOR = {
    "lydian": 5,
    "major": 0,
    "mixolydian": 7,
    "dorian": 2,
    "minor": 9,
    "phrygian": 4,
    "locrian": 11,
}


def tonic(key: Key) -> int:
    name = key.name.removesuffix(MODES[key.mode][1])
    return (_SEMITONES[name[0]] + name.count("#") - name.count("b")) % 12


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fifths", range(-7, 8))
def test_keys_are_named_by_their_tonic_and_mode(fifths: int, mode: str) -> None:
    assert tonic(Key(0, fifths, mode)) == (7 * fifths + _ABOVE_MAJOR[mode]) % 12


@given(st.integers(-7, 7), st.sampled_from(list(MODES)), st.integers(-11, 11))
def test_a_transposed_key_has_its_tonic_so_many_semitones_higher(
    fifths: int, mode: str, semitones: int
) -> None:
    key = Key(0, fifths, mode)
    moved = key.transposed(semitones)
    assert tonic(moved) == (tonic(key) + semitones) % 12
    assert moved.mode == mode
    assert abs(moved.fifths) <= 6 or semitones == 0


def test_a_melody_is_one_part_that_plays_one_note_at_a_time() -> None:
    line = [(0, 24, 60, 72, 0), (24, 24, 62, 72, 0)]
    assert make_score(line, [Part()]).score.is_melody
    assert not make_score([*line, (47, 2, 50, 72, 0)], [Part()]).score.is_melody
    assert not make_score([*line, (48, 2, 50, 72, 1)], [Part(), Part()]).score.is_melody
    assert np.array_equal(make_score([], []).score.notes, np.zeros((0, 5)))
