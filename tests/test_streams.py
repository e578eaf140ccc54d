"""What becomes of a command whose reader goes away, or whose disk is full."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gen.errors import GenError
from gen.streams import Result, Watched
from tests.tiny import put_model

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")


def gen(*arguments: str, **streams: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gen", *arguments]
    return subprocess.run(command, check=False, encoding="utf-8", timeout=60, **streams)


@needs_full
@pytest.mark.parametrize("arguments", [("--help",), ("info", "m.safetensors"), ("sample", "m.safetensors")])
def test_a_result_that_cannot_be_written_is_told(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put_model(Path("m.safetensors"))
    with FULL.open("w") as full:
        done = gen(*arguments, stdout=full, stderr=subprocess.PIPE)
    problem, fix = done.stderr.splitlines()
    assert done.returncode == 1
    assert problem.startswith("Problem: Standard output cannot be written: No space left")
    assert fix.startswith("Fix: ")


@needs_full
def test_without_a_place_for_progress_the_result_still_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put_model(Path("m.safetensors"))
    # a character that the model never saw is told on stderr
    arguments = ("sample", "m.safetensors", "--prompt", "ÿ", "--length", "30")
    expected = gen(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert "never saw" in expected.stderr
    with FULL.open("w") as full:
        done = gen(*arguments, stdout=subprocess.PIPE, stderr=full)
    assert (done.returncode, done.stdout) == (0, expected.stdout)


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX closes them")
def test_streams_that_are_closed(tmp_path: Path) -> None:
    model = put_model(tmp_path / "m.safetensors")
    for closed, code in (("2>&-", 0), (">&-", 1)):
        line = f"'{sys.executable}' -m gen sample '{model}' --length 9 {closed}"
        done = subprocess.run(["sh", "-c", line], check=False, capture_output=True, encoding="utf-8")
        assert done.returncode == code
        assert len(done.stdout) == (9 if code == 0 else 0)
        assert ("Problem: Standard output cannot be written" in done.stderr) == (code == 1)
        assert "Traceback" not in done.stderr


def test_a_reader_who_has_had_enough_ends_it_in_silence(tmp_path: Path) -> None:
    model = put_model(tmp_path / "m.safetensors")
    command = [sys.executable, "-m", "gen", "sample", str(model), "--length", "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        said = process.stderr.read()
        assert (said, process.wait(60)) == (b"", 0)


class Failing:
    """A stream that fails from the third write on."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, text: str) -> int:
        if len(self.written) == 2:
            raise OSError(28, "No space left on device")
        self.written.append(text)
        return len(text)

    def flush(self) -> None:
        pass

    def fileno(self) -> int:
        raise OSError("no file")


def test_what_is_watched_falls_silent_for_good_and_a_result_complains() -> None:
    inner = Failing()
    watched = Watched(inner)
    for _ in range(5):
        watched.write("x")
        watched.flush()
    assert inner.written == ["x", "x"]
    result = Result(Failing())
    assert result.write("xyz") == 3
    result.write("x")
    with pytest.raises(GenError, match="No space left"):
        result.write("x")
    assert Result(inner).written is inner.written
