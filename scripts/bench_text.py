"""Time to quality: `gen train --corpus FILE --minutes M`, defaults only, and what `gen eval` then says.

    python scripts/bench_text.py FILE --minutes 3 10 --json benchmarks/text.json

The last tenth of the file is held out, as `gen train` does by itself. Reported: validation nats a character
over all of it, tokens a second of training, and the wall clock from the start of the process to its end.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import machine


def measure(corpus: Path, minutes: float, seed: int) -> dict[str, Any]:
    """Train once, evaluate the best model."""
    gen = [sys.executable, "-m", "gen"]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        started = time.monotonic()
        subprocess.run(
            [*gen, "train", "--corpus", corpus, "--minutes", str(minutes), "--seed", str(seed), "--out", run],
            check=True,
        )
        wall_s = time.monotonic() - started
        evaluated = subprocess.run([*gen, "eval", run, "--json"], check=True, capture_output=True, text=True)
        told = subprocess.run([*gen, "info", run, "--json"], check=True, capture_output=True, text=True)
        written = subprocess.run(
            [*gen, "sample", run, "--length", "400"], check=True, capture_output=True, text=True
        )
        rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    info, score = json.loads(told.stdout), json.loads(evaluated.stdout)
    config = info["training"]["config"]
    return {
        "minutes": minutes,
        "seed": seed,
        "wall_s": round(wall_s, 1),
        "nats_per_character": round(score["nats_per_token"], 4),
        "characters": score["characters"],
        "tokens_per_s": round(tokens_per_s(rows, config["batch_size"] * config["window"])),
        "steps": config["steps"],
        "precision": config["precision"],
        "model": info["model"],
        "sample": written.stdout,
    }


def tokens_per_s(rows: list[dict[str, Any]], tokens_a_step: int) -> float:
    """The median rate between two lines of the log that no validation lies between."""
    rates: list[float] = []
    for before, after in itertools.pairwise(rows):
        if before["event"] == after["event"] == "train":
            tokens = (after["step"] - before["step"]) * tokens_a_step
            rates.append(tokens / (after["elapsed_s"] - before["elapsed_s"]))
    return sorted(rates)[len(rates) // 2]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--minutes", type=float, nargs="+", default=[3.0, 10.0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    results = []
    for minutes in arguments.minutes:
        results.append(measure(arguments.corpus.resolve(), minutes, arguments.seed))
        row = results[-1]
        print(
            f"{minutes:g} min: {row['nats_per_character']:.4f} nats a character, "
            f"{row['tokens_per_s']:,} tokens/s, {row['wall_s']:.1f} s of wall clock"
        )
        if arguments.json:
            about = {"machine": machine(), "corpus": arguments.corpus.name, "runs": results}
            arguments.json.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
