"""Kill `gen train` again and again, go on each time, and compare the end with a run that was never killed.

    python scripts/try_kills.py --count 200 --seconds 2400

A run of a text and one of music are trained once as they are, dropout on. Then the same runs are begun anew
and killed with SIGKILL, about ten times each before they may end: while they start, between updates, in a
validation, while a file is being written, and between the writing of one file and the next. After each kill
every model and state of the folder must load, the newest state must be of the last validation that was
logged or of the one before, and `--resume` must go on. At the end models, state and log must be those of the
run that was never killed, byte for byte.
"""

import random
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm
from trial_runs import FILES, VALIDATE_EVERY, Whole, damaged_models, newest, write_text, write_tunes
from trials import GEN, Row, finish, parser

from gen.errors import GenError
from gen.files import is_temporary
from gen.training.run import RunFolder

KILLS_A_RUN = 10
START_S = 8.0


@dataclass
class Tally:
    """What was seen of one kind of corpus."""

    where: Counter[str] = field(default_factory=Counter)
    cut_files: int = 0
    runs: int = 0
    failures: list[str] = field(default_factory=list)


def is_written(run: Path, name: str) -> bool:
    """Whether a file of the run is half written at this moment."""
    return any(is_temporary(file) and file.name.startswith(f".{name}.") for file in run.glob(".*.tmp"))


def stamp(path: Path) -> int:
    """What changes when another file takes a file's place."""
    return path.stat().st_ino if path.exists() else 0


def moments(run: Path, draw: random.Random) -> tuple[str, float, Callable[[], bool]]:
    """Where to kill: in words, how long to wait after it has come, and whether it has come."""
    name = draw.choice(FILES)
    before = {each: stamp(run / each) for each in FILES}
    step = newest(run, "validation")
    choice = draw.choices(("start", "step", "validation", "writing", "between"), (1, 4, 3, 7, 5))[0]
    if choice == "start":
        began_s, after_s = time.monotonic(), draw.uniform(0, START_S)
        return "while it starts", 0, lambda: time.monotonic() - began_s > after_s
    if choice == "step":
        target = step + draw.randint(1, 2 * VALIDATE_EVERY)
        return "between updates", draw.uniform(0, 0.1), lambda: newest(run, "train") >= target
    if choice == "validation":
        target = (step // VALIDATE_EVERY + 1) * VALIDATE_EVERY
        return "in a validation", draw.uniform(0, 0.1), lambda: newest(run, "train") >= target
    if choice == "writing":
        return (
            f"while {name} is written",
            draw.choice((0, draw.uniform(0, 0.004))),
            lambda: is_written(run, name),
        )
    return f"after {name} was written", draw.uniform(0, 0.002), lambda: stamp(run / name) != before[name]


def live(run: Path, whole: Whole, tally: Tally, draw: random.Random | None) -> bool:
    """Begin a run or go on with it, and kill it if told to; whether it came to its end."""
    is_begun = RunFolder(run).has_state()
    command = [*GEN, "train", "--resume", "--out", str(run)] if is_begun else whole.command(run)
    where, wait_s, has_come = moments(run, draw) if draw else ("", 0.0, lambda: False)
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told)
        while process.poll() is None and not has_come():
            time.sleep(0.001)
        time.sleep(wait_s)
        is_killed = process.poll() is None
        process.kill()
        code = process.wait()
        told.seek(0)
        said = told.read()
    if not is_killed:
        if code or not RunFolder(run).has_state():
            tally.failures.append(f"ended with {code}: {said.decode()[-400:]}")
        return True
    tally.where[where] += 1
    tally.cut_files += any(is_temporary(file) for file in run.glob(".*.tmp"))
    inspect(run, tally, where)
    return False


def inspect(run: Path, tally: Tally, where: str) -> None:
    """Load all that a killed run has left."""
    folder = RunFolder(run)
    tally.failures.extend(f"{where}: {damage}" for damage in damaged_models(run))
    if not folder.has_state():
        if newest(run, "train"):
            tally.failures.append(f"{where}: no state is left")
        return
    try:
        saved = folder.load_state()
    except GenError as error:
        tally.failures.append(f"{where}: {error}")
        return
    if saved.note:
        tally.failures.append(f"{where}: {saved.note}")
    # the state of the last one that is logged may not have been written yet
    if saved.progress.step < newest(run, "validation") - VALIDATE_EVERY:
        tally.failures.append(f"{where}: the state of a validation is gone")


def try_kind(corpus: Path, count: int, deadline_s: float, seed: int, bar: "tqdm[None]") -> Tally:
    """Kill runs of one corpus so many times."""
    tally, draw = Tally(), random.Random(f"{seed} {corpus.name}")
    whole = Whole(corpus)
    number = 0
    while tally.where.total() < count and not tally.failures and time.monotonic() < deadline_s:
        run = corpus.with_name(f"{corpus.name}-{number}")
        number, kills, ended = number + 1, 0, False
        while not ended:
            may_kill = kills < KILLS_A_RUN and tally.where.total() < count
            ended = live(run, whole, tally, draw if may_kill else None)
            kills += 1
            bar.update(0 if ended else 1)
        tally.failures.extend(f"{name} differs from a run never killed" for name in whole.differences(run))
        tally.runs += 1
    return tally


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--seed", type=int, default=0)
    given.add_argument("--count", type=int, default=200, help="Kills, half of each kind.")
    given.add_argument("--seconds", type=float, default=2400, help="No new run is begun after so many.")
    arguments = given.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as name, tqdm(total=arguments.count, unit="kill") as bar:
        corpora = {"text": write_text(Path(name) / "text.txt"), "music": write_tunes(Path(name) / "tunes")}
        deadline_s = began_s + arguments.seconds
        half = (arguments.count + 1) // 2
        bar.set_lock(threading.RLock())
        with ThreadPoolExecutor(2) as pool:
            pending = {
                kind: pool.submit(try_kind, corpus, half, deadline_s, arguments.seed, bar)
                for kind, corpus in corpora.items()
            }
            tallies = {kind: future.result() for kind, future in pending.items()}
    rows = []
    for kind, tally in tallies.items():
        for failure in tally.failures:
            print(f"{kind}: {failure}")
        where = ", ".join(f"{count} {place}" for place, count in sorted(tally.where.items()))
        rows.append(
            Row(
                f"`gen train` of {kind} killed with SIGKILL",
                tally.where.total(),
                f"{tally.runs} runs, each the same at its end, byte for byte, as one never killed; "
                f"{tally.cut_files} kills left a file half written; {where}",
                len(tally.failures),
            )
        )
    finish("kills", rows, began_s, arguments)


if __name__ == "__main__":
    main()
