"""Music: `gen train --corpus CORPUS --minutes M`, defaults only; what `gen eval` says, and 100 new pieces.

    python scripts/bench_music.py ryans-mammoth bach-chorales --minutes 10 --json benchmarks/music.json
    python scripts/bench_music.py FOLDER --test FOLDER/test --frames 4725 --minutes 10 --json ...

Reported: validation nats a note and a beat; with `--test` the same on a folder that training never saw, and
with `--frames` nats a frame, which is all nats over the frames given. Of the pieces: the share that decodes,
that reads back equal from the MIDI file, and that ends by itself; and how far the histograms of pitch
classes, durations and melodic intervals lie from those of the corpus, as total variation (0 alike, 1 nothing
in common). A row of an earlier run stays in the file until the same corpus is measured again.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine

from gen.checkpoint import find_model, load_model
from gen.comparison.music import MusicCounts, distance
from gen.corpus.locate import locate
from gen.corpus.midi import read_midi
from gen.corpus.music import MusicParts
from gen.errors import TokenizerError
from gen.export.midi import midi_bytes
from gen.export.score_file import in_characters
from gen.sampler.choose import Choices
from gen.sampler.forward import Network
from gen.score import Score
from gen.tokenizer.notes import NotesTokenizer
from gen.writing.music import Written, write_music
from gen.writing.request import Request

GEN = [sys.executable, "-m", "gen"]
TEMPERATURE = 0.9
AT_ONCE = 25


def asked(*arguments: str | Path) -> dict[str, Any]:
    """What a command prints as JSON."""
    done = subprocess.run([*GEN, *arguments, "--json"], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def histograms(scores: Iterable[Score]) -> dict[str, Counter[int]]:
    """How often each pitch class, duration in ticks, and interval from note to note of a part occurs."""
    counted = MusicCounts()
    for score in scores:
        counted.add(score)
    classes, intervals, durations = counted.counts
    return {"pitch class": classes, "duration": durations, "interval": intervals}


def pieces(run: Path, number: int) -> tuple[list[Written], int]:
    """New pieces, and how many there would have been had all of them decoded."""
    model = load_model(find_model(run))
    tokenizer = NotesTokenizer.from_json(model.tokenizer)
    network = Network(model.config, model.weights)
    written: list[Written] = []
    for seed in range(-(-number // AT_ONCE)):
        request = Request(Choices((TEMPERATURE, TEMPERATURE)), count=AT_ONCE, seed=seed)
        try:
            written += write_music(network, tokenizer, np.zeros(0, np.int32), request)
        except TokenizerError as error:
            print(f"seed {seed}: {error}")
    return written, -(-number // AT_ONCE) * AT_ONCE


def melody(run: Path) -> Score:
    """A piece of one note at a time, sixteen bars long."""
    model = load_model(find_model(run))
    request = Request(Choices((TEMPERATURE, TEMPERATURE)), bars=16, seed=1)
    network = Network(model.config, model.weights)
    tokenizer = NotesTokenizer.from_json(model.tokenizer)
    (piece,) = write_music(network, tokenizer, np.zeros(0, np.int32), request, melody=True)
    return piece.score


def reads_back(score: Score) -> bool:
    """Whether the notes of the MIDI file are those of the score."""
    again = read_midi(midi_bytes(score)).score
    return np.array_equal(again.notes, score.notes)


def measure(arguments: argparse.Namespace, corpus: str) -> dict[str, Any]:
    """Train, evaluate, write."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        started = time.monotonic()
        subprocess.run(
            [*GEN, "train", "--corpus", corpus, "--minutes", str(arguments.minutes), "--out", run], check=True
        )
        result: dict[str, Any] = {
            "corpus": Path(corpus).name,
            "minutes": arguments.minutes,
            "wall_s": round(time.monotonic() - started, 1),
            "validation": asked("eval", run),
        }
        if arguments.test:
            result["test"] = asked("eval", run, "--corpus", arguments.test)
            result["test"]["corpus"] = f"{arguments.test.parent.name}/{arguments.test.name}"
            if arguments.frames:
                result["test"]["nats_per_frame"] = result["test"]["nats_total"] / arguments.frames
        for part in ("validation", "test"):
            result.get(part, {}).pop("model", None)  # where it lay, which says nothing
        info = asked("info", run)
        result |= {
            "model": info["model"],
            "training": info["training"],
            "vocabulary": len(info["vocabulary"]),
        }
        written, wanted = pieces(run, arguments.pieces)
        example = melody(run)
    located = locate(corpus)
    training, _ = MusicParts(located.files, located.validation).read()
    of_corpus, of_pieces = histograms(training), histograms(piece.score for piece in written)
    result["pieces"] = {
        "written": wanted,
        "temperature": TEMPERATURE,
        "decode": len(written) / wanted,
        "read_back": sum(reads_back(piece.score) for piece in written) / wanted,
        "end_by_themselves": sum(piece.ended for piece in written) / wanted,
        "distance": {name: round(distance(of_corpus[name], of_pieces[name]), 3) for name in of_corpus},
        "histograms": {
            name: {"corpus": dict(sorted(of_corpus[name].items())), "pieces": dict(sorted(found.items()))}
            for name, found in of_pieces.items()
        },
        "example": in_characters(example),
    }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpora", nargs="+")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--pieces", type=int, default=100)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--frames", type=int, help="Of the test part, to divide its nats by.")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows: dict[str, dict[str, Any]] = {}
    if arguments.json and arguments.json.exists():
        rows = {row["corpus"]: row for row in json.loads(arguments.json.read_text())["runs"]}
    for corpus in arguments.corpora:
        row = {"machine": machine(), **measure(arguments, corpus)}
        rows[row["corpus"]] = row
        test = f", test {row['test'].get('nats_per_frame', 0):.3f} nats a frame" if arguments.test else ""
        print(
            f"{Path(corpus).name}: validation {row['validation']['nats_per_note']:.3f} nats a note, "
            f"{row['validation']['nats_per_beat']:.3f} a beat{test}; of {row['pieces']['written']} pieces "
            f"{row['pieces']['decode']:.0%} decode, {row['pieces']['read_back']:.0%} read back, "
            f"{row['pieces']['end_by_themselves']:.0%} end by themselves; {row['pieces']['distance']}",
            flush=True,
        )
        if arguments.json:
            arguments.json.write_text(json.dumps({"runs": list(rows.values())}, indent=1) + "\n")


if __name__ == "__main__":
    main()
