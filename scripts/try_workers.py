"""Train with two and with three processes, end to end, and kill some on the way.

    python scripts/try_workers.py --count 4

Every run must end where one process ends, but for rounding; a run that was killed and resumed with as many
processes, where the one that was not killed ends, bit for bit. Where nobody watches over the processes, as
on machines of their own, those that are left must end by themselves, with two lines that say so.
"""

import os
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from trial_runs import LIMIT_S, newest, write_text
from trials import GEN, Ended, Row, finish, is_two_lines, parser, run

from gen.training.local_workers import free_addresses, told

SIZES = (2, 3)
STEPS = 120
FLAGS = ["--units", "48", "--batch-size", "7", "--window", "24", "--dropout", "0.3", "--precision", "float32"]
FLAGS += ["--seed", "3"]
TOLERANCE = 1e-5


def command(corpus: Path, out: Path, *more: str) -> list[str]:
    """What begins a run."""
    return [*GEN, "train", "--corpus", str(corpus), "--out", str(out), "--steps", str(STEPS), *FLAGS, *more]


def state_of(out: Path) -> dict[str, Any]:
    """The state that a run ended with."""
    return dict(safetensors.numpy.load_file(out / "state.validated.safetensors"))


def furthest(one: Path, other: Path) -> float:
    """The largest difference between two states."""
    left, right = state_of(one), state_of(other)
    return max(float(np.max(np.abs(left[name].astype(float) - right[name]))) for name in left)


def is_same(one: Path, other: Path) -> bool:
    """Whether two states are the same to the last bit."""
    left, right = state_of(one), state_of(other)
    return all(left[name].tobytes() == right[name].tobytes() for name in left)


def by_themselves(commands: list[list[str]], hit: int | None, out: Path, step: int) -> list[Ended]:
    """Run workers that only TF_CONFIG tells of each other, kill one after a step, and wait for the others."""
    addresses = free_addresses(len(commands))
    processes, ended = [], []
    with tempfile.TemporaryDirectory() as folder:
        for rank, each in enumerate(commands):
            with (Path(folder) / str(rank)).open("wb") as said:
                environment = told(addresses, rank)
                processes.append(
                    subprocess.Popen(each, stdout=subprocess.DEVNULL, stderr=said, env=environment)
                )
        if hit is not None:
            while newest(out, "train") < step and processes[0].poll() is None:
                time.sleep(0.01)
            processes[hit].kill()
        began_s = time.monotonic()
        for rank, process in enumerate(processes):
            code = process.wait(LIMIT_S)
            stderr = (Path(folder) / str(rank)).read_bytes()
            ended.append(Ended(code, b"", stderr, time.monotonic() - began_s, 0))
    return ended


def to_the_end(corpus: Path, here: Path, size: int, one: Path) -> Row:
    """So many processes, twice, beside one."""
    outs = [here / f"of-{size}", here / f"again-{size}"]
    codes = [run(command(corpus, out, "--workers", str(size)), limit_s=LIMIT_S).code for out in outs]
    far = furthest(outs[0], one)
    well = codes == [0, 0] and far <= TOLERANCE and is_same(*outs)
    outcome = f"at most {far:.0e} from one process; the second as the first, bit for bit"
    return Row(f"`--workers {size}` to the end, twice", 2, outcome, int(not well))


def killed(corpus: Path, here: Path, size: int, count: int, draw: random.Random) -> Row:
    """A worker of `--workers` killed, and the run resumed."""
    failures, slowest_s = 0, 0.0
    for number in range(count):
        out = here / f"killed-{size}-{number}"
        process = subprocess.Popen(
            command(corpus, out, "--workers", str(size)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        step, victim = draw.randrange(STEPS // 2), draw.randrange(size)
        while newest(out, "train") < step and process.poll() is None:
            time.sleep(0.01)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split()
        os.kill(int(children[victim]), signal.SIGKILL)
        began_s = time.monotonic()
        _, stderr = process.communicate(timeout=LIMIT_S)
        slowest_s = max(slowest_s, time.monotonic() - began_s)
        well = process.returncode == 1 and is_two_lines(stderr) and b"Worker %d" % victim in stderr
        resumed = [*GEN, "train", "--resume", "--out", str(out), "--workers", str(size)]
        begun = (out / "state.validated.safetensors").exists()
        again = resumed if begun else command(corpus, out, "--workers", str(size))
        well = well and run(again, limit_s=LIMIT_S).code == 0 and is_same(out, here / f"of-{size}")
        failures += not well
    ended = f"all ended within {slowest_s:.1f} s, with two lines that name it"
    outcome = f"{ended}; resumed to the same end, bit for bit"
    return Row(f"a worker of `--workers {size}` killed", count, outcome, failures)


def left_alone(corpus: Path, here: Path, size: int, one: Path, draw: random.Random) -> Row:
    """The chief and another killed with nobody to tell the rest, who are then resumed by other numbers."""
    failures, slowest_s, far = 0, 0.0, 0.0
    for hit in range(2):
        out = here / f"left-{size}-{hit}"
        commands = [command(corpus, out)] * size
        ended = by_themselves(commands, hit, out, draw.randrange(10, STEPS // 2))
        rest = [each for rank, each in enumerate(ended) if rank != hit]
        slowest_s = max([slowest_s, *(each.seconds for each in rest)])
        told = all(is_two_lines(each.stderr) and b" is gone" in each.stderr for each in rest)
        well = told and all(each.code == 1 for each in rest)
        other = [] if hit else ["--workers", str(5 - size)]
        ended_again = run([*GEN, "train", "--resume", "--out", str(out), *other], limit_s=LIMIT_S)
        well = well and ended_again.code == 0 and b"Going on with" in ended_again.stderr
        far = max(far, furthest(out, one)) if well else far
        failures += not (well and far <= TOLERANCE)
    alone = f"the others ended by themselves within {slowest_s:.1f} s, with two lines"
    outcome = f"{alone}; resumed by another number, at most {far:.0e} from one process"
    return Row(f"one of {size} that only TF_CONFIG joins killed", 2, outcome, failures)


def refused(corpus: Path, here: Path, size: int) -> Row:
    """A worker with another corpus, and one with another option."""
    other = corpus.with_name("other.txt")
    other.write_text(corpus.read_text(encoding="utf-8")[::-1], encoding="utf-8")
    failures = 0
    for odd in (command(other, here / "refused"), command(corpus, here / "refused", "--layers", "2")):
        ended = by_themselves(
            [command(corpus, here / "refused")] * (size - 1) + [odd], None, here / "refused", 0
        )
        named = b"Worker %d " % (size - 1)
        failures += not all(
            each.code == 1 and is_two_lines(each.stderr) and named in each.stderr for each in ended
        )
    return Row(
        f"one of {size} with another corpus, or another option", 2, "refused by all, with two lines", failures
    )


def main() -> None:
    making = parser(__doc__)
    making.add_argument("--count", type=int, default=4, help="Kills for each number of processes.")
    given = making.parse_args()
    began_s, draw, rows = time.monotonic(), random.Random(5), []
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        os.environ["GEN_CACHE"] = str(here / "cache")
        corpus, one = write_text(here / "corpus.txt"), here / "one"
        run(command(corpus, one), limit_s=LIMIT_S)
        for size in SIZES:
            rows.append(to_the_end(corpus, here, size, one))
            rows.append(killed(corpus, here, size, given.count, draw))
            rows.append(left_alone(corpus, here, size, one, draw))
            rows.append(refused(corpus, here, size))
    finish("workers", rows, began_s, given)


if __name__ == "__main__":
    main()
