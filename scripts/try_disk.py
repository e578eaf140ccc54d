"""Take the disk away from `gen train`: full, read-only, or with files that may not grow.

    python scripts/try_disk.py

A disk that is full and one that cannot be written are small file systems in memory, mounted for the purpose;
where that is not allowed they are left out, and the record says so. Files that may not grow beyond a size are
cut by the system at any byte (RLIMIT_FSIZE). After each fault the folder must hold whole models and states,
and the run must go on to the very end that it has without the fault.
"""

import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm
from trial_runs import FILES, LIMIT_S, STEPS, Whole, stop, write_text
from trials import GEN, Row, finish, is_two_lines, parser, run


def limited_files(whole: Whole, place: Path, count: int, draw: random.Random) -> Row:
    """No file may grow over so many bytes: some saves succeed, some stop in the middle."""
    largest = max((whole.out / name).stat().st_size for name in FILES)
    failures = 0
    for number in tqdm(range(count), desc="files of limited size"):
        limit, out = draw.randint(1, largest - 1), place / f"limited-{number}"

        def limited(limit: int = limit) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        ended = whole.begin(out, preexec_fn=limited)
        failures += ended.code != 1 or not is_two_lines(ended.stderr) or not whole.goes_on(out)
    return Row(
        "a file that may not grow beyond a size, at any byte of a model or state",
        count,
        "two lines, whole files; resumed to the same end, byte for byte",
        failures,
    )


def full_disk(whole: Whole, place: Path, count: int) -> Row:
    """A file system that holds from little to nearly all of what a run keeps."""
    needed = 2 * sum((whole.out / name).stat().st_size for name in FILES)
    failures = refused = 0
    for number in tqdm(range(count), desc="full disks"):
        disk = place / f"full-{number}"
        with small_disk(disk, needed * (number + 1) // (count + 2)) as remount:
            ended = whole.begin(disk / "run")
            remount(f"size={10 * needed}")
            is_refused = ended.code == 1 and is_two_lines(ended.stderr)
            refused += is_refused
            failures += not (is_refused or ended.code == 0) or not whole.goes_on(disk / "run")
    return Row(
        "a disk that is full, from the first save to the last",
        count,
        f"two lines ({refused} times; for the others it was enough), whole files; "
        "resumed with more room to the same end, byte for byte",
        failures,
    )


def read_only_disk(whole: Whole, place: Path, count: int, draw: random.Random) -> Row:
    """A file system that can no longer be written when a run is to go on, or another to begin."""
    failures = 0
    for number in tqdm(range(count), desc="read-only disks"):
        disk = place / f"read-only-{number}"
        with small_disk(disk, 1 << 26) as remount:
            whole.disturbed(disk / "run", draw.randint(1, STEPS * 3 // 4), stop)
            kept = {path: path.read_bytes() for path in (disk / "run").iterdir()}
            remount("ro")
            for command in (
                [*GEN, "train", "--resume", "--out", str(disk / "run")],
                whole.command(disk / "another"),
            ):
                ended = run(command, limit_s=LIMIT_S)
                failures += ended.code != 1 or not is_two_lines(ended.stderr)
            failures += kept != {path: path.read_bytes() for path in (disk / "run").iterdir()}
            remount("rw")
            failures += not whole.goes_on(disk / "run")
    return Row(
        "a run on a disk that has become read-only, and a new one there",
        2 * count,
        "two lines, nothing changed; resumed when it can be written to the same end, byte for byte",
        failures,
    )


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[Callable[[str], None]]:
    """Mount a file system of so many bytes; what it gives mounts it anew with other options.

    Raises:
        PermissionError: It may not be mounted.
    """

    def mount(options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            raise PermissionError(f"no file system can be mounted with {options}")

    place.mkdir()
    mount(f"size={size}")
    try:
        yield lambda options: mount(f"remount,{options}")
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def rows(place: Path, count: int, seed: int) -> Iterator[Row]:
    """Try each fault so many times."""
    whole, draw = Whole(write_text(place / "text.txt")), random.Random(seed)
    yield limited_files(whole, place, count, draw)
    try:
        with small_disk(place / "probe", 1 << 16):
            pass
    except PermissionError:
        yield Row("a full and a read-only disk", 0, "not tried: no file system may be mounted here", 0)
        return
    yield full_disk(whole, place, count)
    yield read_only_disk(whole, place, max(1, count // 4), draw)


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--seed", type=int, default=0)
    given.add_argument("--count", type=int, default=20, help="Of each fault.")
    arguments = given.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        found = list(rows(Path(name), arguments.count, arguments.seed))
    finish("disk", found, began_s, arguments)


if __name__ == "__main__":
    main()
