"""Write very long texts and tunes, and watch the memory.

    python scripts/try_long.py --characters 1000000 --bars 1000

The memory of the process is read many times on its way. A text leaves as it is made: in the second half the
process must not hold more than in the first. A tune is written as one file at its end: it must take little
more than a tenth of it does.
"""

import subprocess
import tempfile
import time
from pathlib import Path

from trial_runs import Whole, write_text, write_tunes
from trials import GEN, Row, finish, memory_bytes, parser

from gen.corpus.midi import read_midi

FLAT_BYTES = 4 << 20
TUNE_BYTES = 32 << 20


def watched(command: list[str], out: Path) -> tuple[int, list[int]]:
    """Run a command, its standard output to a file; its exit code and its memory ten times a second."""
    memory: list[int] = []
    with out.open("wb") as written:
        process = subprocess.Popen(command, stdout=written)
        while process.poll() is None:
            if held := memory_bytes(process.pid, "VmRSS"):
                memory.append(held)
            time.sleep(0.1)
    return process.returncode, memory


def long_text(place: Path, characters: int) -> Row:
    """A text of so many characters."""
    whole, out = Whole(write_text(place / "text.txt")), place / "long.txt"
    code, memory = watched([*GEN, "sample", str(whole.out), "--length", str(characters)], out)
    half = len(memory) // 2
    growth = max(memory[half:]) - max(memory[:half])
    count = len(out.read_text(encoding="utf-8").rstrip("\n"))
    return Row(
        f"a text of {characters:,} characters",
        1,
        f"{max(memory) / 1e6:.0f} MB at most, {growth / 1e6:+.1f} MB in the second half",
        int(code != 0 or growth > FLAT_BYTES or abs(count - characters) > 1),
    )


def long_tune(place: Path, bars: int) -> Row:
    """A tune of so many bars, and one of a tenth of them."""
    whole, out = Whole(write_tunes(place / "tunes")), place / "long.mid"
    peaks, failures = [], 0
    for number in (bars // 10, bars):
        command = [*GEN, "sample", str(whole.out), "--bars", str(number), "--out", str(out)]
        code, memory = watched(command, place / "told")
        peaks.append(max(memory))
        score = read_midi(out.read_bytes()).score
        failures += code != 0 or abs(sum(1 for _ in score.bars()) - number) > 1
    growth = peaks[1] - peaks[0]
    return Row(
        f"a tune of {bars:,} bars",
        1,
        f"{len(score.notes):,} notes; {peaks[1] / 1e6:.0f} MB at most, "
        f"{growth / 1e6:+.1f} MB beside a tenth of it",
        int(failures > 0 or growth > TUNE_BYTES),
    )


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--characters", type=int, default=1_000_000)
    given.add_argument("--bars", type=int, default=1000)
    arguments = given.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        rows = [long_text(Path(name), arguments.characters), long_tune(Path(name), arguments.bars)]
    finish("long", rows, began_s, arguments)


if __name__ == "__main__":
    main()
