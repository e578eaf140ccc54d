"""`gen train` as a process of its own: what it writes, where, and what is left after a signal."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

from gen.checkpoint import load_model
from tests.commands.conftest import Whole
from tests.commands.house import FLAGS, House
from tests.training.tiny import words

OURS = re.compile(
    r"|".join(
        (
            r" *\d+%\|.*\| \d+/12 steps, .* left.*",
            r"step \d+: validation \d\.\d{4} nats a token, \d\.\d{3} bits a character(, the best so far)?"
            r"; (better|worse|as good)[a-z0-9 .-]*(; (still|no longer) improving)?",
            r"  \| .*",
            r"corpus: \d+ tokens to learn, \d+ held out, \d+ in the vocabulary",
            r"1 x 16 units, [\d,]+ parameters, (float32|bfloat16 multiplied in float32); "
            r"4 streams of 16 for 12 steps; kept in .*",
            r"No n-gram to compare with: time is too short\.",
            r"To beat: an 8-gram of [\d,]+ tokens, \d\.\d{4} nats a token, \d\.\d{3} bits a character",
            r"the last 10 % is held out for validation",
            r"nothing is held out: the text for validation is a part of its own",
            r".*held\.txt is for validation",
            r"Finished at step 12\. Best: \d\.\d{4} nats a token in validation, at step \d+\. Write with it:",
            r"Stopping after this step, and saving; a second time leaves at once, back to the last save",
            r"Stopped at step \d+ of 12; all is saved\. To go on:",
            r" *",
        )
    )
)
# the command line, with a signal to itself after a step: exact, where a second process would have to hit it
SIGNALLED = """
import os, signal, sys
from gen.training import callbacks
number, at = signal.Signals[sys.argv[1]], int(sys.argv[2])
log_step = callbacks.MetricsLog.on_step
def on_step(self, report):
    log_step(self, report)
    if report.step == at:
        os.kill(os.getpid(), number)
