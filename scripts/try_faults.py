"""Take folder, clock and files away from `gen`, and begin a second training where one is at work.

    python scripts/try_faults.py

What must hold after each fault: an error of two lines, whole models and states, and a run that goes on to the
very end that it has without the fault.
"""

import random
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm
from trial_runs import FLAGS, LIMIT_S, STEPS, VALIDATE_EVERY, Whole, newest, stop, write_text
from trials import GEN, Row, finish, is_two_lines, parser, run

from gen.errors import GenError
from gen.training.run import RunFolder

BACKWARDS = """
import sys, time
began = time.time()
time.time = lambda: began - 3600 * (time.monotonic() % 24)
from gen.cli import main
main(sys.argv[1:])
"""


def removed_folder(whole: Whole, place: Path, count: int, draw: random.Random) -> Row:
    """The folder of a run is removed while it runs."""
    failures = 0
    for number in tqdm(range(count), desc="folders removed"):
        out = place / f"removed-{number}"

        def remove(_process: object, out: Path = out) -> None:
            while out.exists():  # again where a file was just being put there
                shutil.rmtree(out, ignore_errors=True)

        ended = whole.disturbed(out, draw.randint(1, STEPS * 3 // 4), remove)
        failures += ended.code != 1 or not is_two_lines(ended.stderr) or out.exists()
    return Row(
        "the folder of a run removed under it",
        count,
        "two lines at the next save; not made again as if nothing had been lost",
        failures,
    )


def clock(whole: Whole, place: Path, count: int) -> Row:
    """The time of day jumps back an hour each second; the runs end as ever."""
    failures = 0
    for number in tqdm(range(count), desc="clocks"):
        out = place / f"clock-{number}"
        command = [GEN[0], "-c", BACKWARDS, "train", "--corpus", str(whole.corpus), *FLAGS, "--out", str(out)]
        failures += run(command, limit_s=LIMIT_S).code != 0 or bool(whole.differences(out))
    return Row(
        "the time of day going backwards, an hour a second",
        count,
        "ends as ever, byte for byte",
        failures,
    )


def damaged_states(whole: Whole, place: Path, count: int, draw: random.Random) -> Row:
    """The newest state is damaged: the one before is used, and that is said."""
    out, damaged = place / "stopped", RunFolder(place / "damaged")
    if whole.disturbed(out, VALIDATE_EVERY * 3 // 2, stop).code != 143:
        raise SystemExit("a run that was told to stop went on")
    failures, whole_runs = 0, max(1, count // 50)
    for number in tqdm(range(count), desc="damaged states"):
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
        if number < whole_runs:
            failures += not whole.goes_on(damaged.path)
    return Row(
        "the newest state cut short, or with a bit flipped",
        count,
        f"the one before is used and that is said; {whole_runs} resumed to the same end, byte for byte",
        failures,
    )


def second_training(whole: Whole, place: Path, count: int) -> Row:
    """Begin and resume in a folder that another process trains in."""
    out, failures = place / "locked", 0

    def rival(_process: object) -> None:
        nonlocal failures
        resume = [*GEN, "train", "--resume", "--out", str(out)]
        commands = [resume if number % 2 else whole.command(out) for number in range(count)]
        rivals = [
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for command in commands
        ]
        for other in rivals:
            said = other.communicate()[1]
            failures += other.returncode != 1 or not is_two_lines(said)

    ended = whole.disturbed(out, 1, rival)
    failures += ended.code != 0 or bool(whole.differences(out))
    return Row(
        "a second `gen train` in the folder of one that runs",
        count,
        "each refused with two lines; the first ended as ever, byte for byte",
        failures,
    )


def full_outputs(whole: Whole, place: Path) -> Row:
    """What is written runs out of room: standard output, and files of every sort."""
    failures = count = 0
    with Path("/dev/full").open("wb") as full:
        for arguments in (["sample", str(whole.out)], ["info", str(whole.out)], ["corpora"], ["--help"]):
            done = subprocess.run([*GEN, *arguments], stdout=full, stderr=subprocess.PIPE, check=False)
            count += 1
            failures += done.returncode != 1 or not is_two_lines(done.stderr)

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    for name, arguments in (
        ("new.txt", ["sample", str(whole.out), "--length", "1000"]),
        ("model.keras", ["export", str(whole.out), "--to", "keras"]),
    ):
        out, before = place / name, b"of before"
        out.write_bytes(before)
        ended = run([*GEN, *arguments, "--out", str(out)], limit_s=LIMIT_S, preexec_fn=limited)
        count += 1
        litter = any(path.name.endswith(".tmp") for path in place.iterdir())
        failures += ended.code != 1 or not is_two_lines(ended.stderr) or litter or out.read_bytes() != before
    return Row(
        "standard output, a text and a Keras file where there is no room",
        count,
        "two lines; what the file held before is kept, nothing half written is left",
        failures,
    )


def rows(place: Path, count: int, seed: int) -> Iterator[Row]:
    """Try each fault so many times; of the damaged states a hundred times as many."""
    whole, draw = Whole(write_text(place / "text.txt")), random.Random(seed)
    yield full_outputs(whole, place)
    yield second_training(whole, place, count)
    yield removed_folder(whole, place, count, draw)
    yield clock(whole, place, max(1, count // 4))
    yield damaged_states(whole, place, 100 * count, draw)


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--seed", type=int, default=0)
    given.add_argument("--count", type=int, default=10)
    arguments = given.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        found = list(rows(Path(name), arguments.count, arguments.seed))
    finish("faults", found, began_s, arguments)


if __name__ == "__main__":
    main()
