import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gen.export.sound import instruments, voices
from gen.export.sound.instruments import timbre_of
from gen.export.sound.timbres import Held, Struck, Timbre
from gen.export.sound.voices import HIGHEST_HZ, LAYERS, SAMPLE_RATE, damped, loudness, string_ratios, tone
from gen.score import Part
from tests.export.sound.hearing import decibels, level, pitch_near, spectrum

TIMBRES = {name: value for name, value in vars(instruments).items() if isinstance(value, Timbre)}
HELD = {name: timbre for name, timbre in TIMBRES.items() if isinstance(timbre, Held)}


def held_for(timbre: Timbre, pitch: int, seconds: float = 2.0, layer: int = 2) -> NDArray[np.float32]:
    found = tone(timbre, pitch, layer, seconds)
    rounds = -(-int(seconds * SAMPLE_RATE) // len(found.samples)) if found.is_loop else 1
    return np.tile(found.samples, rounds)[: int(seconds * SAMPLE_RATE)]


@pytest.mark.parametrize("name", TIMBRES)
def test_the_a_above_middle_c_is_440_hz(name: str) -> None:
    assert pitch_near(held_for(TIMBRES[name], 69), 440) == pytest.approx(440, abs=1)


@pytest.mark.parametrize("name", TIMBRES)
@pytest.mark.parametrize("pitch", [33, 45, 57, 81])
def test_other_pitches_are_in_tune(name: str, pitch: int) -> None:
    expected_hz = 440 * 2 ** ((pitch - 69) / 12)
    found = held_for(TIMBRES[name], pitch, 4.0)
    assert 1200 * abs(np.log2(pitch_near(found, expected_hz) / expected_hz)) < 4


@pytest.mark.parametrize("name", TIMBRES)
@pytest.mark.parametrize("pitch", [0, 21, 60, 108, 127])
def test_any_pitch_of_any_timbre_sounds_about_as_loud(name: str, pitch: int) -> None:
    for layer in (0, LAYERS - 1):
        found = tone(TIMBRES[name], pitch, layer, 1.0).samples
        assert np.isfinite(found).all()
        assert found.dtype == np.float32
        heard = loudness(found[: SAMPLE_RATE // 4])
        assert heard == pytest.approx(TIMBRES[name].level, rel=1e-3)


@pytest.mark.parametrize("name", TIMBRES)
def test_nothing_lies_above_what_the_sample_rate_can_hold(name: str) -> None:
    """A partial above half the rate would be mirrored, and sound between the others."""
    timbre = TIMBRES[name]
    frequencies, power = spectrum(held_for(timbre, 103, 1.0))
    assert power[frequencies > 1.02 * HIGHEST_HZ].sum() < 1e-5 * power.sum()
    if isinstance(timbre, Held) and not timbre.noise:
        nearest = 3135.96 * np.rint(frequencies / 3135.96).clip(1)
        assert power[np.abs(frequencies / nearest - 1) > 0.015].sum() < 1e-6 * power.sum()


def test_a_partial_that_the_sample_rate_cannot_hold_is_left_out() -> None:
    """Of a bar at 3,136 Hz one would lie at 28 kHz, and be heard at 16."""
    for timbre in (Struck(ratios=(1.0, 8.933), partials=(1.0, 1.0)), Struck(rolloff=0.0, stiffness=1e-3)):
        samples = held_for(timbre, 103, 1.0)
        frequencies, power = spectrum(samples)
        below = frequencies < HIGHEST_HZ
        assert power[~below].sum() < 1e-5 * power.sum()
        expected = 3135.96 * (np.array([1.0]) if timbre.ratios else string_ratios(6, 1e-3 * 2 ** (43 / 12)))
        away = np.abs(frequencies[:, None] / expected - 1).min(axis=1) > 0.03
        assert power[away].sum() < 1e-3 * power.sum()


@pytest.mark.parametrize("name", HELD)
@pytest.mark.parametrize("pitch", [30, 60, 90])
def test_a_loop_goes_round_without_a_click(name: str, pitch: int) -> None:
    samples = tone(HELD[name], pitch, 3, 1.0).samples.astype(np.float64)
    steps = np.abs(np.diff(samples, n=2))
    around = np.concatenate([samples[-2:], samples[:2]])
    assert np.abs(np.diff(around, n=2)).max() <= 1.01 * steps.max()


def test_what_is_struck_dies_away_as_it_says() -> None:
    string = Struck(rolloff=9.0, decay_s=1.5, decay_by_octave=0.5)
    for pitch, seconds in ((60, 1.5), (72, 0.75), (48, 3.0)):
        samples = tone(string, pitch, 3, 10.0).samples
        begin, later = (samples[int(share * seconds * SAMPLE_RATE) :][:2000] for share in (0.1, 0.6))
        assert decibels(level(later) / level(begin)) == pytest.approx(-30, abs=1)


@given(
    st.lists(st.tuples(st.floats(20, 19_000), st.floats(-1, 1), st.floats(0.05, 10)), min_size=1, max_size=5),
    st.integers(1, 3000),
)
def test_the_product_of_matrices_is_the_sum_of_damped_sines(
    partials: list[tuple[float, float, float]], length: int
) -> None:
    frequencies, heights, decays = (np.array(column) for column in zip(*partials, strict=True))
    time = np.arange(length)[:, None] / SAMPLE_RATE
    expected = (heights * 10 ** (-3 * time / decays) * np.sin(2 * np.pi * frequencies * time)).sum(axis=1)
    np.testing.assert_allclose(damped(frequencies, heights, decays, length), expected, atol=2e-5)


def test_louder_is_brighter() -> None:
    def centre(layer: int) -> float:
        frequencies, power = spectrum(held_for(instruments.PIANO, 60, 0.5, layer))
        return float((frequencies * power).sum() / power.sum())

    assert centre(0) < centre(1) < centre(2) < centre(3)


def test_a_low_tone_needs_more_level_to_sound_as_loud() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    of = {hz: loudness(np.sin(2 * np.pi * hz * time).astype(np.float32)) for hz in (50, 100, 1000)}
    # half of the A-weighting of these frequencies: IEC 61672-1, table 3
    assert decibels(of[100] / of[1000]) == pytest.approx(-19.1 / 2, abs=0.3)
    assert decibels(of[50] / of[1000]) == pytest.approx(-30.2 / 2, abs=0.3)


def test_tones_are_kept_within_their_bytes_and_the_latest_stay() -> None:
    tones = voices._Tones(1_000_000)  # five seconds and two thirds
    first = tones.get(instruments.PIANO, 60, 2, 1.0)
    for pitch in range(61, 66):
        tones.get(instruments.PIANO, pitch, 2, 1.0)
        assert tones.get(instruments.PIANO, 60, 2, 1.0) is first
    second = tones.get(instruments.PIANO, 65, 2, 1.0)
    assert tones.get(instruments.PIANO, 65, 2, 1.0) is second
    assert sum(each.samples.nbytes for each in tones._kept.values()) <= 1_000_000
    tones.clear()
    again = tones.get(instruments.PIANO, 60, 2, 1.0)
    assert again is not first
    np.testing.assert_array_equal(again.samples, first.samples)


def test_every_program_has_a_timbre_and_families_differ() -> None:
    found = [timbre_of(Part(program)) for program in range(128)]
    assert {id(timbre) for timbre in found} == {id(timbre) for timbre in TIMBRES.values()}
    families = {found[program] for program in (0, 19, 32, 40, 46, 52, 56, 73)}
    assert len(families) == 8
