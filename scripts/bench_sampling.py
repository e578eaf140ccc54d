"""How fast a model writes: characters a second by streams, and the time from the command to the first one.

    python scripts/bench_sampling.py --json benchmarks/sampling.json

The models have random weights; speed does not depend on what they learned.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine

from gen.checkpoint import Model, save_model, weight_shapes
from gen.config import ModelConfig
from gen.sampler.choose import Choices
from gen.sampler.forward import Network
from gen.sampler.generate import generate
from gen.tokenizer.characters import CharacterTokenizer

CHARACTERS = "".join(map(chr, range(32, 97)))


def random_model(units: int, layers: int) -> Model:
    """A model of the usual shape with random weights."""
    generator = np.random.default_rng(0)
    config = ModelConfig(len(CHARACTERS), min(64, units), units, layers)
    weights = {
        name: generator.normal(0, 0.05, shape).astype(np.float32)
        for name, shape in weight_shapes(config).items()
    }
    return Model("text", config, CharacterTokenizer(CHARACTERS).to_json(), weights)


def characters_per_s(model: Model, streams: int, characters: int) -> float:
    """Characters a second over all streams, in this process."""
    network = Network(model.config, model.weights)
    grammar = CharacterTokenizer(CHARACTERS).grammar(streams)
    ids = generate(network, np.zeros(1, np.int32), grammar, Choices(), streams=streams)
    steps = max(100, characters // streams)
    for _ in itertools.islice(ids, 100):
        pass
    started = time.perf_counter()
    for _ in itertools.islice(ids, steps):
        pass
    return steps * streams / (time.perf_counter() - started)


def first_character_s(path: Path) -> float:
    """Seconds from starting `gen sample` to its first character."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "gen", "sample", str(path), "--length", "2000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        seconds = time.perf_counter() - started
        process.stdout.read()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    models = {"128x2": random_model(128, 2), "512x1": random_model(512, 1), "512x2": random_model(512, 2)}
    cases = [(name, streams) for name in models for streams in (1, 16)]
    rates: dict[tuple[str, int], list[float]] = {case: [] for case in cases}
    for _ in range(arguments.rounds):
        for name, streams in cases:
            rates[name, streams].append(characters_per_s(models[name], streams, 10_000))
    rows: list[dict[str, Any]] = []
    for (name, streams), found in rates.items():
        rows.append({"model": name, "streams": streams, "characters_per_s": round(statistics.median(found))})
        print(f"{name}, {streams} streams: {rows[-1]['characters_per_s']:,} characters/s")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save_model(path, models["512x1"])
        latencies = [first_character_s(path) for _ in range(arguments.rounds)]
    first_s = round(statistics.median(latencies), 3)
    print(f"first character after {first_s} s")
    if arguments.json:
        about = {"machine": machine(), "rates": rows, "first_character_s": first_s}
        arguments.json.write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
