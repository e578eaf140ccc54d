"""Terminals that are narrow, dumb, without colour, or none at all; and streams that are closed or full."""

import os
import pty
import subprocess
from pathlib import Path

from trial_runs import LIMIT_S, Whole
from trials import GEN, Row


def terminals(whole: Whole, place: Path) -> Row:
    """Terminals that are narrow, dumb, without colour, or none at all."""
    failures, turns = 0, 0
    sample = [*GEN, "sample", str(whole.out), "--length", "300"]
    for columns, environment in (
        (20, {}),
        (1, {}),
        (80, {"NO_COLOR": "1"}),
        (80, {"TERM": "dumb"}),
        (80, {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}),
    ):
        for number, command in enumerate((sample, whole.command(place / f"terminal-{turns}"))):
            code, shown = in_terminal(command, columns, environment)
            turns += 1
            has_colour = b"\x1b[3" in shown and "NO_COLOR" in environment
            failures += code != 0 or b"Traceback" in shown or has_colour or (number == 0 and len(shown) < 300)
    for closed in (
        "<&-",
        ">&-",
        "2>&-",
        "<&- 2>&-",
        "| head -c 10",
        "2>/dev/full",
        "| (sleep 2; head -c 10)",
    ):
        done = subprocess.run(
            ["bash", "-c", f'set -o pipefail; "$@" {closed}', "bash", *sample[:-1], "200000"],
            capture_output=True,
            check=False,
        )
        turns += 1
        # nowhere to write to is the user's to know; a reader that has had enough is not
        wanted = 1 if closed == ">&-" else 0
        failures += done.returncode != wanted or b"Traceback" in done.stderr
    return Row(
        "terminals of 1 and 20 columns, dumb, ASCII, without colour; streams closed, full, piped to `head`",
        turns,
        "as ever; a closed or full standard output is told, a reader that leaves ends it quietly",
        failures,
    )


def in_terminal(command: list[str], columns: int, environment: dict[str, str]) -> tuple[int, bytes]:
    """Run a command in a terminal of its own; its exit code and all that was shown."""
    ours, theirs = pty.openpty()
    with open(theirs, "wb", closefd=True) as end:  # noqa: PTH123 - a descriptor, not a path
        process = subprocess.Popen(
            ["sh", "-c", f'stty cols {columns} rows 24; exec "$@"', "sh", *command],
            stdin=end,
            stdout=end,
            stderr=end,
            env={**os.environ, **environment},
        )
    shown = b""
    while True:
        try:
            piece = os.read(ours, 1 << 16)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return process.wait(LIMIT_S), shown
