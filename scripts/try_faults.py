"""Take folder, clock and files away from `gen`, and begin a second training where one is at work.

    python scripts/try_faults.py --count 30 --seconds 3600

Moments, sizes and bytes are drawn from the seed. What must hold after each fault: an error of two lines,
whole models and states, and a run that goes on to the very end that it has without the fault.
"""

import os
import random
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from trial_runs import FLAGS, LIMIT_S, STEPS, VALIDATE_EVERY, Whole, newest, stop, write_text
from trials import GEN, Row, finish, is_two_lines, parser, run, turns

from gen.errors import GenError
from gen.files import cache_folder, is_temporary
from gen.training.run import RunFolder

RESUMED_SHARE = 50  # of the damaged states one in so many is resumed
BACKWARDS = """
import sys, time
began = time.time()
time.time = lambda: began - 3600 * (time.monotonic() % 24)
from gen.cli import main
main(sys.argv[1:])
"""


def removed_folder(whole: Whole, place: Path, numbers: Iterator[int], draw: random.Random) -> Row:
    """The folder of a run is removed while it runs."""
    count = failures = 0
    for number in numbers:
        out = place / f"removed-{number}"

        def remove(_process: object, out: Path = out) -> None:
            while out.exists():  # again where a file was just being put there
                shutil.rmtree(out, ignore_errors=True)

        ended = whole.disturbed(out, draw.randint(1, STEPS * 3 // 4), remove)
        failures += ended.code != 1 or not is_two_lines(ended.stderr) or out.exists()
        count += 1
    return Row(
        "the folder of a run removed under it",
        count,
        "two lines at the next save; not made again as if nothing had been lost",
        failures,
    )


def clock(whole: Whole, place: Path, numbers: Iterator[int]) -> Row:
    """The time of day jumps back an hour each second; the runs end as ever."""
    count = failures = 0
    for number in numbers:
        out = place / f"clock-{number}"
        command = [GEN[0], "-c", BACKWARDS, "train", "--corpus", str(whole.corpus), *FLAGS, "--out", str(out)]
        failures += run(command, limit_s=LIMIT_S).code != 0 or bool(whole.differences(out))
        count += 1
    return Row(
        "the time of day going backwards, an hour a second",
        count,
        "ends as ever, byte for byte",
        failures,
    )


def damaged_states(whole: Whole, place: Path, numbers: Iterator[int], draw: random.Random) -> Row:
    """The newest state is damaged: the one before is used, and that is said."""
    out, damaged = place / "stopped", RunFolder(place / "damaged")
    if whole.disturbed(out, VALIDATE_EVERY * 3 // 2, stop).code != 143:
        raise SystemExit("a run that was told to stop went on")
    count = failures = resumed = 0
    for number in numbers:
        count += 1
        shutil.rmtree(damaged.path, ignore_errors=True)
        shutil.copytree(out, damaged.path)
        content = bytearray(damaged.state.read_bytes())
        byte = draw.randrange(len(content))
        if number % 2:
            content[byte] ^= 1 << draw.randrange(8)
        else:
            del content[byte:]
        damaged.state.write_bytes(content)
        try:
            saved = damaged.load_state()
        except GenError:
            failures += 1
            continue
        failures += not saved.note or saved.progress.step != newest(out, "validation")
        if number % RESUMED_SHARE == 0:
            resumed += 1
            failures += not whole.goes_on(damaged.path)
    return Row(
        "the newest state cut short, or with a bit flipped",
        count,
        f"the one before is used and that is said; {resumed} resumed to the same end, byte for byte",
        failures,
    )


def damaged_cache(whole: Whole, place: Path, numbers: Iterator[int], draw: random.Random) -> Row:
    """A bit changes in what the cache has of the corpus: it is encoded anew, and that is said."""
    count = failures = 0
    for number in numbers:
        cached = sorted((cache_folder() / "ids").iterdir())
        path = cached[number % len(cached)]
        before = path.read_bytes()
        content = bytearray(before)
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(content)
        out = place / f"cached-{number}"
        ended = whole.begin(out)
        failures += (
            ended.code != 0
            or b"encoded anew" not in ended.stderr
            or bool(whole.differences(out))
            or path.read_bytes() != before
        )
        count += 1
    return Row(
        "a bit flipped in the prepared corpus in the cache",
        count,
        "it is encoded anew, and that is said; ends as ever, byte for byte",
        failures,
    )


def second_training(whole: Whole, place: Path, numbers: Iterator[int], draw: random.Random) -> Row:
    """Begin and resume, at any step, in a folder that another process trains in."""
    count = failures = 0
    for number in numbers:
        out = place / f"locked-{number}"

        def rivals(_process: object, out: Path = out) -> None:
            nonlocal count, failures
            resume = [*GEN, "train", "--resume", "--out", str(out)]
            pair = [
                subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                for command in (resume, whole.command(out))
            ]
            for rival in pair:
                said = rival.communicate()[1]
                count += 1
                failures += rival.returncode != 1 or not is_two_lines(said)

        ended = whole.disturbed(out, draw.randint(1, STEPS // 2), rivals)
        failures += ended.code != 0 or bool(whole.differences(out))
    return Row(
        "a second `gen train` in the folder of one that runs, at any step",
        count,
        "each refused with two lines; the first ended as ever, byte for byte",
        failures,
    )


def full_standard_output(whole: Whole) -> Row:
    """Standard output has no room."""
    model, text = str(whole.out), str(whole.corpus)
    commands = (
        ["sample", model],
        ["info", model],
        ["eval", model, "--corpus", text],
        ["report", model, "--json"],
        ["inspect", model, "--prompt", "the", "--json"],
        ["serve", model, "--port", "0"],
        ["corpora"],
        ["corpora", "inspect", text],
        ["--help"],
        ["--version"],
    )
    failures = 0
    with Path("/dev/full").open("wb") as full:
        for arguments in commands:
            ended = run_into(full, [*GEN, *arguments])
            if ended.returncode != 1 or not is_two_lines(ended.stderr):
                failures += 1
                print(f"{arguments}: {ended.returncode} {ended.stderr.decode()[-500:]}", flush=True)
    return Row(
        "standard output where there is no room, of every command that writes there",
        len(commands),
        "two lines",
        failures,
    )


def run_into(output: IO[bytes], command: list[str]) -> "subprocess.CompletedProcess[bytes]":
    """Run a command whose standard output is a file."""
    return subprocess.run(command, stdout=output, stderr=subprocess.PIPE, check=False, timeout=LIMIT_S)


def limited_outputs(whole: Whole, place: Path, numbers: Iterator[int], draw: random.Random) -> Row:
    """The files that `--out` names may not grow beyond a size, at any byte of them."""
    model, tune = str(whole.out), str(place / "tune.mid")
    run([*GEN, "sample", "ryans-mammoth", "--bars", "16", "--out", tune], limit_s=LIMIT_S)
    commands = {
        "new.txt": ["sample", model, "--length", "3000"],
        "new.mid": ["sample", "ryans-mammoth", "--bars", "16"],
        "new.wav": ["render", tune],
        "new.musicxml": ["render", tune],
        "model.keras": ["export", model, "--to", "keras"],
        "model.safetensors": ["export", model, "--to", "half"],
        "report.html": ["report", model],
        "inspect.html": ["inspect", model, "--prompt", "the"],
    }
    count = failures = 0
    sizes: dict[str, int] = {}
    for number in numbers:
        name = list(commands)[number % len(commands)]
        out, before = place / name, b"of before"
        command = [*GEN, *commands[name], "--out", str(out)]
        if name not in sizes:
            failures += run(command, limit_s=LIMIT_S).code != 0
            sizes[name] = out.stat().st_size
        out.write_bytes(before)
        limit = draw.randrange(sizes[name])

        def limited(limit: int = limit) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        ended = run(command, limit_s=LIMIT_S, preexec_fn=limited)
        litter = [path for path in place.iterdir() if is_temporary(path)]
        wrong = ended.code != 1 or not is_two_lines(ended.stderr) or out.read_bytes() != before or litter
        if wrong:
            print(f"{name}, {limit} bytes: {ended.code} {ended.stderr.decode()[-500:]} {litter}", flush=True)
        failures += bool(wrong)
        count += 1
    return Row(
        "text, music, sound, pages and models where there is no room, from the first byte to the last",
        count,
        "two lines; what the file held before is kept, nothing half written is left",
        failures,
    )


def rows(place: Path, count: int, seconds: float, seed: int) -> Iterator[Row]:
    """Try each fault so many times; of the damaged states a hundred times as many."""
    whole, draw = Whole(write_text(place / "text.txt")), random.Random(seed)
    few, share_s = max(1, count // 4), seconds / 6
    yield full_standard_output(whole)
    yield limited_outputs(whole, place, turns(count, share_s, "outputs without room"), draw)
    yield second_training(whole, place, turns((count + 1) // 2, share_s, "second trainings"), draw)
    yield removed_folder(whole, place, turns(count, share_s, "folders removed"), draw)
    yield clock(whole, place, turns(few, share_s, "clocks"))
    yield damaged_cache(whole, place, turns(few, share_s, "damaged caches"), draw)
    yield damaged_states(whole, place, turns(100 * count, share_s, "damaged states"), draw)


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--seed", type=int, default=0)
    given.add_argument("--count", type=int, default=10)
    given.add_argument(
        "--seconds", type=float, default=3600, help="Time, at the most, but for what is begun."
    )
    arguments = given.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name).resolve()
        os.environ["GEN_CACHE"] = str(place / "cache")
        found = list(rows(place, arguments.count, arguments.seconds, arguments.seed))
    finish("faults", found, began_s, arguments)


if __name__ == "__main__":
    main()
