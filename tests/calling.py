"""Calling `gen` as a shell does, inside this process or in one of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from gen import streams
from gen.cli import main
from gen.model import backend


def skip_if_ignored(number: int) -> None:
    """Leave a test out where whoever started the tests ignores a signal, as `nohup` does."""
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("whoever started the tests ignores this signal, and so does what they start")


class Outcome(NamedTuple):
    """What a shell sees of a command."""

    code: int
    out: str
    err: str


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Outcome:
    """What a command does in this process.

    Without bars, which appear with time: a machine that is busy would show them. And without setting threads,
    which TensorFlow refuses where a test before has worked with it.
    """
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(streams, "_SOON_S", 3600.0)
        patch.setattr(backend, "quiet_import", lambda **_: None)
        main([str(argument) for argument in arguments])
    assert isinstance(ended.value.code, int)
    return Outcome(ended.value.code, *capsys.readouterr())


def call_process(*arguments: str | Path, **environment: str) -> Outcome:
    done = subprocess.run(
        [sys.executable, "-m", "gen", *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def assert_users_mistake(outcome: Outcome, said: str = "") -> None:
    """Exit code 1, nothing on stdout, and two lines on stderr: a problem and a fix."""
    assert (outcome.code, outcome.out) == (1, "")
    problem, fix = outcome.err.splitlines()
    assert problem.startswith("Problem: ")
    assert fix.startswith("Fix: ")
    assert len(fix) > len("Fix: ")
    assert said in problem


def assert_wrong_usage(outcome: Outcome, said: str) -> None:
    """Exit code 2, nothing on stdout, and a line that names what is wrong."""
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert "Traceback" not in outcome.err
