"""What the scripts that try to break `gen` share: a child under watch, and the record of what was tried."""

import argparse
import json
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from machine import machine
from tqdm import tqdm

GEN = [sys.executable, "-m", "gen"]
RESULTS = Path(__file__).parent.parent / "benchmarks" / "reliability.json"


@dataclass(frozen=True)
class Row:
    """One line of the table of docs/reliability.md.

    Attributes:
        tried: What was done to it.
        count: How often.
        outcome: What came of it, in a few words with the figures.
        failures: How often it was not as promised.
    """

    tried: str
    count: int
    outcome: str
    failures: int


@dataclass(frozen=True)
class Ended:
    """A process that came to its end.

    Attributes:
        code: Its exit code; negative where a signal ended it; None where it was killed for taking too long.
        stdout: What it wrote there.
        stderr: What it wrote there.
        seconds: How long it took.
        peak_bytes: The most memory that it, or any child before it, held at once.
    """

    code: int | None
    stdout: bytes
    stderr: bytes
    seconds: float
    peak_bytes: int


def run(command: Sequence[str | Path], *, limit_s: float, **options: Any) -> Ended:
    """Run a command to its end, or kill it at its time limit; `options` are those of `subprocess.run`."""
    began_s = time.monotonic()
    code: int | None = None
    try:
        done = subprocess.run(command, capture_output=True, timeout=limit_s, check=False, **options)
        code, stdout, stderr = done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired as late:
        stdout, stderr = late.stdout or b"", late.stderr or b""
    seconds = time.monotonic() - began_s
    # kilobytes, but bytes on macOS
    unit = 1 if sys.platform == "darwin" else 1024
    peak_bytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    return Ended(code, stdout, stderr, seconds, peak_bytes)


def memory_bytes(process: int | str, field: str) -> int:
    """What the system says of a process's memory, `VmRSS` now or `VmHWM` at its most; 0 where it is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text("ascii", "replace")
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{field}:"))


def turns(count: int, seconds: float, what: str) -> Iterator[int]:
    """The numbers of so many trials, under a bar; none is begun after so many seconds."""
    until_s = time.monotonic() + seconds
    for number in tqdm(range(count), desc=what):
        if time.monotonic() > until_s:
            return
        yield number


def is_two_lines(stderr: bytes) -> bool:
    """Whether an error is told as `gen` promises: a problem and a fix, and nothing of the interpreter's."""
    # of what a bar was written over, the last is seen
    lines = [line.rpartition("\r")[2] for line in stderr.decode("utf-8", "replace").rstrip("\n").split("\n")]
    return (
        len(lines) >= 2
        and lines[-2].startswith("Problem: ")
        and lines[-1].startswith("Fix: ")
        and b"Traceback" not in stderr
    )


def parser(description: str | None) -> argparse.ArgumentParser:
    """What every such script may be told."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--no-record", action="store_true", help="Leave benchmarks/ as it is.")
    return made


def finish(name: str, rows: list[Row], began_s: float, given: argparse.Namespace) -> None:
    """Tell what a script found and put it into the record; leave with 1 where something failed.

    Args:
        name: Of the script, in the record; what it found before is replaced.
        rows: What it found.
        began_s: When it began, on the clock of `time.monotonic`.
        given: Its arguments.
    """
    if not given.no_record:
        _record(name, rows, time.monotonic() - began_s)
    for row in rows:
        print(f"{row.tried}: {row.count:,} tried, {row.failures:,} failed; {row.outcome}", flush=True)
    sys.exit(any(row.failures for row in rows))


def _record(name: str, rows: list[Row], seconds: float) -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    command = shlex.join(["python", f"scripts/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    results[name] = {
        "command": command,
        "seconds": round(seconds),
        "machine": machine(),
        "rows": [asdict(row) for row in rows],
    }
    text = json.dumps(dict(sorted(results.items())), indent=1, ensure_ascii=False)
    RESULTS.write_text(text + "\n", encoding="utf-8")
