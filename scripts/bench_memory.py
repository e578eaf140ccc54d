"""Resident memory of a training step, and how it grows with units, layers, streams and time steps.

    python scripts/bench_memory.py --json benchmarks/memory.json

Each case runs a few steps in a process of its own, as `gen train` does on this machine's cores. Reported: the
peak of the process, less that of one with the smallest network, which is TensorFlow's own; and beside it the
formula that `formula_mb` states.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from machine import machine

# H, layers, N, T: each differs in one thing from the first
CASES = (
    (512, 1, 64, 128),
    (512, 1, 64, 256),
    (512, 1, 128, 128),
    (512, 2, 64, 128),
    (512, 3, 64, 128),
    (1024, 1, 64, 128),
)
SMALLEST = (16, 1, 2, 4)
VOCABULARY = 65

STEPS = """
import json, sys
from gen.machine import cores
from gen.model.backend import quiet_import_for_parts
parts = cores()
quiet_import_for_parts(parts)
import numpy as np
from gen.config import ModelConfig, TrainingConfig
from gen.dataset.windows import Window
from gen.model.network import Network
from gen.training.step import TrainingStep
H, layers, N, T, V = json.loads(sys.argv[1])
config = TrainingConfig(steps=3, batch_size=N, window=T, learning_rate=1e-3, dropout=0.2, weight_decay=0.01,
    gradient_norm=1.0, warmup_steps=0, validate_every=3, precision="float32", products="float32",
    parts=parts, seed=0)
network = Network(ModelConfig(V, 64, H, layers))
step, state = TrainingStep(network, config), network.initial_state(N)
window = Window(np.zeros((N, T + 1), np.int32), np.ones((N, T), np.float32), np.zeros(N, bool))
for number in range(3):
    state = step(window, state, number, 1e-3).state
"""


def peak_mb(H: int, layers: int, N: int, T: int) -> float:
    """Peak resident megabytes of a process that takes three steps."""
    arguments = json.dumps([H, layers, N, T, VOCABULARY])
    process = subprocess.Popen([sys.executable, "-c", STEPS, arguments])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the case {arguments} failed")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def formula_mb(H: int, layers: int, N: int, T: int, D: int = 64) -> float:
    """The rule of thumb, in megabytes: 4 (8 P + N T (20 H layers + 5 H + 4 V)) bytes for P weights."""
    weights = sum(4 * H * (H + (H if layer else D) + 1) for layer in range(layers)) + VOCABULARY * (H + D + 1)
    steps = N * T * (20 * H * layers + 5 * H + 4 * VOCABULARY)
    return 4 * (8 * weights + steps) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    start = peak_mb(*SMALLEST)
    print(f"TensorFlow and the smallest network: {start:.0f} MB")
    rows: list[dict[str, Any]] = []
    for case in CASES:
        rows.append(
            {
                **dict(zip(("units", "layers", "streams", "time_steps"), case, strict=True)),
                "measured_mb": round(peak_mb(*case) - start),
                "formula_mb": round(formula_mb(*case)),
            }
        )
        print(rows[-1], flush=True)
    if arguments.json:
        about = {"machine": machine(), "start_mb": round(start), "rows": rows}
        arguments.json.write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
