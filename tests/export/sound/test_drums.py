import numpy as np
import pytest

from gen.export.sound.drums import drum_of, drum_samples
from gen.export.sound.instruments import PIANO
from gen.export.sound.voices import SAMPLE_RATE, tone
from tests.export.sound.hearing import flatness, level, share_between

KICK, SNARE, CLOSED_HAT, OPEN_HAT, CRASH, LOW_TOM, HIGH_TOM = 36, 38, 42, 46, 49, 41, 50


def test_drums_are_broad_where_a_piano_is_lines() -> None:
    piano = tone(PIANO, 60, 2, 1.0).samples[: SAMPLE_RATE // 2]
    for pitch in (SNARE, CLOSED_HAT, OPEN_HAT, CRASH):
        assert flatness(drum_samples(pitch)) > 100 * flatness(piano)


def test_each_has_its_place_in_the_spectrum() -> None:
    assert share_between(drum_samples(KICK), 0, 250) > 0.8
    assert share_between(drum_samples(SNARE), 250, 12_000) > 0.3
    for hat in (CLOSED_HAT, OPEN_HAT):
        assert share_between(drum_samples(hat), 5000, 20_000) > 0.95
    toms = [share_between(drum_samples(pitch), 0, 130) for pitch in (LOW_TOM, 45, 48, HIGH_TOM)]
    assert toms == sorted(toms, reverse=True)


def test_an_open_hat_rings_and_a_closed_one_does_not() -> None:
    assert (
        len(drum_samples(CLOSED_HAT)) < 0.15 * SAMPLE_RATE < 0.5 * SAMPLE_RATE < len(drum_samples(OPEN_HAT))
    )


@pytest.mark.parametrize("pitch", range(128))
def test_any_number_is_a_stroke_that_begins_and_ends_in_silence(pitch: int) -> None:
    samples = drum_samples(pitch)
    assert np.isfinite(samples).all()
    assert samples.dtype == np.float32
    assert abs(samples[0]) < 1e-6
    assert np.abs(samples[-20:]).max() < 1e-3 * np.abs(samples).max()
    fifth = len(samples) // 5
    assert level(samples[:fifth]) > 5 * level(samples[-fifth:])
    assert -1 <= drum_of(pitch).pan <= 1
