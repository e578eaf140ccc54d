import tracemalloc
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from gen.export.midi import write_midi
from gen.export.sound import mixing
from gen.export.sound.mixing import blocks, length_s, seconds_at
from gen.export.sound.voices import SAMPLE_RATE
from gen.score import ONSET, Part, Score, Tempo, make_score
from tests.export.sound.hearing import decibels, level, pitch_near
from tests.scores import scores

PIANO, ORGAN, BASS, DRUMS = Part(0), Part(19), Part(32), Part(0, is_drums=True)


def sound_of(score: Score) -> NDArray[np.float32]:
    return np.concatenate(list(blocks(score)), axis=1)


def of_notes(notes: Sequence[Sequence[int]], parts: list[Part], tempos: list[Tempo] | None = None) -> Score:
    return make_score(list(notes), parts, tempos=tempos or []).score


@settings(max_examples=30)
@given(scores())
def test_notes_come_when_a_reader_of_midi_says(score: Score) -> None:
    if not len(score.notes):
        return
    with TemporaryDirectory() as name:
        write_midi(score, Path(name) / "a.mid")
        now_s, expected = 0.0, []
        for message in mido.MidiFile(Path(name) / "a.mid"):  # mido counts the seconds, tempo by tempo
            now_s += message.time
            if message.type == "note_on" and message.velocity:
                expected.append(now_s)
    found = seconds_at(score.tempos, score.notes[:, ONSET])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_notes_begin_on_time_before_and_after_a_change_of_tempo() -> None:
    tempos = [Tempo(0, 60), Tempo(48, 40), Tempo(72, 150)]
    notes = [(0, 6, 60, 100, 0), (55, 6, 64, 100, 0), (72 + 120, 6, 67, 100, 0)]
    expected_s = [0.0, 2.0 + 7 / 24 * 1.5, 2.0 + 1.5 + 5 * 0.4]
    sound = np.abs(sound_of(of_notes(notes, [PIANO], tempos))).max(axis=0)
    for begin_s, end_s in pairwise([*expected_s, 10.0]):
        begin, end = round(begin_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE)
        own = sound[max(0, begin - 200) : end - 200]
        assert own.max() > 0.5 * sound.max()
        first = max(0, begin - 200) + int(np.argmax(own > 0.2 * own.max()))
        assert 0 <= (first - begin) / SAMPLE_RATE < 0.004


def test_a_held_note_ends_when_it_should() -> None:
    sound = sound_of(of_notes([(0, 96, 60, 100, 0)], [ORGAN]))  # two seconds
    at = {
        seconds: level(sound[:, int(seconds * SAMPLE_RATE) :][:, :2000]) for seconds in (1.0, 1.9, 2.06, 2.2)
    }
    assert at[1.9] > 0.5 * at[1.0]
    assert decibels(at[2.06] / at[1.0]) < -8  # it fades, and is not cut off when the room is all that is left
    assert decibels(at[2.2] / at[1.0]) < -15  # the room is left
    assert sound.shape[1] / SAMPLE_RATE < 2 + 0.2 + 1.1


def test_loudness_goes_with_the_square_of_the_velocity() -> None:
    # of one shade: another would be brighter, too
    organ = [of_notes([(0, 96, 60, velocity, 0)], [ORGAN]) for velocity in (90, 64)]
    loud, soft = (level(sound_of(score)) for score in organ)
    assert soft / loud == pytest.approx((64 / 90) ** 2, rel=1e-3)


def test_parts_stand_from_left_to_right_and_basses_in_the_middle() -> None:
    def balance(part: int) -> float:
        notes = [(0, 48, 60, 100 if number == part else 1, number) for number in range(4)]
        left, right = sound_of(of_notes(notes, [ORGAN, BASS, Part(40), Part(73)]))[:, :500]  # before any echo
        return decibels(level(right) / level(left))

    left, middle, centre, right = (balance(part) for part in (0, 1, 2, 3))
    assert left < -4
    assert abs(middle) < 0.5
    assert abs(centre) < 0.5
    assert right > 4


def test_a_keyboard_reaches_from_left_to_right() -> None:
    for pitch, side in ((36, -1), (84, 1)):
        left, right = sound_of(of_notes([(0, 48, pitch, 100, 0)], [PIANO]))
        assert side * decibels(level(right) / level(left)) > 1


def test_a_hat_is_where_the_drummer_has_it() -> None:
    left, right = sound_of(of_notes([(0, 6, 42, 100, 0)], [DRUMS]))
    assert decibels(level(right[:4000]) / level(left[:4000])) > 1


def test_where_a_block_ends_cannot_be_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    notes = [(9 * place, 40 + 7 * place, 40 + 3 * place, 90, place % 4) for place in range(16)]
    score = of_notes(notes, [PIANO, ORGAN, Part(48), DRUMS], [Tempo(0, 100), Tempo(50, 70)])
    whole = sound_of(score)
    monkeypatch.setattr(mixing, "BLOCK", 7001)
    cut = sound_of(score)
    np.testing.assert_allclose(cut, whole, atol=1e-4 * np.abs(whole).max())


def test_a_long_held_note_stays_in_tune_and_costs_no_more_memory() -> None:
    score = of_notes([(0, 24 * 20 * 5, 69, 100, 0)], [ORGAN], [Tempo(0, 20)])
    assert length_s(score) == 300
    next(iter(blocks(score)))  # what is made once
    tracemalloc.start()
    last = np.zeros((2, 0), np.float32)
    for number, block in enumerate(blocks(score)):
        if number == 60:
            last = block
    peak_mb = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    assert pitch_near(last[0], 440) == pytest.approx(440, abs=1)
    assert peak_mb < 40  # the whole would be 106
