"""Encoding speed, and memory of training, for a text of a megabyte and one of a gigabyte.

    python scripts/bench_corpus.py --json benchmarks/corpus.json

The texts are made of random words, ASCII and not. Encoding is everything from the files to the ids in the
cache: hashing, splitting, learning the vocabulary, encoding. Memory is the peak of the whole process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine

ENCODE = """
import sys; from pathlib import Path; from gen.dataset.prepare import prepare
prepare((Path(sys.argv[1]),), None)
"""
TRAIN = ["-m", "gen", "train", "--steps", "200", "--units", "128", "--out"]
WORDS = {"ascii": "abcdefghijklmnopqrstuvwxyz", "mixed": "abcdefghijklmnopqrstuvwxyzäöüßéèαβγдежз世界"}


def make_text(path: Path, size_bytes: int, letters: str) -> None:
    """A file of random words, at least so large."""
    generator = np.random.default_rng(0)
    words = ["".join(generator.choice(list(letters), generator.integers(2, 9))) for _ in range(5000)]
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < size_bytes:
            chosen = generator.choice(words, 20_000)
            file.write("\n".join(" ".join(chosen[k : k + 10]) for k in range(0, len(chosen), 10)) + "\n")


def run(arguments: list[str], folder: Path) -> tuple[float, int]:
    """Seconds and peak resident bytes of a Python process on one core."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=os.environ | {"GEN_CACHE": str(folder / "cache")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments} failed")
    return time.perf_counter() - started, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, nargs="+", default=[1, 1000])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for megabytes in arguments.megabytes:
        for kind, letters in WORDS.items():
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                path = folder / "text.txt"
                make_text(path, megabytes * 1_000_000, letters)
                encode_s, encode_bytes = run(["-c", ENCODE, str(path)], folder)
                train = [*TRAIN, str(folder / "run"), "--corpus", str(path)]
                _, train_bytes = run(train, folder)
                rows.append(
                    {
                        "text": kind,
                        "megabytes": megabytes,
                        "encode_s": round(encode_s, 2),
                        "encode_mb_per_s": round(path.stat().st_size / 1e6 / encode_s, 1),
                        "encode_peak_mb": round(encode_bytes / 1e6),
                        "train_peak_mb": round(train_bytes / 1e6),
                    }
                )
                print(rows[-1], flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
