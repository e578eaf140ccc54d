import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gen.writing.text import DEFAULT_LENGTH
from tests.calling import assert_users_mistake, assert_wrong_usage, call
from tests.tiny import LETTERS, put_model, tiny_model

Capsys = pytest.CaptureFixture[str]


def written(capsys: Capsys, *arguments: str | Path) -> str:
    outcome = call(capsys, "sample", *arguments)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.out


def test_it_writes_new_characters_of_the_vocabulary(model: Path, capsys: Capsys) -> None:
    text = written(capsys, model)
    assert len(text) == DEFAULT_LENGTH
    assert set(text) <= set(LETTERS)
    assert len(written(capsys, model, "--length", "7")) == 7
    assert written(capsys, model, "--length", "0") == ""


def test_the_seed_decides(model: Path, capsys: Capsys) -> None:
    first, again, other = (written(capsys, model, "--seed", seed) for seed in ("1", "1", "2"))
    assert first == again != other


def test_the_prompt_comes_first_and_is_not_counted(model: Path, capsys: Capsys) -> None:
    text = written(capsys, model, "--prompt", "the fox ", "--length", "30")
    assert text.startswith("the fox ")
    assert len(text) == len("the fox ") + 30


def test_a_prompt_after_an_at_sign_is_a_file(model: Path, capsys: Capsys) -> None:
    Path("prompt.txt").write_bytes(b"\xef\xbb\xbfthe\r\nfox")
    from_file = written(capsys, model, "--prompt", "@prompt.txt")
    assert from_file == written(capsys, model, "--prompt", "the\nfox")
    assert_users_mistake(call(capsys, "sample", model, "--prompt", "@missing.txt"), "missing.txt")
    Path("bad.txt").write_bytes(b"ab\xff")
    assert_users_mistake(call(capsys, "sample", model, "--prompt", "@bad.txt"), "bad.txt")


def test_characters_that_the_model_never_saw_are_left_out_and_named(model: Path, capsys: Capsys) -> None:
    outcome = call(capsys, "sample", model, "--prompt", "thé fÖx thé", "--seed", "3")
    assert outcome.code == 0
    assert "'é', 'Ö'" in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert outcome.out == written(capsys, model, "--prompt", "th fx th", "--seed", "3")


def test_of_many_unseen_characters_ten_are_named(model: Path, capsys: Capsys) -> None:
    err = call(capsys, "sample", model, "--prompt", "ABCDEFGHIJKLMN").err
    assert "'J' and 4 more" in err
    assert "'K'" not in err


def test_a_model_with_byte_tokens_says_every_prompt(model: Path, capsys: Capsys) -> None:
    spelling = put_model(Path("spelling.safetensors"), tiny_model("\nabc", "é"))
    text = written(capsys, spelling, "--prompt", "naïve 😀", "--length", "50", "--temperature", "5")
    assert text.startswith("naïve 😀")
    assert len(text) == len("naïve 😀") + 50


def test_half_a_character_in_a_prompt_is_the_users_to_mend(model: Path, capsys: Capsys) -> None:
    assert_users_mistake(call(capsys, "sample", model, "--prompt", "a\udce9"), "surrogate")


def test_the_choices_reach_the_draw(model: Path, capsys: Capsys) -> None:
    greedy = written(capsys, model, "--temperature", "0")
    for choice in (("--top-k", "1"), ("--top-p", "0"), ("--min-p", "1"), ("--temperature", "1e-9")):
        assert written(capsys, model, *choice, "--seed", "5") == greedy
    wild = written(capsys, model, "--temperature", "1e6")
    assert len(set(wild)) > len(set(written(capsys, model, "--temperature", "0.3")))
    assert written(capsys, model, "--temperature", "0:9").startswith(greedy[0])


def test_many_texts_are_numbered_on_the_terminal(model: Path, capsys: Capsys) -> None:
    text = written(capsys, model, "--count", "3", "--length", "5", "--prompt", "ab")
    found = re.fullmatch(r"--- 1 ---\nab(.{5})\n--- 2 ---\nab(.{5})\n--- 3 ---\nab(.{5})\n", text, re.DOTALL)
    assert found
    assert len(set(found.groups())) == 3


def test_many_texts_go_to_numbered_files(model: Path, capsys: Capsys) -> None:
    outcome = call(capsys, "sample", model, "--count", "2", "--out", "made/tale.txt", "--length", "9")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "Wrote made/tale-1.txt\nWrote made/tale-2.txt\n"
    assert sorted(path.name for path in Path("made").iterdir()) == ["tale-1.txt", "tale-2.txt"]
    assert len(Path("made/tale-2.txt").read_bytes().decode()) == 9
    assert call(capsys, "sample", model, "--out", "tale.txt", "--length", "9").err == "Wrote tale.txt\n"
    assert Path("tale.txt").read_bytes().decode() == written(capsys, model, "--length", "9", "--out", "-")


def test_without_a_model_the_newest_run_writes(model: Path, capsys: Capsys) -> None:
    assert_users_mistake(call(capsys, "sample"), "checkpoints/")
    run = Path("checkpoints/letters-1")
    run.mkdir(parents=True)
    shutil.copy(model, run / "best.safetensors")
    assert written(capsys) == written(capsys, run) == written(capsys, model)


def test_what_cannot_be_opened_is_the_users_to_mend(model: Path, capsys: Capsys) -> None:
    assert_users_mistake(call(capsys, "sample", "missing"), "missing")
    Path("empty").mkdir()
    assert_users_mistake(call(capsys, "sample", "empty"), "empty")
    Path("text.txt").write_text("not a model")
    assert_users_mistake(call(capsys, "sample", "text.txt"), "text.txt")
    assert_users_mistake(call(capsys, "sample", model, "--out", "tune.mid"), "tune.mid")
    assert_users_mistake(call(capsys, "sample", model, "--out", f"{model}/tale.txt"), "tale.txt")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--temperature", "-1"),
        ("--temperature", "nan"),
        ("--temperature", "inf"),
        ("--temperature", "1:2:3"),
        ("--temperature", "warm"),
        ("--temperature", ""),
        ("--top-k", "0"),
        ("--top-p", "1.1"),
        ("--top-p", "nan"),
        ("--min-p", "nan"),
        ("--min-p", "-0.1"),
        ("--count", "0"),
        ("--length", "-1"),
        ("--seed", "-1"),
        ("--seed", str(1 << 63)),
    ],
)
def test_a_number_out_of_its_range_is_wrong_usage(
    model: Path, capsys: Capsys, option: str, value: str
) -> None:
    assert_wrong_usage(call(capsys, "sample", model, option, value), option)


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell and its pipes")
def test_a_reader_who_has_had_enough_ends_it_quietly(model: Path) -> None:
    program = f"'{sys.executable}' -m gen sample {model} --length 1000000000 | head -c 1000 | wc -c"
    done = subprocess.run(
        ["bash", "-c", f'{program}; echo "${{PIPESTATUS[0]}}"'], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1000", "0"]
    assert done.stderr == ""
