"""Kill `gen corpora prepare` with SIGKILL, again and again, and let two of them make the same shards at once.

    python scripts/try_shards.py --count 40

The making of each folder is killed at random moments, the process alone or with all that it has started, and
then brought to its end by the same command: the files must be those of a folder that nobody disturbed.
"""

import os
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from tqdm import tqdm
from trials import GEN, Row, finish, parser

from gen.files import is_temporary

SHARDS = 6
KILLS_A_FOLDER = 4
LIMIT_S = 600.0
LETTERS = "abcdefgh ijklm\nnopqé"


def put_text(folder: Path, draw: random.Random) -> None:
    """Two files, some megabytes of random characters."""
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text("".join(draw.choices(LETTERS, k=4_000_000)), encoding="utf-8")


def put_music(folder: Path, draw: random.Random) -> None:
    """Melodies in ABC, each in a file of its own."""
    for number in range(150):
        bars = "|".join("".join(draw.choices("CDEFGABc", k=8)) for _ in range(12))
        (folder / f"{number:03}.abc").write_text(f"X:1\nT:{number}\nM:4/4\nL:1/8\nK:C\n{bars}|\n")


def begin(corpus: Path, out: Path, cache: Path) -> "subprocess.Popen[bytes]":
    """The command, in a session of its own."""
    return subprocess.Popen(
        [*GEN, "corpora", "prepare", str(corpus), "--out", str(out), "--shards", str(SHARDS)],
        env=os.environ | {"GEN_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but those that a killed process did not finish."""
    paths = (path for path in folder.rglob("*") if path.is_file() and not is_temporary(path))
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def tried(kind: str, place: Path, count: int, draw: random.Random) -> list[Row]:
    """What came of the kills, and of two at once, for a kind of corpus."""
    corpus = place / kind
    corpus.mkdir()
    (put_text if kind == "text" else put_music)(corpus, draw)
    began_s = time.monotonic()
    failures = int(begin(corpus, place / f"{kind}-whole", place / f"{kind}-cache-0").wait(LIMIT_S) != 0)
    whole_s = time.monotonic() - began_s
    whole = contents(place / f"{kind}-whole")
    unfinished, before_end, folders = 0, 0, -(-count // KILLS_A_FOLDER)
    for number in tqdm(range(folders), desc=f"folders of {kind}"):
        out, cache = place / f"{kind}-{number}", place / f"{kind}-cache-{number + 1}"
        for _ in range(min(KILLS_A_FOLDER, count - number * KILLS_A_FOLDER)):
            process = begin(corpus, out, cache)
            time.sleep(draw.uniform(0.1, 1.0) * whole_s)
            before_end += process.poll() is None
            if process.poll() is None and draw.random() < 0.5:
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.wait()
            unfinished += any(map(is_temporary, out.rglob("*")))
        failures += begin(corpus, out, cache).wait(LIMIT_S) != 0 or contents(out) != whole
    pair = [begin(corpus, place / f"{kind}-two", place / f"{kind}-two-cache") for _ in range(2)]
    codes = [process.wait(LIMIT_S) for process in pair]
    together = any(codes) or contents(place / f"{kind}-two") != whole
    return [
        Row(
            f"`gen corpora prepare` of {kind} killed with SIGKILL",
            count,
            f"{folders} folders, each the same at its end, byte for byte, as one never disturbed; "
            f"{before_end} kills came before the end, after {unfinished} a file lay half written",
            failures,
        ),
        Row(f"two of them making the same shards of {kind} at once", 1, "the same, byte for byte", together),
    ]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--count", type=int, default=40, help="Kills in all.")
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    began_s = time.monotonic()
    draw = random.Random(given.seed)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        for kind in ("text", "music"):
            rows += tried(kind, Path(name), -(-given.count // 2), draw)
    finish("shards", rows, began_s, given)


if __name__ == "__main__":
    main()
