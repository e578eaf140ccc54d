import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gen.errors import GenError
from gen.export.sound.wave_file import MOST_MINUTES, PEAK, write_sound, write_wave
from gen.score import Part, Score, Tempo, make_score
from tests.export.sound.hearing import decibels, level, pitch_near, read_wave
from tests.tunes import duet, tune


def written(score: Score, folder: Path) -> NDArray[np.float64]:
    write_wave(score, folder / "a.wav")
    return read_wave(folder / "a.wav").sound


def test_a_file_is_stereo_16_bits_at_44100_hz_and_other_readers_agree(tmp_path: Path) -> None:
    write_wave(duet(1), tmp_path / "new" / "a.wav")
    sound, rate_hz = read_wave(tmp_path / "new" / "a.wav")
    assert rate_hz == 44_100
    with wave.open(str(tmp_path / "new" / "a.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 44_100)
        assert file.getnframes() == sound.shape[1]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.wav"]


def test_an_a_is_440_hz(tmp_path: Path) -> None:
    sound = written(make_score([(0, 96, 69, 90, 0)], [Part(0)]).score, tmp_path)
    assert pitch_near(sound[0], 440) == pytest.approx(440, abs=1)


def test_200_notes_at_once_do_not_clip(tmp_path: Path) -> None:
    notes = [(0, 48, 36 + number % 64, 127, number // 64) for number in range(200)]
    parts = [Part(0), Part(19), Part(56), Part(40)]
    sound = written(make_score(notes, parts).score, tmp_path)
    loudest = np.abs(sound).max()
    assert decibels(loudest) == pytest.approx(-1, abs=0.01)
    assert loudest <= PEAK
    # cut off, it would stay at its highest from one sample to the next
    assert (np.abs(sound) > 0.999 * loudest).sum() <= 4


@settings(max_examples=10)
@given(st.integers(1, 127), st.integers(0, 127), st.integers(0, 127))
def test_whatever_is_played_is_as_loud_as_can_be(
    tmp_path_factory: pytest.TempPathFactory, velocity: int, pitch: int, program: int
) -> None:
    score = make_score([(0, 24, pitch, velocity, 0)], [Part(program)]).score
    sound = written(score, tmp_path_factory.mktemp("loud"))
    assert decibels(np.abs(sound).max()) == pytest.approx(-1, abs=0.01)


def test_the_same_score_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        write_wave(duet(3), tmp_path / name)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_it_begins_at_once_and_ends_soon_after_the_last_note(tmp_path: Path) -> None:
    score = tune(2)  # ten seconds
    sound = written(score, tmp_path)
    assert np.abs(sound[:, :4410]).max() > 0.1
    assert 10 < sound.shape[1] / 44_100 < 11.5
    assert decibels(level(sound[:, -4410:])) < -55


def test_the_mean_is_nothing(tmp_path: Path) -> None:
    assert abs(written(duet(2), tmp_path).mean()) < 1e-3


def test_silence_and_what_would_fill_the_disk_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GenError, match="no notes"):
        write_wave(make_score([], []).score, tmp_path / "a.wav")
    long = make_score(
        [(0, 24, 60, 72, 0), (24 * 20_000, 24, 60, 72, 0)], [Part()], tempos=[Tempo(0, 4)]
    ).score
    with pytest.raises(GenError, match=f"5000 minutes, and a sound file may last {MOST_MINUTES}"):
        write_wave(long, tmp_path / "a.wav")
    assert not list(tmp_path.iterdir())


def test_what_fails_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"before")

    def failing() -> Iterator[NDArray[np.float32]]:
        yield np.ones((2, 10), np.float32)
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_sound(failing(), 44_100, tmp_path / "a.wav")
    assert (tmp_path / "a.wav").read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 1
