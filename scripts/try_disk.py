"""Take the disk away from `gen train`: full, read-only, or with files that may not grow.

    python scripts/try_disk.py --count 20 --seconds 3600

A disk that is full and one that cannot be written are small file systems in memory, mounted for the purpose;
where that is not allowed they are left out, and the record says so. Files that may not grow beyond a size are
cut by the system at any byte (RLIMIT_FSIZE). Sizes and moments are drawn from the seed. After each fault
the folder must hold whole models and states, and the run must go on to the very end that it has without it.
"""

import errno
import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trial_runs import FILES, LIMIT_S, STEPS, Whole, stop, write_text
from trials import GEN, Row, finish, is_two_lines, parser, run, turns

BLOCK_BYTES = 1 << 16


def limited_files(whole: Whole, place: Path, numbers: Iterator[int], draw: random.Random) -> Row:
    """No file may grow over so many bytes: some saves succeed, some stop in the middle."""
    largest = max((whole.out / name).stat().st_size for name in FILES)
    count = failures = 0
    for number in numbers:
        limit, out = draw.randint(1, largest - 1), place / f"limited-{number}"

        def limited(limit: int = limit) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        ended = whole.begin(out, preexec_fn=limited)
        failures += ended.code != 1 or not is_two_lines(ended.stderr) or not whole.goes_on(out)
        count += 1
    return Row(
        "a file that may not grow beyond a size, at any byte of a model or state",
        count,
        "two lines, whole files; resumed to the same end, byte for byte",
        failures,
    )


def full_disk(whole: Whole, place: Path, numbers: Iterator[int], draw: random.Random) -> Row:
    """A file system of any size, from one that holds nothing to one that holds nearly all of a run."""
    needed = 2 * sum((whole.out / name).stat().st_size for name in FILES)
    count = failures = refused = 0
    for number in numbers:
        disk = place / f"full-{number}"
        with small_disk(disk, draw.randint(1, needed)) as remount:
            ended = whole.begin(disk / "run")
            remount(f"size={10 * needed}")
            is_refused = ended.code == 1 and is_two_lines(ended.stderr)
            refused += is_refused
            failures += not (is_refused or ended.code == 0) or not whole.goes_on(disk / "run")
        count += 1
    return Row(
        "a disk that is full, from the first save to the last",
        count,
        f"two lines ({refused} times; for the others it was enough), whole files; "
        "resumed with more room to the same end, byte for byte",
        failures,
    )


def filled_disk(whole: Whole, place: Path, numbers: Iterator[int], draw: random.Random) -> Row:
    """A file system that something else fills to the last byte at any step of a run."""
    needed = 2 * sum((whole.out / name).stat().st_size for name in FILES)
    count = failures = refused = 0
    for number in numbers:
        disk = place / f"filled-{number}"

        def filled(_process: object, disk: Path = disk) -> None:
            fill(disk)

        with small_disk(disk, 2 * needed):
            ended = whole.disturbed(disk / "run", draw.randint(0, STEPS - 1), filled)
            is_refused = ended.code == 1 and is_two_lines(ended.stderr)
            refused += is_refused
            (disk / "other").unlink(missing_ok=True)
            failures += not (is_refused or ended.code == 0) or not whole.goes_on(disk / "run")
        count += 1
    return Row(
        "a disk that something else fills, at any step",
        count,
        f"two lines ({refused} times; the others had ended), whole files; "
        "resumed when there was room to the same end, byte for byte",
        failures,
    )


def fill(disk: Path) -> None:
    """Take all the room that is left, and what is given back in the next moments."""
    with (disk / "other").open("ab", buffering=0) as file:
        for _ in range(100):
            for size in (BLOCK_BYTES, 1):
                with suppress(OSError):
                    while file.write(bytes(size)):
                        pass
            time.sleep(0.001)


def read_only_disk(whole: Whole, place: Path, numbers: Iterator[int], draw: random.Random) -> Row:
    """A file system that can no longer be written when a run is to go on, or another to begin."""
    count = failures = 0
    for number in numbers:
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
        count += 2
    return Row(
        "a run on a disk that has become read-only, and a new one there",
        count,
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
            raise PermissionError(errno.EPERM, f"no file system can be mounted with {options}")

    place.mkdir()
    mount(f"size={size}")
    try:
        yield lambda options: mount(f"remount,{options}")
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def rows(place: Path, count: int, seconds: float, seed: int) -> Iterator[Row]:
    """Try each fault so many times; each has the same share of the time."""
    whole, draw = Whole(write_text(place / "text.txt")), random.Random(seed)
    yield limited_files(whole, place, turns(count, seconds / 4, "files of limited size"), draw)
    try:
        with small_disk(place / "probe", 1 << 16):
            pass
    except PermissionError:
        yield Row("a full and a read-only disk", 0, "not tried: no file system may be mounted here", 0)
        return
    yield full_disk(whole, place, turns(count, seconds / 4, "full disks"), draw)
    yield filled_disk(whole, place, turns(count, seconds / 4, "disks that are filled"), draw)
    yield read_only_disk(whole, place, turns(max(1, count // 4), seconds / 4, "read-only disks"), draw)


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--seed", type=int, default=0)
    given.add_argument("--count", type=int, default=20, help="Of each fault.")
    given.add_argument(
        "--seconds", type=float, default=3600, help="Time, at the most, but for what is begun."
    )
    arguments = given.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        found = list(rows(Path(name), arguments.count, arguments.seconds, arguments.seed))
    finish("disk", found, began_s, arguments)


if __name__ == "__main__":
    main()
