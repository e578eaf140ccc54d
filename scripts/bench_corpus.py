"""Encoding speed, and memory of training, for a text of a megabyte and one of a gigabyte.

    python scripts/bench_corpus.py --json benchmarks/corpus.json

The texts are made of random words, ASCII and not. The whole way is everything from the files to the ids in
the cache: hashing, splitting, learning the vocabulary, encoding, writing. Encoding alone is from characters
in memory to ids. Both are bytes of UTF-8 a second of the processor, on which other work on the machine bears
less; the whole way's seconds by the clock, in which the disk has its part, are kept too. Memory is the peak
of the whole process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from machine import machine

ENCODE = """
import sys; from pathlib import Path; from gen.dataset.prepare import prepare
prepare((Path(sys.argv[1]),), None)
"""
ALONE = """
import sys, time; from itertools import islice; from pathlib import Path
from gen.corpus.text import iterate_text; from gen.tokenizer.characters import CharacterTokenizer
texts = list(islice(iterate_text((Path(sys.argv[1]),)), 400))
tokenizer = CharacterTokenizer.learn(texts)
megabytes = sum(len(text.encode()) for text in texts) / 1e6
times, begun = 0, time.process_time()
while (taken_s := time.process_time() - begun) < 0.5:
    for text in texts: tokenizer.encode(text)
    times += 1
print(megabytes * times / taken_s)
"""
TRAIN = ["-m", "gen", "train", "--steps", "200", "--units", "128", "--out"]
WORDS = {"ascii": "abcdefghijklmnopqrstuvwxyz", "mixed": "abcdefghijklmnopqrstuvwxyzäöüßéèαβγдежз世界"}


def make_text(path: Path, size_bytes: int, letters: str) -> None:
    """A file of random words, at least so large."""
    generator = np.random.default_rng(0)
    words = ["".join(generator.choice(list(letters), generator.integers(2, 9))) for _ in range(5000)]
    lines = [" ".join(chosen) + "\n" for chosen in generator.choice(words, (20_000, 10))]
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < size_bytes:
            generator.shuffle(lines)
            file.write("".join(lines))


class Cost(NamedTuple):
    """What a process took: seconds of the clock and of the processor, and its peak of resident bytes."""

    clock_s: float
    processor_s: float
    peak_bytes: int


def run(arguments: list[str], folder: Path) -> Cost:
    """Run Python."""
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
    peak_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Cost(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, peak_bytes)


def encoding_alone(path: Path) -> float:
    """Megabytes a second from characters to ids."""
    done = subprocess.run([sys.executable, "-c", ALONE, path], check=True, capture_output=True, text=True)
    return float(done.stdout)


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
                whole = run(["-c", ENCODE, str(path)], folder)
                train = [*TRAIN, str(folder / "run"), "--corpus", str(path)]
                trained = run(train, folder)
                rows.append(
                    {
                        "text": kind,
                        "megabytes": megabytes,
                        "encoding_alone_mb_per_s": round(encoding_alone(path)),
                        "whole_clock_s": round(whole.clock_s, 2),
                        "whole_processor_s": round(whole.processor_s, 2),
                        "whole_mb_per_s": round(path.stat().st_size / 1e6 / whole.processor_s, 1),
                        "whole_peak_mb": round(whole.peak_bytes / 1e6),
                        "train_peak_mb": round(trained.peak_bytes / 1e6),
                    }
                )
                print(rows[-1], flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
