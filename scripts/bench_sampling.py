"""How fast a model writes: characters a second by texts at once, memory, and the time to the first character.

    python scripts/bench_sampling.py --json benchmarks/sampling.json

The models have random weights; speed does not depend on what they learned. Where torch is installed, the
usual loop over its `nn.LSTM`, one step at a time, takes turns with `gen`.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine

from gen.checkpoint import Model, save_model, weight_shapes
from gen.config import ModelConfig
from gen.sampler.choose import Choices
from gen.sampler.forward import Network
from gen.tokenizer.characters import CharacterTokenizer
from gen.writing.text import write_text

CHARACTERS = "".join(map(chr, range(32, 97)))
SHAPES = {"128x2": (128, 2), "512x1": (512, 1), "512x2": (512, 2)}
TEXTS = (1, 16, 64)
WARM_UP_STEPS = 30
# A process that `fork` makes counts its parent's memory as its own until `exec`, and keeps it as its peak: so
# a small process, not this one, starts the one to be measured.
PEAK_OF_CHILD = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def random_model(units: int, layers: int) -> Model:
    """A model of the usual shape with random weights."""
    generator = np.random.default_rng(0)
    config = ModelConfig(len(CHARACTERS), min(64, units), units, layers)
    weights = {
        name: generator.normal(0, 0.05, shape).astype(np.float32)
        for name, shape in weight_shapes(config).items()
    }
    return Model("text", config, CharacterTokenizer(CHARACTERS).to_json(), weights)


def write_with_gen(model: Model, texts: int) -> Iterator[list[str]]:
    """What `gen sample` does once the model is open."""
    network = Network(model.config, model.weights)
    tokenizer = CharacterTokenizer(CHARACTERS)
    return write_text(network, tokenizer, "", Choices((0.8, 0.8)), length=1 << 30, count=texts)


def write_with_torch(model: Model, texts: int) -> Iterator[list[str]]:
    """The usual loop: embedding, `nn.LSTM`, output and `multinomial`, one character at a time."""
    import torch

    config = model.config
    embedding = torch.nn.Embedding(config.vocabulary_size, config.embedding_size)
    lstm = torch.nn.LSTM(config.embedding_size, config.units, config.layers)
    output = torch.nn.Linear(config.units, config.vocabulary_size)
    ids, state = torch.zeros(1, texts, dtype=torch.long), None
    while True:
        # not around the loop: a generator would leave it switched off for whoever asks it
        with torch.no_grad():
            h, state = lstm(embedding(ids), state)
            shares = torch.softmax(output(h[0]) / 0.8, dim=-1)
            ids = torch.multinomial(shares, 1).T
        yield [CHARACTERS[number] for number in ids[0].tolist()]


WRITERS = {"gen": write_with_gen, "torch": write_with_torch}


def characters_per_s(writer: str, model: Model, texts: int, seconds: float) -> float:
    """Characters a second over all texts, in this process."""
    pieces = WRITERS[writer](model, texts)
    for _ in itertools.islice(pieces, WARM_UP_STEPS):
        pass
    started, written, elapsed_s = time.perf_counter(), 0, 0.0
    while elapsed_s < seconds:
        written += sum(map(len, itertools.chain.from_iterable(itertools.islice(pieces, 20))))
        elapsed_s = time.perf_counter() - started
    return written / elapsed_s


def measure(models: dict[str, Model], rounds: int, seconds: float) -> list[dict[str, Any]]:
    """Medians over rounds in which every writer has its turn with every model and number of texts."""
    writers = [name for name in WRITERS if name == "gen" or find_spec(name)]
    if len(writers) < len(WRITERS):
        print("torch is not installed: left out")
    cases = list(itertools.product(models, TEXTS, writers))
    rates: dict[tuple[str, int, str], list[float]] = {case: [] for case in cases}
    for _ in range(rounds):
        for name, texts, writer in cases:
            rates[name, texts, writer].append(characters_per_s(writer, models[name], texts, seconds))
    rows = []
    for name, texts in itertools.product(models, TEXTS):
        row: dict[str, Any] = {"model": name, "streams": texts}
        found = {writer: statistics.median(rates[name, texts, writer]) for writer in writers}
        row["characters_per_s"] = round(found["gen"])
        if "torch" in found:
            row["torch_characters_per_s"] = round(found["torch"])
            row["ratio"] = round(found["gen"] / found["torch"], 2)
        rows.append(row)
        print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    return rows


def sample_command(path: Path) -> list[str]:
    return [sys.executable, "-m", "gen", "sample", str(path), "--length", "2000"]


def first_character_s(path: Path) -> float:
    """Seconds from starting `gen sample` to its first character."""
    started = time.perf_counter()
    with subprocess.Popen(sample_command(path), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        seconds = time.perf_counter() - started
        process.stdout.read()
    return seconds


def peak_bytes(path: Path) -> int:
    """The most memory that `gen sample` had resident."""
    command = [sys.executable, "-c", PEAK_OF_CHILD, *sample_command(path)]
    peak = int(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return peak * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.4, help="of each turn")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    models = {name: random_model(*shape) for name, shape in SHAPES.items()}
    about: dict[str, Any] = {"machine": machine()}
    about["rates"] = measure(models, arguments.rounds, arguments.seconds)
    with tempfile.TemporaryDirectory() as folder:
        about["starts"] = []
        for name, model in models.items():
            path = Path(folder) / f"{name}.safetensors"
            save_model(path, model)
            first_s = statistics.median(first_character_s(path) for _ in range(arguments.rounds))
            row = {"model": name, "first_character_s": round(first_s, 3)}
            row["peak_mb"] = round(peak_bytes(path) / 1e6)
            about["starts"].append(row)
            print(f"{name}: first character after {first_s:.3f} s, at most {row['peak_mb']} MB resident")
    if arguments.json:
        arguments.json.write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
