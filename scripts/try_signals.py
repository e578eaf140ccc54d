"""Interrupt, terminate and hang up every command of `gen` at any moment, and run it in odd terminals.

    python scripts/try_signals.py --count 12 --seconds 3600

Signals come at random moments of a command's whole life, once or twice, to all of its processes, as a
terminal sends them (SIGTERM to the first alone). What must hold: the process ends soon, with the code of the
signal or its own; stderr has no traceback; nothing is left in the folder for temporary files, and no file is
half written; and a training goes on to the end that it has without the signal.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from terminals import terminals
from tqdm import tqdm
from trial_runs import Whole, damaged_models, write_text, write_tunes
from trials import GEN, Row, finish, parser

import gen
from gen.files import is_temporary

# what a second signal, a default action and a finished command may leave as well
CODES = {signal.SIGINT: {130, -2, 0}, signal.SIGTERM: {143, -15, 0}, signal.SIGHUP: {129, -1, 0}}
SOON_S = 20.0
RESUMED_SHARE = 3  # of the trainings one in so many is brought to its end
PACKAGE = os.fsencode(Path(gen.__file__).parent)


@dataclass
class Trials:
    """A command, and what came of it.

    Attributes:
        command: What is begun.
        folder: Where it writes; emptied before each trial, and the cache with it.
        check: What must hold of it besides, a fault in words; empty where it holds.
        life_s: How long it takes, undisturbed.
        count: Trials so far.
        in_time: Signals that came before its end.
        codes: Exit codes.
        slowest_s: From the last signal to the end, at the most.
        before_gen: How often the interpreter was interrupted before it had come to `gen`.
        failures: How often it was not as promised.
    """

    command: list[str]
    folder: Path | None = None
    check: Callable[[int], str] = lambda _turn: ""
    life_s: float = 0.0
    count: int = 0
    in_time: int = 0
    codes: Counter[int | None] = field(default_factory=Counter)
    slowest_s: float = 0.0
    before_gen: int = 0
    failures: int = 0

    def empty(self, cache: Path) -> None:
        """Begin as nobody had been here."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
            shutil.rmtree(cache, ignore_errors=True)


def commands(whole: Whole, place: Path) -> dict[str, Trials]:
    """Every command of `gen`, on something that takes it a while."""
    model, text = str(whole.out), str(whole.corpus)
    tunes, out = str(write_tunes(place / "tunes")), place / "out"
    tune = place / "tune.mid"
    run([*GEN, "sample", "ryans-mammoth", "--bars", "64", "--out", str(tune)])
    run_of = {name: place / "out" / name for name in ("run", "workers")}

    def goes_on(turn: int) -> str:
        if turn % RESUMED_SHARE or whole.goes_on(run_of["run"]):
            return ""
        return "does not go on to the same end"

    def is_sound(_turn: int) -> str:
        return "; ".join(damaged_models(run_of["workers"]))

    return {
        "train": Trials(whole.command(run_of["run"]), out, goes_on),
        "train --workers": Trials([*whole.command(run_of["workers"]), "--workers", "2"], out, is_sound),
        "sample": Trials([*GEN, "sample", model, "--length", "30000"]),
        "sample --out": Trials(
            [*GEN, "sample", "ryans-mammoth", "--bars", "64", "--out", f"{out}/a.mid"], out
        ),
        "eval": Trials([*GEN, "eval", model, "--corpus", text]),
        "info": Trials([*GEN, "info", "king-james"]),
        "report": Trials([*GEN, "report", model, "--out", f"{out}/report.html"], out),
        "inspect": Trials([*GEN, "inspect", model, "--prompt", f"@{text}", "--out", f"{out}/a.html"], out),
        "serve": Trials([*GEN, "serve", model, "king-james", "--port", "0"]),
        "corpora list": Trials([*GEN, "corpora"]),
        "corpora inspect": Trials([*GEN, "corpora", "inspect", tunes], out),
        "corpora prepare": Trials([*GEN, "corpora", "prepare", "python-docs"], out),
        "corpora prepare --out": Trials(
            [*GEN, "corpora", "prepare", tunes, "--out", f"{out}/shards", "--shards", "3"], out
        ),
        "export --to keras": Trials([*GEN, "export", model, "--to", "keras", "--out", f"{out}/m.keras"], out),
        "export --to half": Trials(
            [*GEN, "export", model, "--to", "half", "--out", f"{out}/m.safetensors"], out
        ),
        "render": Trials([*GEN, "render", str(tune), "--out", f"{out}/a.wav"], out),
    }


def run(command: Sequence[str]) -> float:
    """Run a command to its end; how long it took."""
    began_s = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - began_s


def served(command: Sequence[str]) -> float:
    """How long a server takes until it says where it is."""
    began_s = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    return time.monotonic() - began_s


