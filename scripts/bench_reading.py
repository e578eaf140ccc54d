"""Files of music a second: `gen`'s pool of workers beside `music21.converter.parse`, on the same MIDI files.

    python scripts/bench_reading.py --json benchmarks/reading.json

The files are written from pieces of the named corpora: single melodies, and chorales for four voices.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

from machine import machine

from gen.corpus.locate import locate
from gen.corpus.music import MusicParts
from gen.export.midi import write_midi

READ = """
import sys; from pathlib import Path; from gen.corpus.library import Library
readings = Library(tuple(sorted(Path(sys.argv[1]).iterdir()))).readings()
print(sum(reading.reason is None for _, reading in readings))
"""
PARSE = """
import sys; from pathlib import Path; from music21 import converter
print(sum(1 for path in sorted(Path(sys.argv[1]).iterdir()) if converter.parse(path, forceSource=True)))
"""


def seconds(program: str, files: Path, cache: Path) -> float:
    """Of a process that reads every file of a folder, its start included."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, files],
        env=os.environ | {"GEN_CACHE": str(cache)},
        check=True,
        capture_output=True,
        text=True,
    )
    if int(done.stdout) != len(list(files.iterdir())):
        raise SystemExit(f"{done.stdout.strip()} of the files were read")
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for corpus in ("ryans-mammoth", "bach-chorales"):
        with tempfile.TemporaryDirectory() as name:
            files = Path(name) / "files"
            files.mkdir()
            training, _ = MusicParts(locate(corpus).files, None).read()
            for number, score in enumerate(islice(training, arguments.files)):
                write_midi(score, files / f"{number:04}.mid")
            count = len(list(files.iterdir()))
            first = seconds(READ, files, Path(name) / "cache")
            again = seconds(READ, files, Path(name) / "cache")
            parsed = seconds(PARSE, files, Path(name) / "cache")
            rows.append(
                {
                    "corpus": corpus,
                    "files": count,
                    "mean_bytes": sum(path.stat().st_size for path in files.iterdir()) // count,
                    "files_per_s": round(count / first, 1),
                    "files_per_s_from_cache": round(count / again, 1),
                    "music21_files_per_s": round(count / parsed, 1),
                }
            )
            print(rows[-1], flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
