"""Give every command that takes a model files that are none, or not the ones they say they are.

    python scripts/try_models.py --count 20000 --seconds 1200 --seed 0

Small models of text and music are spoiled in the ways of `tests/mutants.py`. What comes of a file must be an
error of two lines, or a right answer: what `tests/second_reader.py`, which has no code of `gen`, reads in the
same file and finds sound. A traceback, a second of the processor, 200 MB more than before, a file written
elsewhere, a program started or a connection opened is a failure, and the file is kept. All files go through
`gen info` and `gen sample` in this process, and are listed and opened as `gen serve` does it; a share goes
through `gen eval` and `gen export` as well, and some through processes of their own. It ends at the count or
when the time is over; the record goes to benchmarks/reliability.json.
"""

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from model_answers import wrong_info, wrong_refusal, wrong_sample, wrong_served
from tqdm import tqdm
from trials import GEN, Ended, Row, finish, parser, run
from watched import HANGS_S, Commands

from gen.errors import GenError
from gen.streams import one_line
from gen.web.models import Models
from tests.mutants import FAMILIES, Originals, mutants
from tests.second_reader import UNSOUND, read

# one in so many is also evaluated and exported, which takes a second where the file is sound
HEAVY_SHARE = 20
# and besides, a file for so many others goes through processes of its own
ALONE_SHARE = 100
TEXT = "a cat, a dog. The bell\n" * 9


@dataclass
class Tally:
    """What became of one family of files."""

    count: int = 0
    refused: int = 0
    accepted: int = 0
    failures: int = 0
    slowest_s: float = 0.0
    most_bytes: int = 0

    def row(self, family: str) -> Row:
        """The line of the table."""
        outcome = (
            f"{self.refused:,} refused, {self.accepted:,} sound and used rightly; "
            f"slowest {self.slowest_s:.2f} s, most memory {self.most_bytes / 1e6:.0f} MB"
        )
        return Row(family, self.count, outcome, self.failures)


def served(path: Path) -> None:
    """Do with a model what `gen serve` does as it starts, and as it is first asked for it."""
    try:
        models = Models([path], lambda line: print(line, file=sys.stderr))
        [facts] = models.listed()
        models.open(facts["name"])
    except GenError as error:
        print(f"Problem: {one_line(error.problem)}\nFix: {one_line(error.fix)}", file=sys.stderr)
        sys.exit(1)
    print(json.dumps(facts))
    sys.exit(0)


class Trial:
    """Everything that is tried with a file.

    Args:
        folder: Where commands run and may write.
        failures: Where files are kept with which something is wrong.
    """

    def __init__(self, folder: Path, failures: Path) -> None:
        self._folder = folder
        self._failures = failures
        self._commands = Commands(folder)
        self._run = self._commands.run
        self._startup = Ended(0, b"", b"", 0.0, 0)
        self.tallies = {family: Tally() for family in FAMILIES}

    def light(self, path: Path, tally: Tally) -> Iterator[str]:
        """What is wrong with `info`, `sample` and `serve` on a file."""
        commands = [self._run(*command) for command in _light(path)]
        yield from self._judge(commands, path, tally)
        ended = self._commands.watch(lambda: served(path))
        tally.slowest_s = max(tally.slowest_s, ended.seconds)
        tally.most_bytes = max(tally.most_bytes, ended.peak_bytes)
        if commands[0].code == 0:
            yield wrong_served(ended, path.read_bytes())
        else:
            yield wrong_refusal(ended)

    def alone(self, path: Path, tally: Tally) -> Iterator[str]:
        """What is wrong with `info` and `sample` in processes of their own, less what they take to start."""
        less = [
            replace(
                ended,
                seconds=ended.seconds - self._startup.seconds,
                peak_bytes=ended.peak_bytes - self._startup.peak_bytes,
            )
            for ended in self._processes(path)
        ]
        yield from self._judge(less, path, tally)

    def _processes(self, path: Path) -> Iterator[Ended]:
        for command in _light(path):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            ended = run([*GEN, *command], limit_s=HANGS_S, cwd=self._folder)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            yield replace(ended, seconds=seconds)

    def _judge(self, ended: list[Ended], path: Path, tally: Tally) -> Iterator[str]:
        info, sample = ended
        tally.count += 1
        tally.slowest_s = max(tally.slowest_s, info.seconds, sample.seconds)
        tally.most_bytes = max(tally.most_bytes, info.peak_bytes, sample.peak_bytes)
        tally.refused += info.code == 1
        tally.accepted += info.code == 0
        content = path.read_bytes()
        if info.code == 0:
            yield wrong_info(info, content) or wrong_sample(sample, content)
        else:
            yield wrong_refusal(info)
            yield wrong_refusal(sample)

    def heavy(self, path: Path) -> Iterator[str]:
        """What is wrong with `eval` and `export` on a file; where it is sound they may take their time."""
        out = self._folder / "out.keras"
        beside = out.with_suffix(".vocabulary.json")
        told = self._run("eval", path, "--corpus", self._folder / "text.txt", "--json")
        if told.code != 0:
            yield wrong_refusal(told)
        elif not json.loads(told.stdout)["nats_per_token"] >= 0:
            yield "a loss that is none"
        exported = self._run("export", path, "--to", "keras", "--out", out)
        if exported.code != 0:
            yield wrong_refusal(exported)
            return
        try:
            tokens = read(path.read_bytes())["tokenizer"]["tokens"]
            yield "" if json.loads(beside.read_bytes()) == tokens else "another vocabulary"
        except UNSOUND as error:
            yield f"exported, though {error!r}"
        out.unlink()
        beside.unlink()

    def note(self, wrong: Iterable[str], family: str, path: Path, name: str) -> None:
        """Count a file with which something is wrong, and keep it."""
        if told := [*filter(None, wrong)]:
            self.tallies[family].failures += 1
            self._failures.mkdir(parents=True, exist_ok=True)
            kept = shutil.copy(path, self._failures / f"{name}.safetensors")
            tqdm.write(f"{family}: {kept}: {'; '.join(told)}", file=sys.stderr)

    def start(self, paths: Iterable[Path]) -> None:
        """See what sound files take in processes of their own."""
        for path in paths:
            for ended in self._processes(path):
                seconds = max(ended.seconds, self._startup.seconds)
                self._startup = replace(ended, seconds=seconds)  # memory is that of all so far

    def warm_up(self, paths: Iterable[Path], *, heavy: bool) -> None:
        """Load all that commands load.

        Raises:
            RuntimeError: A sound file is not used.
        """
        for path in paths:
            for _ in range(2):  # of the first, what is loaded counts
                wrong = [*self.light(path, Tally()), *(self.heavy(path) if heavy else ())]
            if any(wrong):
                raise RuntimeError(f"{path.name} is sound: {wrong}")


