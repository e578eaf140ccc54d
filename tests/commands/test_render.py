"""`gen render`, and `gen sample` into sound and pictures, as a user types them."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from gen.corpus.midi import read_midi
from gen.export.midi import write_midi
from tests.calling import assert_users_mistake, assert_wrong_usage, call, call_process
from tests.commands.house import House
from tests.export.sound.hearing import read_wave
from tests.tiny import put_model
from tests.tunes import duet, put_tune_model, tune

Capsys = pytest.CaptureFixture[str]


def told(stderr: str) -> list[str]:
    """The lines of stderr without a bar, which a slow machine shows while it reads."""
    return [line for line in re.split(r"[\r\n]", stderr) if line.strip() and "reading music" not in line]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / ".cache"))
    write_midi(duet(1), Path("duet.mid"))
    write_midi(tune(1), Path("tune.mid"))
    return tmp_path


def test_a_file_becomes_sound_a_picture_or_another_format(here: Path, capsys: Capsys) -> None:
    for name in ("a.wav", "a.png", "a.svg", "a.musicxml", "a.abc", "a.mid"):
        outcome = call(capsys, "render", "tune.mid", "--out", name)
        assert (outcome.code, outcome.out, told(outcome.err)) == (0, "", [f"Wrote {name}"])
    sound, rate_hz = read_wave(Path("a.wav"))
    assert 10 < sound.shape[1] / rate_hz < 11.5  # four bars at 96
    with Image.open("a.png") as image:
        assert image.format == "PNG"
    assert read_midi(Path("a.mid").read_bytes()).score == tune(1)
    again = call(capsys, "render", "a.abc", "--out", "again.mid")
    assert again.code == 0
    assert read_midi(Path("again.mid").read_bytes()).score.notes.tolist() == tune(1).notes.tolist()
    assert not list(here.glob("*.json"))


def test_without_out_it_is_shown(here: Path, capsys: Capsys) -> None:
    assert "\nK:C\n" in call(capsys, "render", "tune.mid").out
    assert "█" in call(capsys, "render", "duet.mid", "--out", "-").out


def test_one_of_several_pieces_can_be_taken(here: Path, capsys: Capsys) -> None:
    Path("two.abc").write_text("X:1\nT:One\nL:1/4\nK:C\nCDEF|\n\nX:2\nT:Two\nL:1/4\nK:C\nGABc|\n")
    outcome = call(capsys, "render", "two.abc", "--piece", "2")
    assert "T:Two" in outcome.out
    assert "2 pieces" in outcome.err
    assert "T:One" in call(capsys, "render", "two.abc").out
    assert_users_mistake(call(capsys, "render", "two.abc", "--piece", "3"), "no piece 3")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.mid", "--out", "a.wav"], "no file nowhere.mid"),
        (["bad.mid", "--out", "a.wav"], "bad.mid is"),
        (["tune.mid", "--out", "a.mp3"], "a.mp3"),
        (["tune.mid", "--out", "tune.mid"], "over itself"),
        (["tune.mid", "--out", "./tune.mid"], "over itself"),
        (["duet.mid", "--out", "a.abc"], "melodies"),
        (["tune.mid", "--out", "a.wav", "--as", "score"], "--as score"),
        (["tune.mid", "--as", "roll"], "--as roll"),
        (["tune.mid", "--out", "a.png", "--soundfont", "a.sf2"], "--soundfont"),
        (["tune.mid", "--soundfont", "a.sf2"], "--soundfont"),
        (["tune.mid", "--out", "bad.mid/a.wav"], "cannot be written"),
        ([".", "--out", "a.wav"], "no file ."),
    ],
)
def test_a_mistake_is_two_lines_and_nothing_is_written(
    here: Path, capsys: Capsys, arguments: list[str], said: str
) -> None:
    Path("bad.mid").write_bytes(b"no music")
    before = {path.name for path in here.iterdir()} | {".cache"}
    outcome = call(capsys, "render", *arguments)
    assert_users_mistake(outcome._replace(err="\n".join(told(outcome.err))), said)
    assert {path.name for path in here.iterdir()} <= before


def test_what_is_not_installed_is_told_with_how_to_get_it(
    here: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    outcome = call(capsys, "render", "tune.mid", "--out", "a.svg", "--as", "score")
    assert_users_mistake(outcome, "verovio")
    assert "pip install verovio" in outcome.err
    outcome = call(capsys, "render", "tune.mid", "--out", "a.wav", "--soundfont", "a.sf2")
    assert_users_mistake(outcome, "midirenderer")
    assert "pip install midirenderer" in outcome.err
    assert_wrong_usage(call(capsys, "render", "tune.mid", "--out", "a.png", "--as", "photo"), "photo")


def test_samples_go_into_sound_and_pictures(here: Path, capsys: Capsys) -> None:
    model = put_tune_model(here / "m.safetensors")
    outcome = call(capsys, "sample", model, "--bars", "2", "--count", "2", "--out", "new.wav")
    assert (outcome.code, outcome.err) == (0, "Wrote new-1.wav\nWrote new-2.wav\n")
    assert read_wave(Path("new-1.wav")).sound.shape != read_wave(Path("new-2.wav")).sound[0].shape
    about = json.loads(Path("new-2.wav.json").read_text())
    assert (about["number"], about["request"]["out"], about["request"]["soundfont"]) == (1, "new.wav", None)
    for name in ("new.png", "new.svg"):
        assert call(capsys, "sample", model, "--bars", "2", "--out", name, "--as", "roll").code == 0
        assert Path(name).stat().st_size > 1000
    assert_users_mistake(call(capsys, "sample", model, "--out", "new.mid", "--as", "roll"), "--as roll")


def test_text_has_neither(here: Path, capsys: Capsys) -> None:
    model = put_model(here / "t.safetensors")
    assert_users_mistake(call(capsys, "sample", model, "--as", "roll"), "--as is for models of music")
    assert_users_mistake(
        call(capsys, "sample", model, "--soundfont", "a"), "--soundfont is for models of music"
    )
    assert_users_mistake(call(capsys, "sample", model, "--out", "t.wav"), "t.wav")


def test_it_leaves_nothing_lying_about_and_says_no_more_than_it_must(house: House) -> None:
    write_midi(duet(1), house.here / "duet.mid")
    for name in ("a.wav", "a.png"):
        done = house.run("-m", "gen", "render", "duet.mid", "--out", name)
        assert (done.stdout, told(done.stderr)) == ("", [f"Wrote {name}"])
    assert {path.name for path in house.litter()} == {"duet.mid", "a.wav", "a.png"}
    for path in house.litter():
        path.unlink()


def test_pictures_need_no_cache(here: Path) -> None:
    (here / "file").write_text("no folder")
    outcome = call_process(
        "sample", put_tune_model(here / "m.safetensors"), "--bars", "2", "--out", "a.png",
        GEN_CACHE=str(here / "file" / "cache"),
    )  # fmt: skip
    assert (outcome.code, outcome.err) == (0, "Wrote a.png\n")
