"""Interrupt, terminate and hang up `gen` at any moment, and run it in odd terminals.

    python scripts/try_signals.py --count 30

Signals come at random moments of a command's whole life, once or twice, to all of its processes, as a
terminal sends them (SIGTERM to the first alone). What must hold: the process ends soon, with the code of the
signal or its own; stderr has no traceback; and a training goes on to the end that it has without the signal.
"""

import os
import pty
import random
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm
from trial_runs import LIMIT_S, Whole, write_text, write_tunes
from trials import GEN, Row, finish, parser

# what a second signal, a default action and a finished command may leave as well
CODES = {signal.SIGINT: {130, -2, 0}, signal.SIGTERM: {143, -15, 0}, signal.SIGHUP: {129, -1, 0}}
SOON_S = 20.0


def signalled(
    command: list[str], after_s: list[float], number: signal.Signals, stderr: Path
) -> tuple[int | None, float]:
    """Start a command, signal it after so many seconds each time; its exit code and how long it then took."""
    with stderr.open("wb") as told:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told, start_new_session=True)
        for wait_s in after_s:
            time.sleep(wait_s)
            if process.poll() is None:
                if number is signal.SIGTERM:
                    process.send_signal(number)
                else:
                    os.killpg(process.pid, number)
        began_s = time.monotonic()
        try:
            code = process.wait(SOON_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None, SOON_S
    return code, time.monotonic() - began_s


def signals(whole: Whole, place: Path, count: int, draw: random.Random) -> Iterator[Row]:
    """Each command, each signal, so many times."""
    model, tunes = str(whole.out), str(write_tunes(place / "tunes"))
    commands = {
        "train": (whole.command(place / "run"), whole.seconds),
        "sample": ([*GEN, "sample", model, "--length", "30000"], 1.5),
        "eval": ([*GEN, "eval", model, "--corpus", str(whole.corpus)], 7.0),
        "corpora inspect": ([*GEN, "corpora", "inspect", tunes], 2.0),
        "export": ([*GEN, "export", model, "--to", "keras", "--out", str(place / "m.keras")], 7.0),
    }
    told = place / "stderr"
    for name, (command, life_s) in commands.items():
        failures, codes, slowest_s = 0, Counter[int | None](), 0.0
        for turn in tqdm(range(count), desc=name):
            shutil.rmtree(place / "run", ignore_errors=True)
            number = list(CODES)[turn % 3]
            twice = [draw.uniform(0, 0.3)] if draw.random() < 1 / 3 else []
            code, seconds = signalled(command, [draw.uniform(0.1, life_s), *twice], number, told)
            codes[code] += 1
            slowest_s = max(slowest_s, seconds)
            said = told.read_bytes()
            # before the first line of gen is run, the interpreter's own traceback cannot be helped
            is_ours = b"Traceback" in said and b"gen" in said
            went_wrong = code not in CODES[number] or is_ours
            if name == "train" and not went_wrong and turn < count // 3 and code != 0:
                went_wrong = not whole.goes_on(place / "run")
            if went_wrong:
                failures += 1
                print(f"{name}, {number.name}: {code}\n{said.decode('utf-8', 'replace')[-600:]}")
        told_codes = ", ".join(f"{code}: {times}" for code, times in codes.most_common())
        yield Row(
            f"`gen {name}`: Ctrl-C, SIGTERM, SIGHUP at any moment, once or twice",
            count,
            f"no traceback, at an end within {slowest_s:.1f} s; exit codes {told_codes}",
            failures,
        )


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


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--seed", type=int, default=0)
    given.add_argument("--count", type=int, default=30, help="Of each command.")
    arguments = given.parse_args()
    began_s = time.monotonic()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in CODES:  # under nohup, or in the background of a script, they would be ignored
        signal.signal(number, signal.SIG_DFL)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        whole = Whole(write_text(place / "text.txt"))
        rows = [
            *signals(whole, place, arguments.count, random.Random(arguments.seed)),
            terminals(whole, place),
        ]
    finish("signals", rows, began_s, arguments)


if __name__ == "__main__":
    main()
