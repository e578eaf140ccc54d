import importlib.util
from pathlib import Path

import numpy as np
import pytest

from gen.errors import GenError
from gen.export.sound.soundfont import check_soundfont, write_wave_with
from gen.score import Part, Score, Tempo, make_score
from tests.export.sound.hearing import decibels, pitch_near, read_wave
from tests.export.sound.soundfonts import sine_soundfont

needs_library = pytest.mark.skipif(
    importlib.util.find_spec("midirenderer") is None, reason="the extra `audio` is not installed"
)
SCORE = make_score([(0, 24, 69, 100, 0), (48, 24, 76, 100, 0)], [Part(0)], tempos=[Tempo(0, 60)]).score


@pytest.fixture
def soundfont(tmp_path: Path) -> Path:
    path = tmp_path / "sine.sf2"
    path.write_bytes(sine_soundfont())
    return path


@needs_library
def test_the_samples_of_the_soundfont_are_heard_at_their_pitch_and_time(
    soundfont: Path, tmp_path: Path
) -> None:
    write_wave_with(soundfont, SCORE, tmp_path / "a.wav")
    sound, rate_hz = read_wave(tmp_path / "a.wav")
    assert pitch_near(sound[0, : rate_hz // 2], 440, rate_hz) == pytest.approx(440, abs=1)
    later = sound[0, 2 * rate_hz + rate_hz // 10 : 3 * rate_hz - rate_hz // 10]
    assert pitch_near(later, 659.26, rate_hz) == pytest.approx(659.26, abs=1)
    assert decibels(np.abs(sound).max()) == pytest.approx(-1, abs=0.01)
    assert 2.9 < sound.shape[1] / rate_hz < 5.1


@needs_library
def test_a_damaged_soundfont_is_the_users_to_mend(
    soundfont: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = soundfont.read_bytes()
    soundfont.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GenError, match=r"sine\.sf2 cannot be played"):
        write_wave_with(soundfont, SCORE, tmp_path / "a.wav")
    # an instrument that points to a sample that is not there
    soundfont.write_bytes(
        whole.replace(b"\x35\x00\x00\x00\x00\x00\x00\x00shdr", b"\x35\x00\x09\x00\x00\x00\x00\x00shdr")
    )
    with pytest.raises(GenError, match=r"sine\.sf2 cannot be played"):
        write_wave_with(soundfont, SCORE, tmp_path / "a.wav")
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["sine.sf2"]


@needs_library
@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"MThd0000", "no SoundFont"), (b"", "no SoundFont")]
)
def test_what_is_no_soundfont_is_told_before_anything_is_played(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "some.sf2"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GenError, match=said):
        check_soundfont(path)


@needs_library
def test_silence_and_what_takes_too_much_memory_are_refused(soundfont: Path, tmp_path: Path) -> None:
    def of(*notes: tuple[int, ...]) -> Score:
        return make_score(list(notes), [Part()], tempos=[Tempo(0, 60)]).score

    with pytest.raises(GenError, match="no notes"):
        write_wave_with(soundfont, of(), tmp_path / "a.wav")
    with pytest.raises(GenError, match="may last 20"):
        write_wave_with(soundfont, of((24 * 60 * 21, 24, 60, 72, 0)), tmp_path / "a.wav")


def test_without_the_library_it_is_told_how_to_get_it(
    soundfont: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(GenError) as caught:
        check_soundfont(soundfont)
    assert "pip install midirenderer" in caught.value.fix
