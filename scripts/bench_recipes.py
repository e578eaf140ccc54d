"""Which settings learn a text best for the same work: variants of `gen train`'s recipe, side by side.

    python scripts/bench_recipes.py tinyshakespeare.txt --first 100000 --characters 250000 \
        wide:units=512,steps=1300,dropout=0.5,input_share=0.2,weight_decay=0.3 \
        sure:units=512,steps=1300,dropout=0.5,weight_decay=0.3,confidence_penalty=0 --json recipes.json

Each variant has a name, flags of `gen train` (steps, layers, seed), and fields of `gen.config.Recipe` in
place of what texts get that are read most often. It learns the same piece of the corpus, and is validated on
the corpus's last tenth: a piece is soon learned by heart, and so tells in minutes what takes hours with the
whole. Each runs on a core of its own, as many at once as there are cores; with `steps` it finds the same
however busy the machine is. What FILE has of others is kept.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from machine import machine

from gen.cli import main as gen
from gen.config import Recipe
from gen.kinds import KINDS

HELD_OUT = 0.1
FLAGS = ("steps", "layers", "seed")
Settings = dict[str, int | float]


def recipe_with(fields: Settings) -> Recipe:
    """The recipe of texts with these fields, whatever the corpus's size and the time."""
    recipe = KINDS["text"].recipe
    tables = {name: () for name in vars(recipe) if "_by_" in name}
    return replace(recipe, **{**tables, **fields})  # type: ignore[arg-type]


def train_as(fields: Settings, arguments: list[str]) -> None:
    """`gen train` with such a recipe."""
    KINDS["text"] = replace(KINDS["text"], recipe=recipe_with(fields))
    gen(["train", *arguments])


def fields_of(settings: Settings) -> Settings:
    """Those that are the recipe's and no flags."""
    return {key: number for key, number in settings.items() if key not in FLAGS}


class Trials:
    """Trainings of variants on a piece of a corpus, each on a core of its own.

    Args:
        folder: Where the piece and the runs are put.
        text: The corpus.
        first: Where the piece begins.
        characters: How long it is.
    """

    def __init__(self, folder: Path, text: str, first: int, characters: int) -> None:
        learned = text[: int(len(text) * (1 - HELD_OUT))]
        self._folder = folder
        self._cores: SimpleQueue[int] = SimpleQueue()
        for core in sorted(os.sched_getaffinity(0)):
            self._cores.put(core)
        (folder / "learn.txt").write_text(learned[first : first + characters], "utf-8")
        (folder / "validate.txt").write_text(text[len(learned) :], "utf-8")

    def run(self, name: str, settings: Settings) -> dict[int, float]:
        """The nats a character of each validation, by step."""
        fields = fields_of(settings)
        train = [sys.executable, __file__, "--as", json.dumps(fields), "--precision", "float32"]
        for flag in FLAGS:
            if flag in settings:
                train += [f"--{flag}", str(settings[flag])]
        train += ["--corpus", str(self._folder / "learn.txt")]
        train += [
            "--validation-corpus",
            str(self._folder / "validate.txt"),
            "--out",
            str(self._folder / name),
        ]
        with self._core() as core:
            command = ["taskset", "-c", str(core), *train]
            trained = subprocess.run(command, check=False, capture_output=True, text=True)
        if trained.returncode:
            raise SystemExit(f"{name}: {trained.stderr}")
        rows = [json.loads(line) for line in (self._folder / name / "metrics.jsonl").read_text().splitlines()]
        return {row["step"]: round(row["nats_per_token"], 4) for row in rows if row["event"] == "validation"}

    @contextmanager
    def _core(self) -> Iterator[int]:
        core = self._cores.get()
        try:
            yield core
        finally:
            self._cores.put(core)


def variant(told: str) -> tuple[str, Settings]:
    """A name and settings, from `NAME:SETTING=NUMBER,…`."""
    name, _, settings = told.partition(":")
    pairs = (setting.split("=") for setting in settings.split(","))
    return name, {key: json.loads(number) for key, number in pairs}


def main() -> None:
    if sys.argv[1:2] == ["--as"]:
        train_as(json.loads(sys.argv[2]), sys.argv[3:])
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("variants", nargs="+", type=variant, metavar="NAME:SETTING=NUMBER,…")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--characters", type=int, default=250_000)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    piece = (arguments.first, arguments.characters)
    rows: dict[str, dict[str, Any]] = {}
    if arguments.json and arguments.json.exists():
        rows = {row["name"]: row for row in json.loads(arguments.json.read_text("utf-8"))["variants"]}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        trials = Trials(Path(folder), arguments.corpus.read_text("utf-8"), *piece)
        found = pool.map(lambda told: trials.run(*told), arguments.variants)
        for (name, settings), nats_by_step in zip(arguments.variants, found, strict=True):
            rows[name] = {
                "name": name,
                "machine": machine(),
                "corpus": arguments.corpus.stem,
                "piece": piece,
                "settings": settings,
                "recipe": asdict(recipe_with(fields_of(settings))),
                "nats_by_step": nats_by_step,
            }
            print(f"{name}: {min(nats_by_step.values()):.4f} nats a character", flush=True)
            if arguments.json:
                found_so_far = json.dumps({"variants": list(rows.values())}, indent=1) + "\n"
                arguments.json.write_text(found_so_far, "utf-8")


if __name__ == "__main__":
    main()
