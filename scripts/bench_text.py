"""Time to quality: `gen train --corpus CORPUS --minutes M`, defaults only, and what `gen eval` then says.

    python scripts/bench_text.py tinyshakespeare.txt:3 king-james:10 --json benchmarks/text.json

Each argument is a corpus, as `--corpus` takes it, and minutes; what FILE has of other runs is kept. The last
tenth is held out, as `gen train` does by itself. Reported: validation nats a character over all of it, tokens
a second of training, the wall clock from the start of the process to its end, and the seconds from the
command to the end of ten steps.
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


def measure(corpus: str, minutes: float, seed: int) -> dict[str, Any]:
    """Train once, evaluate the best model."""
    gen = [sys.executable, "-m", "gen"]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        wall_s, ten_steps_s = train(
            [*gen, "train", "--corpus", corpus, "--minutes", str(minutes), "--seed", str(seed)], run
        )
        evaluated = subprocess.run([*gen, "eval", run, "--json"], check=True, capture_output=True, text=True)
        told = subprocess.run([*gen, "info", run, "--json"], check=True, capture_output=True, text=True)
        written = subprocess.run(
            [*gen, "sample", run, "--length", "400"], check=True, capture_output=True, text=True
        )
        rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    info, score = json.loads(told.stdout), json.loads(evaluated.stdout)
    config = info["training"]["config"]
    return {
        "corpus": Path(corpus).stem,
        "minutes": minutes,
        "seed": seed,
        "wall_s": round(wall_s, 1),
        "ten_steps_s": round(ten_steps_s, 1),
        "nats_per_character": round(score["nats_per_token"], 4),
        "characters": score["characters"],
        "tokens_per_s": round(tokens_per_s(rows, config["batch_size"] * config["window"])),
        "steps": config["steps"],
        "precision": config["precision"],
        "model": info["model"],
        "sample": written.stdout,
    }


def train(command: list[str], run: Path) -> tuple[float, float]:
    """Seconds of a training in all, and until the log tells of its first ten steps."""
    started = time.monotonic()
    process = subprocess.Popen([*command, "--out", str(run)])
    log, ten_steps_s = run / "metrics.jsonl", None
    while process.poll() is None:
        if ten_steps_s is None and log.exists() and '"train"' in log.read_text(encoding="utf-8"):
            ten_steps_s = time.monotonic() - started
        time.sleep(0.05)
    wall_s = time.monotonic() - started
    if process.returncode or ten_steps_s is None:
        raise SystemExit(f"{command} failed")
    return wall_s, ten_steps_s


def tokens_per_s(rows: list[dict[str, Any]], tokens_a_step: int) -> float:
    """The median rate between two lines of the log that no validation lies between."""
    rates: list[float] = []
    for before, after in itertools.pairwise(rows):
        if before["event"] == after["event"] == "train":
            tokens = (after["step"] - before["step"]) * tokens_a_step
            rates.append(tokens / (after["elapsed_s"] - before["elapsed_s"]))
    return sorted(rates)[len(rates) // 2]


def which(row: dict[str, Any]) -> tuple[str, float, int]:
    """What tells one run of the results from another."""
    return row["corpus"], row["minutes"], row["seed"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", metavar="CORPUS:MINUTES")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    rows: dict[tuple[str, float, int], dict[str, Any]] = {}
    if arguments.json and arguments.json.exists():
        rows = {which(row): row for row in json.loads(arguments.json.read_text(encoding="utf-8"))["runs"]}
    for run in arguments.runs:
        corpus, minutes = run.rsplit(":", 1)
        row = {"machine": machine(), **measure(corpus, float(minutes), arguments.seed)}
        rows[which(row)] = row
        print(
            f"{row['corpus']}, {row['minutes']:g} min: {row['nats_per_character']:.4f} nats a character, "
            f"{row['tokens_per_s']:,} tokens/s, {row['wall_s']:.1f} s of wall clock, "
            f"ten steps done after {row['ten_steps_s']:.1f} s",
            flush=True,
        )
        if arguments.json:
            about = {"runs": list(rows.values())}
            text = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
            arguments.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