callbacks.MetricsLog.on_step = on_step
from gen.cli import main
main(sys.argv[3:])
"""


def assert_only_ours(stderr: str) -> None:
    strangers = [line for line in re.split(r"[\r\n]", stderr) if not OURS.fullmatch(line)]
    assert not strangers


def test_a_run_writes_into_its_folder_alone_and_says_only_what_is_ours(house: House, whole: Whole) -> None:
    out, done = whole
    assert_only_ours(done.stderr)
    assert sorted(path.name for path in out.iterdir()) == [
        ".lock",
        "best.safetensors",
        "last.safetensors",
        "metrics.jsonl",
        "state.validated.safetensors",
    ]
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert [row["step"] for row in rows if row["event"] == "validation"] == [2, 4, 6, 8, 10, 12]
    (ngram,) = {json.dumps(row["ngram"]) for row in rows if row["event"] == "validation"}
    best = load_model(out / "best.safetensors").training
    assert best["ngram"] == json.loads(ngram)
    assert best["ngram"]["tokens"] == best["validation_tokens"]
    told = [row["verdict"] for row in rows if row["event"] == "validation" and row["best"]]
    assert any(verdict.startswith(best["verdict"]) for verdict in told)
    assert not house.litter()


def test_the_last_line_is_the_command_to_type_next(house: House, whole: Whole) -> None:
    out, done = whole
    assert done.stdout == f"gen sample {out}\n"
    sampled = house.run("-m", *done.stdout.split(), "--length", "20", "--seed", "1")
    assert len(sampled.stdout.removesuffix("\n")) >= 19
    assert not house.litter()


def test_interrupted_terminated_and_resumed_ends_as_if_nothing_had_happened(
    house: House, whole: Whole
) -> None:
    out = house.corpus.with_name("cut")
    begin = ("--corpus", house.corpus, "--out", out, "--precision", "float32", *FLAGS)
    for number, at, code, flags in (
        ("SIGINT", "5", 130, begin),
        ("SIGTERM", "8", 143, ("--resume", "--out", out)),
    ):
        stopped = house.run("-c", SIGNALLED, number, at, "train", *flags, code=code)
        assert_only_ours(stopped.stderr)
        assert f"Stopped at step {at} of 12" in stopped.stderr
        assert stopped.stdout == f"gen train --resume --out {out}\n"
        assert (out / "state.safetensors").exists()
    again = ("--units", "16", "--corpus", house.corpus, "--precision", "float32", "--layers", "1")
    resumed = house.run("-m", "gen", "train", "--resume", "--out", out, *again)
    assert_only_ours(resumed.stderr)
    assert resumed.stdout == f"gen sample {out}\n"
    for name in ("best", "last", "state.validated"):
        file = f"{name}.safetensors"
        ours, theirs = ((folder / file).read_bytes() for folder in (out, whole[0]))
        assert ours == theirs, f"{name} differs"
    rows = [
        [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]
        for folder in (out, whole[0])
    ]
    validations = [[{**row, "elapsed_s": 0} for row in each if row["event"] == "validation"] for each in rows]
    assert validations[0] == validations[1]
    assert not house.litter()


def test_bfloat16_and_tensorboard(house: House) -> None:
    out = house.corpus.with_name("bfloat16")
    flags = ("--corpus", house.corpus, "--out", out, "--precision", "bfloat16", "--tensorboard", *FLAGS)
    installed = importlib.util.find_spec("tensorboard") is not None
    done = house.run("-m", "gen", "train", *flags, code=0 if installed else 1)
    if installed:
        assert_only_ours(done.stderr)
        assert ", bfloat16 multiplied in float32; " in done.stderr
        [events] = (out / "tensorboard").iterdir()
        assert b"validation/nats_per_token" in events.read_bytes()
        assert b"train/loss" in events.read_bytes()
    else:
        problem, fix = done.stderr.splitlines()
        assert problem == "Problem: --tensorboard needs the package tensorboard."
        assert fix.startswith("Fix: ")
    assert not house.litter()


def test_a_text_for_validation_is_measured_and_found_again(house: House) -> None:
    out, held = house.corpus.with_name("validated"), house.corpus.with_name("held.txt")
    held.write_text(words(70, seed=2), "utf-8")
    flags = ("--corpus", house.corpus, "--validation-corpus", held, "--out", out, "--precision", "float32")
    stopped = house.run("-c", SIGNALLED, "SIGINT", "5", "train", *flags, *FLAGS, code=130)
    assert_only_ours(stopped.stderr)
    assert "held.txt is for validation" in stopped.stderr
    resume = ("-m", "gen", "train", "--resume", "--out", out)
    other = house.run(*resume, "--validation-corpus", house.corpus, code=1)
    assert f"--validation-corpus {house.corpus} is not what the run began with" in other.stderr
    house.run(*resume, "--validation-corpus", held, "--seed", "3")
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text("utf-8").splitlines()]
    validations = [row for row in rows if row["event"] == "validation"]
    assert [row["step"] for row in validations] == [2, 4, 6, 8, 10, 12]
    assert {row["tokens"] for row in validations} == {len(held.read_text("utf-8")) - 1}
    assert not house.litter()


def test_what_fails_before_it_begins_leaves_no_folder(house: House) -> None:
    flags = ("--corpus", house.corpus, "--minutes", "0.0001", "--units", "16")
    failed = house.run("-m", "gen", "train", *flags, code=1)
    problem, fix = failed.stderr.splitlines()[-2:]
    assert problem == "Problem: The time asked for is over before training can begin."
    assert "--minutes" in fix
    assert house.litter() == [house.here / "checkpoints"]
    (house.here / "checkpoints").rmdir()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "--corpus"),
        (("--corpus", "x", "--steps", "3", "--minutes", "1"), 2, "exclude each other"),
        (("--resume", "--init-from", "m"), 1, "the folder of a run"),
        (("--resume",), 1, "Fix: "),
        (("--resume", "--out", "nowhere"), 1, "nowhere"),
        (("--corpus", "-", "--validation-corpus", "-"), 1, "cannot be both"),
        (("--corpus", "x", "--learning-rate", "nan"), 2, "--learning-rate"),
        (("--corpus", "x", "--minutes", "0"), 2, "--minutes"),
        (("--corpus", "missing.txt"), 1, "missing.txt"),
    ],
)
def test_mistakes_are_told_without_a_traceback(
    arguments: tuple[str, ...],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from gen.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SystemExit) as caught:
        main(["train", *arguments])
    shown = capsys.readouterr()
    assert caught.value.code == code
    assert said in shown.err
    assert shown.out == ""
    if code == 1:
        problem, fix = shown.err.splitlines()
        assert problem.startswith("Problem: ")
        assert fix.startswith("Fix: ")
