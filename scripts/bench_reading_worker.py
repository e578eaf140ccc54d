"""Where the processor's time goes while files of music are read: what share is music21's, and what is ours.

    python scripts/bench_reading_worker.py FILE …     # prints JSON

A timer of the processor's time interrupts the reading, and each time the innermost function of either of the
two has the blame: what Python's own library does, it does for its caller. So nothing is slowed down, as it is
by a profiler that counts calls.
"""

import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType

import music21.midi

import gen.corpus.midi
import gen.corpus.notation
from gen.corpus.reading import read_pieces

_INTERVAL_S = 0.001  # the system may make it a few
_LEAST_S = 2.0
_FOLDERS = {package.__name__: str(Path(package.__path__[0])) for package in (music21, gen)}


def owner(frame: FrameType | None) -> str:
    """Whose the innermost frame is that belongs to either."""
    while frame is not None:
        for name, folder in _FOLDERS.items():
            if frame.f_code.co_filename.startswith(folder):
                return name
        frame = frame.f_back
    return "neither"


def shares(files: list[Path]) -> dict[str, float]:
    """Milliseconds of the processor a file, and whose they were."""
    found: Counter[str] = Counter()
    read_pieces(files[0])  # whatever is done once only
    signal.signal(signal.SIGPROF, lambda _, frame: found.update([owner(frame)]))
    begun = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, _INTERVAL_S, _INTERVAL_S)
    times = 0
    while (taken_s := time.process_time() - begun) < _LEAST_S:
        for path in files:
            read_pieces(path)
        times += 1
    signal.setitimer(signal.ITIMER_PROF, 0)
    whole = max(1, found.total())
    return {
        "ms_per_file": round(taken_s / len(files) / times * 1e3, 2),
        "music21_share": round(found["music21"] / whole, 3),
        "gen_share": round(found["gen"] / whole, 3),
        "samples": found.total(),
    }


if __name__ == "__main__":
    print(json.dumps(shares([Path(name) for name in sys.argv[1:]])))
