"""How many seconds of music become sound in one of a processor: medians over tunes of several kinds.

    python scripts/bench_sound.py --json benchmarks/sound.json [--soundfont FILE.sf2]

The pieces are of the named corpora, melodies and chorales for four voices, and made up ones: sixteen parts
and drums, playing all the time. Each is written to a file as `gen render` does it, on one thread, and nothing
is kept from the piece before. Besides, the whole command for one piece. The clock is that of the processor,
so that what else runs on the machine counts for little.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported

from machine import machine

from gen.corpus.locate import locate
from gen.corpus.music import MusicParts
from gen.export.midi import write_midi
from gen.export.sound import drums, voices
from gen.export.sound.mixing import length_s
from gen.export.sound.soundfont import write_wave_with
from gen.export.sound.wave_file import write_wave
from gen.score import Part, Score, Tempo, make_score

CORPORA = {"one voice": "ryans-mammoth", "four voices": "bach-chorales"}
PROGRAMS = (0, 4, 11, 19, 24, 32, 40, 46, 48, 52, 56, 60, 64, 71, 73, 81)


def orchestra(number: int, bars: int = 32) -> Score:
    """Every program with a chord or a line, and drums, without a rest."""
    notes = []
    for place, _ in enumerate(PROGRAMS):
        step = (6, 12, 24, 48)[place % 4]
        for onset in range(0, 96 * bars, step):
            pitch = 40 + 2 * place + (onset // step * 7 + number) % 24
            notes.append((onset, step, pitch, 60 + 4 * place, place))
    notes += [(onset, 6, (36, 42, 38, 42)[onset // 12 % 4], 90, 16) for onset in range(0, 96 * bars, 12)]
    parts = [*map(Part, PROGRAMS), Part(0, is_drums=True)]
    return make_score(notes, parts, tempos=[Tempo(0, 100 + 5 * number)]).score


def processor_s() -> float:
    """What this process and those that it started have taken of a processor."""
    return sum(os.times()[:4])


def forget() -> None:
    """As in a new process."""
    voices.TONES.clear()
    drums.drum_samples.cache_clear()


def measure(what: str, scores: list[Score], write: Callable[[Score, Path], None]) -> dict[str, Any]:
    """Each score once, with nothing known from the one before."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "a.wav"
        write(scores[0], out)
        ratios, lengths = [], []
        for score in scores:
            forget()
            started = processor_s()
            write(score, out)
            ratios.append(length_s(score) / (processor_s() - started))
            lengths.append(length_s(score))
    return {
        "what": what,
        "pieces": len(scores),
        "median_length_s": round(statistics.median(lengths), 1),
        "median_times_real_time": round(statistics.median(ratios)),
        "slowest_times_real_time": round(min(ratios)),
    }


def command_s(score: Score) -> float:
    """The whole command, the reading of the file and all imports with it."""
    with tempfile.TemporaryDirectory() as name:
        write_midi(score, Path(name) / "a.mid")
        started = processor_s()
        subprocess.run(
            [sys.executable, "-m", "gen", "render", "a.mid", "--out", "a.wav"],
            cwd=name,
            check=True,
            capture_output=True,
        )
        return round(processor_s() - started, 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pieces", type=int, default=25)
    parser.add_argument("--soundfont", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    scores = {
        what: list(islice(MusicParts(locate(corpus).files, None).read()[0], arguments.pieces))
        for what, corpus in CORPORA.items()
    }
    scores["sixteen parts and drums"] = [orchestra(number) for number in range(5)]
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = []
    for what, pieces in scores.items():
        rows.append(measure(what, pieces, write_wave))
        print(rows[-1], flush=True)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    data: dict[str, Any] = {"machine": machine(), "rows": rows, "more_memory_mb": round(peak_mb - before_mb)}
    if arguments.soundfont:
        for what, pieces in scores.items():

            def write(score: Score, out: Path) -> None:
                write_wave_with(arguments.soundfont, score, out)

            rows.append({**measure(what, pieces, write), "soundfont": arguments.soundfont.name})
            print(rows[-1], flush=True)
    data["command_s"] = command_s(scores["four voices"][0])
    data["command_sounds_s"] = round(length_s(scores["four voices"][0]), 1)
    print({name: data[name] for name in ("more_memory_mb", "command_s", "command_sounds_s")})
    if arguments.json:
        arguments.json.write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    main()
