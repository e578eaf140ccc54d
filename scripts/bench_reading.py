"""Files of music a second: `gen`'s pool of workers beside `music21.converter.parse`, on the same MIDI files.

    python scripts/bench_reading.py --json benchmarks/reading.json

The files are written from pieces of the named corpora: single melodies, and chorales for four voices. Beside
that, for each format, what a file takes of one processor's time, and what share of it is music21's.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from machine import machine

from gen.corpus.locate import locate
from gen.corpus.music import MusicParts
from gen.export.midi import write_midi

READ = """
import sys, time; from pathlib import Path; from gen.corpus.library import Library
readings = Library(tuple(sorted(Path(sys.argv[1]).iterdir()))).readings()
print(sum(reading.reason is None for _, reading in readings), time.process_time())
"""
PARSE = """
import sys; from pathlib import Path; from music21 import converter
print(sum(1 for path in sorted(Path(sys.argv[1]).iterdir()) if converter.parse(path, forceSource=True)), 0)
"""
WORKER = Path(__file__).with_name("bench_reading_worker.py")
# format: a corpus in it, and of how many of its files
FORMATS = {"ABC": ("ryans-mammoth", 300), "MusicXML": ("bach-chorales", 30), "kern": ("palestrina", 15)}


def seconds(program: str, files: Path, cache: Path) -> tuple[float, float]:
    """What reading a folder's files takes: by the clock, and of a processor in the process that asks."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, files],
        env=os.environ | {"GEN_CACHE": str(cache)},
        check=True,
        capture_output=True,
        text=True,
    )
    taken_s = time.perf_counter() - started
    read, own_s = done.stdout.split()
    if int(read) != len(list(files.iterdir())):
        raise SystemExit(f"{read} of the files were read")
    return taken_s, float(own_s)


def shares(kind: str, corpus: str, files: Sequence[Path]) -> dict[str, Any]:
    """Of one format: milliseconds of the processor a file, and whose they are."""
    done = subprocess.run([sys.executable, WORKER, *files], check=True, stdout=subprocess.PIPE, text=True)
    return {"format": kind, "corpus": corpus, "files": len(files), **json.loads(done.stdout)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    formats = [shares(kind, corpus, locate(corpus).files[:most]) for kind, (corpus, most) in FORMATS.items()]
    for corpus in ("ryans-mammoth", "bach-chorales"):
        with tempfile.TemporaryDirectory() as name:
            files = Path(name) / "files"
            files.mkdir()
            training, _ = MusicParts(locate(corpus).files, None).read()
            for number, score in enumerate(islice(training, arguments.files)):
                write_midi(score, files / f"{number:04}.mid")
            count = len(list(files.iterdir()))
            first, first_own = seconds(READ, files, Path(name) / "cache")
            again, _ = seconds(READ, files, Path(name) / "cache")
            parsed, _ = seconds(PARSE, files, Path(name) / "cache")
            formats.append(shares("MIDI", corpus, sorted(files.iterdir())))
            rows.append(
                {
                    "corpus": corpus,
                    "files": count,
                    "mean_bytes": sum(path.stat().st_size for path in files.iterdir()) // count,
                    "files_per_s": round(count / first, 1),
                    "files_per_s_from_cache": round(count / again, 1),
                    "music21_files_per_s": round(count / parsed, 1),
                    "main_process_ms_per_file": round(first_own / count * 1e3, 2),
                }
            )
            print(rows[-1], flush=True)
    for row in formats:
        print(row)
    if arguments.json:
        about = machine()
        data = {"machine": about, "rows": rows, "formats": {"machine": about, "rows": formats}}
        arguments.json.write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    main()
