"""Workers that hang, crash and gorge cost the one file they are at, and nothing is left of them."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from pathlib import Path

import pytest
from pebble.pool.process import PoolManager

from gen.corpus.pool import Failure, Job, in_workers
from gen.machine import cores
from tests.corpus.hard_work import work

LIMIT_S = 0.7

needs_forkserver = pytest.mark.skipif(os.name == "nt", reason="processes are told apart by their session")


def jobs(names: list[str]) -> Iterator[tuple[str, Job[Path]]]:
    return ((name, Job(Path(name), LIMIT_S)) for name in names)


def results(names: list[str]) -> dict[str, bytes | Failure]:
    found = list(in_workers(work, jobs(names), workers=min(cores(), len(names) // 4)))
    assert sorted(name for name, _ in found) == sorted(names)
    return dict(found)


def test_each_bad_file_costs_itself_alone(capfd: pytest.CaptureFixture[str]) -> None:
    bad = {
        "hang1": f"takes longer than {LIMIT_S} s to read",
        "sleep2": f"takes longer than {LIMIT_S} s to read",
        "crash3": f"makes its reader crash (exit code {-signal.SIGSEGV})",
        "crash4": f"makes its reader crash (exit code {-signal.SIGSEGV})",
        "raise5": "cannot be read: ValueError: no good",
        "shout7": "cannot be read: ValueError: " + ("much ado " * 20)[:120].rstrip(),
    }
    if sys.platform == "linux":
        bad["gorge6"] = "takes more than 1024 MiB of memory to read"
    good = [f"good{number}" for number in range(20)]
    names = [*good[:5], *bad, "noise1", *good[5:]]
    found = results(names)
    assert {name: found[name] for name in bad} == {name: Failure(reason) for name, reason in bad.items()}
    assert all(found[name] == name.encode() for name in [*good, "noise1"])
    assert capfd.readouterr() == ("", "")


def test_a_pool_that_breaks_is_made_anew_for_what_it_had_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """As pebble's does where a worker crashes before it is known what it works on."""
    breaks = iter([True, False, True])
    found = PoolManager.find_expired_task

    def find_or_break(manager: PoolManager, worker: int) -> object:
        if next(breaks, False):
            raise BrokenProcessPool("All workers expired")
        return found(manager, worker)

    monkeypatch.setattr(PoolManager, "find_expired_task", find_or_break)
    crash = Failure(f"makes its reader crash (exit code {-signal.SIGSEGV})")
    names = ["crash1", *(f"good{number}" for number in range(20)), "crash2", "good20"]
    expected = {name: crash if name.startswith("crash") else name.encode() for name in names}
    assert results(names) == expected


def test_one_file_and_no_file() -> None:
    assert results(["good"]) == {"good": b"good"}
    assert results([]) == {}


def test_a_bounded_number_is_under_way() -> None:
    taken = 0

    def many() -> Iterator[tuple[int, Job[Path]]]:
        nonlocal taken
        for taken in range(1, 401):
            yield taken, Job(Path(f"good{taken}"), LIMIT_S)

    most = 0
    for given, _ in enumerate(in_workers(work, many(), workers=cores()), start=1):
        most = max(most, taken - given)
    assert taken == 400
    assert most <= cores() * 8


def test_closing_it_ends_the_work_at_once() -> None:
    names = ["good", *(f"sleep{number}" for number in range(10))]
    begun = time.monotonic()
    with closing(in_workers(work, ((name, Job(Path(name), 50)) for name in names), workers=1)) as under_way:
        assert next(under_way) == ("good", b"good")
    # all ten one after the other would take ten minutes
    assert time.monotonic() - begun < 30


PROGRAM = """
import sys
from pathlib import Path
from gen.corpus.pool import Job, in_workers
from tests.corpus.hard_work import work

if __name__ == "__main__":
    names = ["good", "hang1", "sleep2", "hang3"]
    for name, _ in in_workers(work, ((name, Job(Path(name), 50)) for name in names), workers=2):
        print(name, flush=True)
"""


def alive(session: int) -> list[str]:
    """The processes of a session that are not dead yet."""
    listed = subprocess.run(["ps", "-e", "-o", "sid=,stat="], capture_output=True, text=True, check=True)
    states = (line.split() for line in listed.stdout.splitlines())
    return [state for owner, state in states if int(owner) == session and not state.startswith("Z")]


@needs_forkserver
@pytest.mark.parametrize("moment", ["at work", "at the start"])
def test_ctrl_c_ends_every_process_and_says_nothing_more(moment: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, program],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    assert process.stdout is not None
    if moment == "at work":
        assert process.stdout.readline() == "good\n"
    else:
        while len(alive(process.pid)) < 3:  # itself, the tracker of what is shared, the server
            time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert errors.count("Traceback") == 1
    assert errors.rstrip().endswith("KeyboardInterrupt")
    until = time.monotonic() + 10
    while alive(process.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert alive(process.pid) == []


def run_program(program: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])} | environment,
    )


@needs_forkserver
def test_a_program_without_its_guard_is_told_so(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace('if __name__ == "__main__":', "if True:"))
    done = run_program(program)
    assert done.returncode == 1
    assert "the program lacks" in done.stderr


@needs_forkserver
@pytest.mark.parametrize("length", [71, 72, 200])
def test_a_long_path_for_temporary_files_is_as_good(length: int, tmp_path: Path) -> None:
    """The longest that a socket of the server has room for, and longer ones."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace('"hang1", "sleep2", "hang3"', '"good2"'))
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        folder = Path(short) / ("a" * (length - len(short) - 1))
        folder.mkdir()
        done = run_program(program, TMPDIR=str(folder))
        assert sorted(done.stdout.split()) == ["good", "good2"], done.stderr
        assert list(folder.iterdir()) == []