def _light(path: Path) -> tuple[tuple[str | Path, ...], ...]:
    return ("info", path, "--json"), ("sample", path, "--length", "20")


def try_all(trial: Trial, originals: Originals, folder: Path, arguments: argparse.Namespace) -> None:
    """Try files up to the count, or until the time is over."""
    over_s = time.monotonic() + arguments.seconds
    heavy = arguments.count // HEAVY_SHARE

    def files(how: str, count: int) -> Iterator[tuple[str, str, Path]]:
        spoiled = islice(mutants(originals, f"{arguments.seed}-{how}", folder), count)
        for number, (family, path) in enumerate(tqdm(spoiled, total=count, desc=how, unit="file")):
            if time.monotonic() > over_s:
                return
            yield f"{arguments.seed}-{how}-{number}", family, path

    # first alone: the system counts what this process has when it starts another as that one's memory
    trial.start(originals.paths.values())
    for name, family, path in files("alone", arguments.count // ALONE_SHARE):
        trial.note(trial.alone(path, trial.tallies[family]), family, path, name)
    # then without TensorFlow, with which freed memory is kept, and a file that takes much would not be seen
    trial.warm_up(originals.paths.values(), heavy=False)
    for name, family, path in files("light", arguments.count - heavy):
        content = path.read_bytes()
        wrong = [*trial.light(path, trial.tallies[family])]
        if [*folder.iterdir()] != [path] or path.read_bytes() != content:
            wrong.append("the folder is not as it was")
        trial.note(wrong, family, path, name)
    trial.warm_up(originals.paths.values(), heavy=True)
    for name, family, path in files("heavy", heavy):
        wrong = [*trial.light(path, trial.tallies[family]), *trial.heavy(path)]
        trial.note(wrong, family, path, name)


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--count", type=int, default=20_000, help="Files, at the most.")
    given.add_argument("--seconds", type=float, default=1200.0, help="Time, at the most.")
    given.add_argument("--seed", type=int, default=0)
    given.add_argument("--failures", type=Path, default=Path("model-failures"), help="Where they are kept.")
    arguments = given.parse_args()
    sys.dont_write_bytecode = True
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        for part in ("sound", "tried", "tmp"):
            (folder / part).mkdir()
        (folder / "text.txt").write_text(TEXT, "utf-8")
        os.environ["GEN_CACHE"] = str(folder / "cache")
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder / "tmp")
        trial = Trial(folder, arguments.failures)
        try_all(trial, Originals(folder / "sound"), folder / "tried", arguments)
    finish("models", [tally.row(family) for family, tally in trial.tallies.items()], began_s, arguments)


if __name__ == "__main__":
    main()
