"""Compare training steps of gen's kernel, `keras.layers.LSTM` and torch's `nn.LSTM`, in one run.

    python scripts/bench_layer.py --torch-python /path/to/python-with-torch --json benchmarks/layer.json
    python scripts/bench_layer.py --shapes 128x2 --contenders gen keras --rounds 3      # short

Every contender trains the same network on the same data: stacked LSTM layers, an output layer of 65
classes in float32, cross-entropy, Adam. One step is forward, backward and update. Beside them stands the
machine's limit: as much arithmetic in large products and nothing else. Thread settings hold for
a whole process, so each contender lives in a worker of its own (`bench_layer_worker.py`). The workers take
turns, one at a time, round after round, so that a busy machine slows all of them alike; the medians and
their ratios are reported.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from machine import machine

WORKER = Path(__file__).with_name("bench_layer_worker.py")

# Units x layers, with N streams and T time steps; the input size equals the units.
SHAPES = {
    "128x2": {"N": 50, "T": 50, "H": 128, "layers": 2},
    "512x1": {"N": 32, "T": 64, "H": 512, "layers": 1},
    "512x2": {"N": 64, "T": 128, "H": 512, "layers": 2},
}
CONTENDERS = ("gen", "keras", "torch", "limit")
PRECISIONS = ("float32", "bfloat16")


class Worker:
    """A contender in its own process, answering one JSON line with one JSON line."""

    def __init__(self, contender: str, python: str, parts: int) -> None:
        self.contender = contender
        self.process = subprocess.Popen(
            [python, str(WORKER), contender, str(parts)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.versions: dict[str, str] = self._answer()

    def time(self, case: dict[str, Any], steps: int) -> float | None:
        """Milliseconds a step over `steps` steps; compiles first where it must. None where it cannot."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({**case, "steps": steps}) + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        if answer["ms"] is None:
            print(f"{self.contender} cannot do this case: {answer['why']}", file=sys.stderr)
        return None if answer["ms"] is None else float(answer["ms"])

    def close(self) -> None:
        """End the process by closing its input."""
        self.process.communicate()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, error = self.process.communicate()
            raise SystemExit(f"the {self.contender} worker ended early:\n{error[-2000:]}")
        return json.loads(line)


def main() -> None:
    options = parse_arguments()
    workers = [
        Worker(name, options.torch_python if name == "torch" else sys.executable, options.parts)
        for name in options.contenders
    ]
    results = []
    for shape in options.shapes:
        for precision in options.precisions:
            case = {**SHAPES[shape], "precision": precision}
            results += measure(workers, case, options.rounds, options.steps, shape)
    for worker in workers:
        worker.close()
    print_table(results)
    if options.json:
        report = {"machine": describe_machine(workers), "parts": options.parts, "results": results}
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def measure(
    workers: list[Worker], case: dict[str, Any], rounds: int, steps: int, shape: str
) -> list[dict[str, Any]]:
    """Alternate rounds between the workers; one result a worker."""
    able = [worker for worker in workers if worker.time(case, steps=2) is not None]
    times: dict[str, list[float]] = {worker.contender: [] for worker in able}
    for _ in range(rounds):
        for worker in able:
            ms = worker.time(case, steps)
            assert ms is not None
            times[worker.contender].append(ms)
    tokens = case["N"] * case["T"]
    return [
        {
            "shape": shape,
            **case,
            "contender": contender,
            "ms_median": statistics.median(ms),
            "ms_all": ms,
            "tokens_per_s": 1e3 * tokens / statistics.median(ms),
        }
        for contender, ms in times.items()
    ]


def print_table(results: list[dict[str, Any]]) -> None:
    """One line a result; the last column compares its tokens/s with those of Keras in the same case."""
    print(f"{'shape':8}{'precision':11}{'contender':11}{'ms/step':>9}{'tokens/s':>11}{'x keras':>9}")
    keras = {
        (row["shape"], row["precision"]): row["ms_median"] for row in results if row["contender"] == "keras"
    }
    for row in results:
        base = keras.get((row["shape"], row["precision"]))
        ratio = f"{base / row['ms_median']:.2f}" if base else "-"
        print(
            f"{row['shape']:8}{row['precision']:11}{row['contender']:11}"
            f"{row['ms_median']:9.1f}{row['tokens_per_s']:11,.0f}{ratio:>9}"
        )


def describe_machine(workers: list[Worker]) -> dict[str, Any]:
    """What the figures depend on: the workers' own versions, and how busy the machine was at the end."""
    versions = {name: version for worker in workers for name, version in worker.versions.items()}
    load = os.getloadavg()[2] if hasattr(os, "getloadavg") else None
    return {**machine(), **versions, "load_15_min": load}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7, help="turns a contender gets in each case")
    parser.add_argument("--steps", type=int, default=3, help="training steps in a turn")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=["gen", "keras", "limit"])
    parser.add_argument("--parts", type=int, default=os.cpu_count() or 1, help="parts gen splits a batch in")
    parser.add_argument("--torch-python", help="a Python that has torch; adds torch to the contenders")
    parser.add_argument("--json", type=Path, help="write the measurements to this file")
    options = parser.parse_args()
    if options.torch_python and "torch" not in options.contenders:
        options.contenders.append("torch")
    options.torch_python = options.torch_python or sys.executable
    return options


if __name__ == "__main__":
    main()
