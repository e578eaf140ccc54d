import json
import re
from pathlib import Path

import numpy as np
import pytest

from gen.export.midi import write_midi
from gen.inspection.passage import MOST_TOKENS
from tests.calling import Outcome, assert_users_mistake, assert_wrong_usage, call, call_process
from tests.tiny import put_model, tiny_model
from tests.tunes import put_tune_model, tune

Capsys = pytest.CaptureFixture[str]
TEXT = "the fox ran.\nit ran, and ran.\n"


def inspected(capsys: Capsys, *arguments: str | Path) -> Outcome:
    outcome = call(capsys, "inspect", *arguments)
    assert outcome.code == 0
    return outcome


def test_json_is_one_object_on_stdout_and_nothing_else(model: Path, capsys: Capsys) -> None:
    outcome = inspected(capsys, model, "--prompt", TEXT, "--json")
    assert outcome.err == ""
    assert len(outcome.out.splitlines()) == 1
    told = json.loads(outcome.out)
    assert "".join(told["tokens"]) == TEXT
    assert (told["layer"], told["layers"], told["units"]) == (1, 2, 8)
    assert told["model"] == str(model)
    assert json.loads(inspected(capsys, model, "--prompt", TEXT, "--json", "--layer", "0").out)["layer"] == 0


def test_people_see_the_surprise_of_lines_the_best_trackers_and_how_the_gradient_fades(
    model: Path, capsys: Capsys
) -> None:
    outcome = inspected(capsys, model, "--prompt", TEXT)
    told = json.loads(inspected(capsys, model, "--prompt", TEXT, "--json").out)
    assert outcome.err == ""
    assert f"read        {len(TEXT)} characters" in outcome.out
    for section in told["sections"]:
        assert f"{section['bits_per_character']:6.2f}  {section['name']}\n" in outcome.out
    best = told["trackers"]["line position"][0]
    assert re.search(rf"line position +{best['unit']} +{best['r']:.2f} ", outcome.out)
    assert "nothing to track: inside quotes, bracket depth, indent" in outcome.out
    assert f"of {told['gradient']['positions']} predictions" in outcome.out


def test_what_a_prompt_holds_cannot_drive_the_terminal(model: Path, capsys: Capsys) -> None:
    put_model(model, tiny_model("\nab\x1b[2J\u202e"))
    outcome = inspected(capsys, model, "--prompt", "a\x1b[2Jb\u202e\nb")
    assert "a?[2Jb?" in outcome.out
    assert all(character.isprintable() for line in outcome.out.splitlines() for character in line)


def test_a_terminal_that_cannot_show_a_character_is_the_users_to_mend(model: Path) -> None:
    put_model(model, tiny_model("\nabé"))
    outcome = call_process("inspect", model, "--prompt", "ab\né", PYTHONIOENCODING="ascii")
    assert_users_mistake(outcome, "Standard output is in ascii")


def test_of_a_long_text_the_beginning_is_read_and_how_much_is_told(model: Path, capsys: Capsys) -> None:
    Path("long.txt").write_text("the fox ran\n" * 300)
    outcome = inspected(capsys, model, "--prompt", "@long.txt")
    assert f"read        the first {MOST_TOKENS:,} of 3,600 characters" in outcome.out
    assert "143 more" in outcome.out  # of 167 lines, one of them begun
    told = json.loads(inspected(capsys, model, "--prompt", "@long.txt", "--json").out)
    assert (told["read_tokens"], told["prompt_characters"]) == (MOST_TOKENS, 3600)


def test_files_are_written_by_their_endings(model: Path, capsys: Capsys) -> None:
    for name, begins in (("a.html", b"<!doctype html>"), ("b/a.png", b"\x89PNG"), ("a.NPZ", b"PK")):
        outcome = inspected(capsys, model, "--prompt", TEXT, "--out", name)
        assert (outcome.out, outcome.err) == ("", f"Wrote {name}\n")
        assert Path(name).read_bytes().startswith(begins)
    with np.load("a.NPZ") as arrays:
        told = json.loads(str(arrays["about"]))
        assert arrays["C"].shape == (len(TEXT), 8)
        assert arrays["C"].dtype == np.float32
    both = inspected(capsys, model, "--prompt", TEXT, "--json", "--out", "a.html")
    assert json.loads(both.out) == told


def test_music_is_read_from_a_file_as_gen_sample_does(model: Path, capsys: Capsys) -> None:
    music = put_tune_model(Path("music.safetensors"))
    write_midi(tune(2), Path("tune.mid"))
    told = json.loads(inspected(capsys, music, "--prompt", "tune.mid", "--json").out)
    assert told["kind"] == "music"
    assert told["notes"] == len(tune(2).notes)
    assert [section["name"] for section in told["sections"]] == ["bar 1", "bar 2", "bar 3", "bar 4"]
    outcome = inspected(capsys, music, "--prompt", "@tune.mid", "--out", "tune.html")
    assert "bar 4" in Path("tune.html").read_text("utf-8")
    assert outcome.out == ""
    assert "bits a note" in inspected(capsys, music, "--prompt", "tune.mid").out


def test_a_run_folder_is_its_best_model(model: Path, capsys: Capsys) -> None:
    put_model(Path("checkpoints/run/best.safetensors"))
    told = json.loads(inspected(capsys, "checkpoints/run", "--prompt", TEXT, "--json").out)
    assert told["model"] == str(Path("checkpoints/run/best.safetensors"))


def test_what_is_asked_wrongly_is_the_users_to_mend(model: Path, capsys: Capsys) -> None:
    prompt = ("--prompt", TEXT)
    assert_users_mistake(call(capsys, "inspect", "missing", *prompt), "missing")
    assert_users_mistake(call(capsys, "inspect", model, *prompt, "--out", "a.pdf"), "a.pdf")
    assert_users_mistake(call(capsys, "inspect", model, *prompt, "--out", "page"), "page")
    assert_users_mistake(call(capsys, "inspect", model, *prompt, "--layer", "2"), "no layer 2")
    assert_users_mistake(call(capsys, "inspect", model, "--prompt", ""), "0 tokens")
    assert_users_mistake(call(capsys, "inspect", model, "--prompt", "@missing.txt"), "missing.txt")
    music = put_tune_model(Path("music.safetensors"))
    assert_users_mistake(call(capsys, "inspect", music, "--prompt", "once upon"), "once upon")
    assert_wrong_usage(call(capsys, "inspect", model), "--prompt")
    assert_wrong_usage(call(capsys, "inspect", model, *prompt, "--layer", "-1"), "--layer")


def test_what_cannot_be_written_is_the_users_to_mend(model: Path, capsys: Capsys) -> None:
    Path("file").write_text("")
    outcome = call(capsys, "inspect", model, "--prompt", TEXT, "--out", "file/a.html")
    assert_users_mistake(outcome, "cannot be written")
