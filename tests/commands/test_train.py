"""`gen train` as a process of its own: what it writes, where, and what is left after a signal."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.tiny import words

FLAGS = ("--steps", "12", "--seed", "3", "--units", "16", "--window", "16", "--batch-size", "4")
OURS = re.compile(
    r"|".join(
        (
            r" *\d+%\|.*\| \d+/12 steps, .* left.*",
            r"step \d+: validation \d\.\d{4} nats a token, \d\.\d{3} bits a character(, the best so far)?",
            r"  \| .*",
            r"corpus: \d+ tokens to learn, \d+ held out, \d+ in the vocabulary",
            r"1 x 16 units, [\d,]+ parameters, (float32|bfloat16); 4 streams of 16 for 12 steps; kept in .*",
            r"the last 10 % is held out for validation",
            r"Finished at step 12\. Best: \d\.\d{4} nats a token in validation, at step \d+\. Write with it:",
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


class House:
    """Folders of a user who has nothing yet: home, temporary files, cache, and where the command is typed."""

    def __init__(self, path: Path) -> None:
        self.here, self.home, self.temporary = path / "here", path / "home", path / "tmp"
        for folder in (self.here, self.home, self.temporary):
            folder.mkdir(parents=True)
        self.corpus = path / "corpus.txt"
        self.corpus.write_text(words(150), "utf-8")
        hidden = ("KERAS_", "TF_", "MPL", "XDG_", "GEN_", "PYTEST_")
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith(hidden)
        } | {"HOME": str(self.home), "TMPDIR": str(self.temporary), "GEN_CACHE": str(path / "cache")}

    def run(self, *arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=self.here,
            env=self._environment,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    def litter(self) -> list[Path]:
        """Whatever lies where nothing may lie."""
        folders = (self.here, self.home, self.temporary)
        return [path for folder in folders for path in folder.rglob("*")]


def assert_only_ours(stderr: str) -> None:
    strangers = [line for line in re.split(r"[\r\n]", stderr) if not OURS.fullmatch(line)]
    assert not strangers


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def whole(house: House) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """An uninterrupted run."""
    out = house.corpus.with_name("whole")
    flags = ("--corpus", house.corpus, "--out", out, "--precision", "float32", *FLAGS)
    return out, house.run("-m", "gen", "train", *flags)


def test_a_run_writes_into_its_folder_alone_and_says_only_what_is_ours(
    house: House, whole: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    out, done = whole
    assert_only_ours(done.stderr)
    assert sorted(path.name for path in out.iterdir()) == [
        "best.safetensors",
        "last.safetensors",
        "metrics.jsonl",
        "state.previous.safetensors",
        "state.safetensors",
    ]
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert [row["step"] for row in rows if row["event"] == "validation"] == [2, 4, 6, 8, 10, 12]
    assert not house.litter()


def test_the_last_line_is_the_command_to_type_next(
    house: House, whole: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    out, done = whole
    assert done.stdout == f"gen sample {out}\n"
    sampled = house.run("-m", *done.stdout.split(), "--length", "20", "--seed", "1")
    assert len(sampled.stdout.removesuffix("\n")) >= 19
    assert not house.litter()


def test_interrupted_terminated_and_resumed_ends_as_if_nothing_had_happened(
    house: House, whole: tuple[Path, subprocess.CompletedProcess[str]]
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
    resumed = house.run("-m", "gen", "train", "--resume", "--out", out, "--units", "16")
    assert_only_ours(resumed.stderr)
    assert resumed.stdout == f"gen sample {out}\n"
    for name in ("best", "last", "state"):
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
        assert ", bfloat16; " in done.stderr
        [events] = (out / "tensorboard").iterdir()
        assert b"validation/nats_per_token" in events.read_bytes()
        assert b"train/loss" in events.read_bytes()
    else:
        problem, fix = done.stderr.splitlines()[-2:]
        assert problem == "Problem: --tensorboard needs the package tensorboard."
        assert fix.startswith("Fix: ")
    assert not house.litter()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "--corpus"),
        (("--corpus", "x", "--steps", "3", "--minutes", "1"), 2, "exclude each other"),
        (("--resume", "--init-from", "m"), 2, "leave them out"),
        (("--resume",), 1, "Fix: "),
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
