"""The runs that the scripts which disturb training begin, and what each should end in."""

import json
import random
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trials import GEN, Ended, run

from gen.checkpoint import load_model
from gen.errors import GenError
from gen.training.run import RunFolder

STEPS = 1500
VALIDATE_EVERY = STEPS // 10
FLAGS = ["--steps", str(STEPS), "--units", "48", "--batch-size", "4", "--window", "24", "--dropout", "0.3"]
FLAGS += ["--precision", "float32", "--seed", "3"]
FILES = ("best.safetensors", "state.validated.safetensors", "last.safetensors")
LIMIT_S = 300.0


def write_text(path: Path) -> Path:
    """A text of made-up words, which has something to learn."""
    draw = random.Random(1)
    words = ["".join(draw.choices("aeioulnrst", k=draw.randint(2, 7))) for _ in range(200)]
    path.write_text(" ".join(draw.choices(words, k=4000)), encoding="utf-8")
    return path


def write_tunes(path: Path) -> Path:
    """A folder of tunes in ABC."""
    draw = random.Random(2)
    path.mkdir()
    for number in range(30):
        bars = ["".join(draw.choices("CDEFGABcde", k=8)) for _ in range(12)]
        head = f"X:1\nT:Tune {number}\nM:4/4\nL:1/8\nK:C\n"
        (path / f"{number}.abc").write_text(head + " | ".join(bars) + " |]\n", encoding="utf-8")
    return path


def log_of(out: Path) -> list[dict[str, Any]]:
    """The whole lines of a run's log."""
    try:
        lines = (out / "metrics.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    except OSError:
        return []
    return [json.loads(line) for line in lines]


def newest(out: Path, event: str) -> int:
    """The step of the log's last line of an event; 0 where there is none."""
    return max((row["step"] for row in log_of(out) if row["event"] == event), default=0)


class Whole:
    """A run that nothing disturbs, which others are compared with.

    Args:
        corpus: What to learn; the run is kept beside it.
    """

    def __init__(self, corpus: Path) -> None:
        self.corpus = corpus
        self.out = corpus.with_name(f"whole-{corpus.name}")
        ended = self.begin(self.out)
        if ended.code != 0:
            raise SystemExit(f"exit code {ended.code}: {ended.stderr.decode()}")
        self.seconds = ended.seconds

    def command(self, out: Path) -> list[str]:
        """What begins the same run in another folder."""
        return [*GEN, "train", "--corpus", str(self.corpus), *FLAGS, "--out", str(out)]

    def begin(self, out: Path, **options: Any) -> Ended:
        """Begin the same run in another folder and wait for its end."""
        return run(self.command(out), limit_s=LIMIT_S, **options)

    def disturbed(self, out: Path, step: int, disturb: Callable[[subprocess.Popen[bytes]], None]) -> Ended:
        """Begin the same run in another folder, do something to it after a step, and wait for its end."""
        with tempfile.TemporaryFile() as told:
            process = subprocess.Popen(self.command(out), stdout=subprocess.DEVNULL, stderr=told)
            while process.poll() is None and newest(out, "train") < step:
                time.sleep(0.002)
            disturb(process)
            code = process.wait(LIMIT_S)
            told.seek(0)
            return Ended(code, b"", told.read(), 0, 0)

    def differences(self, out: Path) -> list[str]:
        """What of a run that has ended is not what it is here."""
        found = [name for name in FILES if not _is_same(out / name, self.out / name)]
        logs = [
            [{**row, "elapsed_s": 0} for row in log_of(folder) if row["event"] == "validation"]
            for folder in (out, self.out)
        ]
        return found if logs[0] == logs[1] else [*found, "metrics.jsonl"]

    def goes_on(self, out: Path) -> bool:
        """Whether what a fault has left is whole, and goes on to the end that the run has without it."""
        if damaged_models(out):
            return False
        folder = RunFolder(out)
        if folder.has_state():
            if folder.load_state().progress.step >= STEPS:
                return not self.differences(out)
            ended = run([*GEN, "train", "--resume", "--out", out], limit_s=LIMIT_S)
        else:
            ended = self.begin(out)
        return ended.code == 0 and not self.differences(out)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Tell a run to save and to leave."""
    process.terminate()


def damaged_models(out: Path) -> list[str]:
    """What is wrong with the models of a folder."""
    folder, found = RunFolder(out), []
    for model in (folder.best, folder.last):
        try:
            if model.exists():
                load_model(model)
        except GenError as error:
            found.append(str(error))
    return found


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and one.read_bytes() == other.read_bytes()
