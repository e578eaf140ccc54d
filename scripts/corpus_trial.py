"""`gen corpora inspect` under watch, and what must hold of its answer: what `try_corpora.py` looks at."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trials import GEN, Row, memory_bytes

MEGABYTE = 1_000_000
MOST_PARENT_BYTES = 900 * MEGABYTE
MOST_WORKER_BYTES = 1400 * MEGABYTE  # the limit of a worker is 1 GiB beyond its start
_LOOK_S = 0.05
_LINGER_S = 15.0
_LONGEST_REASON = 300
_OUR_STDERR = re.compile(r"\s*(reading music.*)?")

Expected = Mapping[
    str, str | None
]  # by file: words of its rejection, none where it is accepted, None for any


@dataclass(frozen=True)
class Watched:
    """A process that came to its end, or was killed at its time limit: then it has no code.

    Attributes:
        own_bytes: The most memory that it held itself.
        worker_bytes: The most that any process held that it started.
        left: Processes of its that are there after it.
    """

    code: int | None
    stdout: str
    stderr: str
    seconds: float
    own_bytes: int
    worker_bytes: int
    left: int


@dataclass
class Family:
    """What came of files of one sort."""

    name: str
    count: int = 0
    read: int = 0
    refused: int = 0
    failures: int = 0
    slowest_s: float = 0
    own_bytes: int = 0
    worker_bytes: int = 0

    def row(self) -> Row:
        """For the table."""
        peak = f"{self.own_bytes / MEGABYTE:,.0f} MB"
        if self.worker_bytes:
            peak += f", of a worker {self.worker_bytes / MEGABYTE:,.0f} MB"
        outcome = f"{self.read:,} read, {self.refused:,} refused"
        return Row(
            self.name,
            self.count,
            f"{outcome}; slowest run {self.slowest_s:.0f} s; peak {peak}",
            self.failures,
        )


@dataclass
class Trial:
    """A place for one run of the script: its folders, and what was found.

    Attributes:
        place: Where everything is.
        families: What was found, by name.
        kept: Where what failed is kept; made when the first does.
    """

    place: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="gen-corpora-")))
    families: dict[str, Family] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.kept = self.place / "failed"
        self.cache = self.place / "cache"
        self.outside = [self.place / name for name in ("home", "tmp", "here")]
        for folder in self.outside:
            folder.mkdir()

    def family(self, name: str) -> Family:
        """What was found of these so far."""
        return self.families.setdefault(name, Family(name))

    def run(
        self,
        command: Sequence[str | Path],
        limit_s: float,
        meanwhile: Callable[[int], None] | None = None,
        cache: Path | None = None,
    ) -> Watched:
        """Run a command to its end; `meanwhile` is called with its process once it is there."""
        home, temporary, here = self.outside
        environment = os.environ | {
            "GEN_CACHE": str(cache or self.cache),
            "HOME": str(home),
            "TMPDIR": str(temporary),
        }
        out, err = self.place / "stdout", self.place / "stderr"
        began_s = time.monotonic()
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=here,
                env=environment,
                start_new_session=True,
            )
            if meanwhile is not None:
                meanwhile(process.pid)
            own, worker, late = 0, 0, False
            while process.poll() is None:
                own = max(own, memory_bytes(process.pid, "VmHWM"))
                worker = max([worker, *(memory_bytes(child, "VmHWM") for child in _children(process.pid))])
                late = time.monotonic() - began_s > limit_s
                if late:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                time.sleep(_LOOK_S)
        seconds = time.monotonic() - began_s
        return Watched(
            None if late else process.returncode,
            out.read_text("utf-8", "replace"),
            err.read_text("utf-8", "replace"),
            seconds,
            own,
            worker,
            _left(process.pid),
        )

    def inspect(
        self,
        family: Family,
        folder: Path,
        expected: Expected,
        *options: str,
        limit_s: float = 300,
        meanwhile: Callable[[int], None] | None = None,
    ) -> dict[str, Any]:
        """Inspect a folder; what is not as promised is counted, told and kept. Gives the answer."""
        names = {path.relative_to(folder).as_posix() for path in _files(folder)}
        command: list[str | Path] = [*GEN, "corpora", "inspect", folder, "--json", *options]
        ended = self.run(command, limit_s, meanwhile)
        wrong = _wrong_with_process(ended, limit_s)
        for place in self.outside:
            if ended.code is not None:  # what is killed cannot clean up
                wrong += [f"{path} was written" for path in place.rglob("*")]
            shutil.rmtree(place)
            place.mkdir()
        answer: dict[str, Any] = {}
        try:
            answer = json.loads(ended.stdout)
        except ValueError:
            wrong.append("no JSON object, or more than one")
        if answer:
            wrong += _wrong_with_files(answer, folder, names, expected)
        family.count += len(names)
        accepted = len(answer.get("accepted", ()))
        family.read += accepted
        family.refused += len(names) - accepted
        family.slowest_s = max(family.slowest_s, ended.seconds)
        family.own_bytes = max(family.own_bytes, ended.own_bytes)
        family.worker_bytes = max(family.worker_bytes, ended.worker_bytes)
        if wrong:
            self.fail(family, wrong, folder, ended)
        return answer

    def fail(self, family: Family, wrong: Sequence[str], folder: Path, ended: Watched | None = None) -> None:
        """Count what is wrong, say it, and keep the folder and what was said of it."""
        family.failures += len(wrong)
        kept = self.kept / f"{len(list(self.kept.glob('*')))}-{folder.name}"
        kept.mkdir(parents=True)
        if folder.exists() and sum(path.lstat().st_size for path in _files(folder)) < 1 << 30:
            shutil.copytree(folder, kept / "files", symlinks=True, ignore=_special)
        told = [f"{family.name}: {line}" for line in wrong]
        if ended is not None:
            (kept / "stdout").write_text(ended.stdout, "utf-8")
            told += [f"exit code {ended.code}", ended.stderr[-2000:]]
        (kept / "wrong").write_text("\n".join(told) + "\n", "utf-8")
        print(f"{kept}: {'; '.join(told[:3])}", flush=True)

    def readings(self, cache: Path | None = None) -> dict[bytes, bytes]:
        """What lies in the cache of music."""
        database = (cache or self.cache) / "music.sqlite"
        if not database.exists():
            return {}
        connection = sqlite3.connect(database)
        try:
            return dict(connection.execute("SELECT key, packed FROM readings"))
        finally:
            connection.close()

    def end(self) -> None:
        """Remove everything but what failed."""
        for path in self.place.iterdir():
            if path == self.kept:
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not self.kept.exists():
            self.place.rmdir()


def _files(folder: Path) -> Iterator[Path]:
    """What is not a folder, and links, which are not followed."""
    for above, folders, files in os.walk(folder):
        linked = [name for name in folders if (Path(above) / name).is_symlink()]
        yield from (Path(above) / name for name in [*files, *linked])


def _special(folder: str, names: list[str]) -> list[str]:
    paths = ((name, Path(folder) / name) for name in names)
    return [n for n, path in paths if not (path.is_file() or path.is_dir() or path.is_symlink())]


def _wrong_with_process(ended: Watched, limit_s: float) -> list[str]:
    wrong = [] if ended.code == 0 else [f"exit code {ended.code}"]
    if ended.code is None:
        wrong.append(f"took longer than {limit_s:g} s")
    if ended.own_bytes > MOST_PARENT_BYTES or ended.worker_bytes > MOST_WORKER_BYTES:
        wrong.append(f"held {ended.own_bytes} bytes, a worker {ended.worker_bytes}")
    if ended.left:
        wrong.append(f"{ended.left} processes were left")
    lines = re.split(r"[\r\n]", ended.stderr)
    return wrong + [f"stderr: {line[:200]!r}" for line in lines if not _OUR_STDERR.fullmatch(line)]


def _wrong_with_files(answer: dict[str, Any], folder: Path, names: set[str], expected: Expected) -> list[str]:
    wrong = []
    accepted = [Path(name).relative_to(folder).as_posix() for name in answer["accepted"]]
    rejected: dict[str, list[str]] = {}
    for each in answer["rejected"]:
        rejected.setdefault(Path(each["file"]).relative_to(folder).as_posix(), []).append(each["reason"])
    if sorted({*accepted, *rejected}) != sorted(names) or len(set(accepted)) != len(accepted):
        wrong.append(f"files lost or made up: {sorted({*accepted, *rejected} ^ names)[:5]}")
    for name, reasons in rejected.items():
        if name in accepted and not all(reason.startswith("tune ") for reason in reasons):
            wrong.append(f"{name} is accepted and rejected: {reasons[0]}")
        wrong += [
            f"{name}: no short line: {reason[:200]!r}"
            for reason in reasons
            if not reason.isprintable() or "Traceback" in reason or not 0 < len(reason) <= _LONGEST_REASON
        ]
    for name, words in expected.items():
        if words == "" and name not in accepted:
            wrong.append(f"{name} is rejected: {rejected.get(name)}")
        elif words and not any(re.search(words, reason) for reason in rejected.get(name, ())):
            wrong.append(f"{name} should be rejected with {words!r}: {rejected.get(name)}")
    return wrong


def _children(pid: int) -> Iterator[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from _children(child)


def _left(session: int) -> int:
    """How many processes of a session are there, some time after its first one ended."""
    until = time.monotonic() + _LINGER_S
    while True:
        listed = subprocess.run(
            ["ps", "-e", "-o", "sid=,stat="], capture_output=True, text=True, check=True
        ).stdout
        states = (line.split() for line in listed.splitlines())
        left = sum(int(owner) == session and not state.startswith("Z") for owner, state in states)
        if not left or time.monotonic() > until:
            return left
        time.sleep(_LOOK_S)