def try_once(tried: Trials, stderr: Path, temporary: Path, draw: random.Random) -> str:
    """Begin a command, signal it, and say what was not as promised."""
    number = draw.choice([signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    waits_s = [draw.uniform(0, tried.life_s)]
    if draw.random() < 0.5:
        waits_s.append(draw.choice([draw.uniform(0, 0.02), draw.uniform(0, 0.5)]))
    with stderr.open("wb") as told:
        process = subprocess.Popen(
            tried.command, stdout=subprocess.DEVNULL, stderr=told, start_new_session=True
        )
        for wait_s in waits_s:
            time.sleep(wait_s)
            if process.poll() is None:
                tried.in_time += 1
                (process.send_signal if number is signal.SIGTERM else _to_all(process))(number)
        if process.poll() is None and "serve" in tried.command:  # which else would not end
            waits_s.append(0.0)
            _to_all(process)(number)
        code, seconds = _ended(process)
    turn, said = tried.count, stderr.read_bytes()
    tried.count += 1
    tried.codes[code] += 1
    tried.slowest_s = max(tried.slowest_s, seconds)
    left = [str(path) for path in temporary.iterdir()]
    left += [
        str(path) for path in (tried.folder.rglob(".*.tmp") if tried.folder else ()) if is_temporary(path)
    ]
    for path in temporary.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    has_traceback = b"Traceback" in said
    if (has_traceback or b"Fatal Python error" in said) and PACKAGE not in said:
        tried.before_gen += 1
        return ""
    if code not in CODES[number] or has_traceback:
        return f"{number.name} after {waits_s} s: {code}\n{said.decode('utf-8', 'replace')[-2000:]}"
    if left and len(waits_s) == 1:
        return f"{number.name} after {waits_s} s: {code}, left {left}"
    return tried.check(turn) if code != 0 else ""


def _to_all(process: "subprocess.Popen[bytes]") -> Callable[[int], None]:
    return lambda number: os.killpg(process.pid, number)


def _ended(process: "subprocess.Popen[bytes]") -> tuple[int | None, float]:
    """The exit code, None where it had to be killed, and how long it took."""
    began_s = time.monotonic()
    try:
        code: int | None = process.wait(SOON_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        code = None
    return code, time.monotonic() - began_s


def signals(place: Path, whole: Whole, count: int, until_s: float, draw: random.Random) -> list[Row]:
    """Each command so many times, in turn, as far as the time allows."""
    temporary, cache = Path(os.environ["TMPDIR"]), Path(os.environ["GEN_CACHE"])
    every = commands(whole, place)
    for name, tried in tqdm(every.items(), desc="undisturbed"):
        tried.empty(cache)
        tried.life_s = served(tried.command) + 1 if name == "serve" else run(tried.command)
    order = [item for _ in range(count) for item in every.items()]
    for name, tried in tqdm(order, desc="signals"):
        if time.monotonic() > until_s:
            break
        tried.empty(cache)
        if wrong := try_once(tried, place / "stderr", temporary, draw):
            tried.failures += 1
            tqdm.write(f"{name}: {wrong}", file=sys.stderr)
    return [_row(name, tried) for name, tried in every.items()]


def _row(name: str, tried: Trials) -> Row:
    codes = ", ".join(f"{code}: {times}" for code, times in tried.codes.most_common())
    early = f"; {tried.before_gen} before the interpreter had come to gen" if tried.before_gen else ""
    return Row(
        f"`gen {name}`: Ctrl-C, SIGTERM, SIGHUP at any moment, once or twice",
        tried.count,
        f"{tried.in_time} signals before its end; no traceback, at an end within {tried.slowest_s:.1f} s, "
        f"nothing left; exit codes {codes}{early}",
        tried.failures,
    )


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--seed", type=int, default=0)
    given.add_argument("--count", type=int, default=12, help="Of each command.")
    given.add_argument("--seconds", type=float, default=3600, help="No new trial is begun after so many.")
    arguments = given.parse_args()
    began_s = time.monotonic()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in CODES:  # under nohup, or in the background of a script, they would be ignored
        signal.signal(number, signal.SIG_DFL if number is not signal.SIGINT else signal.default_int_handler)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name).resolve()
        (place / "tmp").mkdir()
        os.environ |= {"TMPDIR": str(place / "tmp"), "GEN_CACHE": str(place / "cache")}
        whole = Whole(write_text(place / "text.txt"))
        until_s, draw = began_s + arguments.seconds, random.Random(arguments.seed)
        rows = [*signals(place, whole, arguments.count, until_s, draw), terminals(whole, place)]
    finish("signals", rows, began_s, arguments)


if __name__ == "__main__":
    main()
