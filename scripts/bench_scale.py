"""What communication costs a training step: measured with 1, 2 and 4 processes, planned for 2 to 64 machines.

    python scripts/bench_scale.py --json benchmarks/scale.json

Each process runs its share of the same steps, then the exchange of a step alone, then one of a few bytes, and
the first two again with gradients in bfloat16; their bytes are those that the machine's own interface has
carried meanwhile. All processes share this machine's cores, and its memory is their network, so the figures
say what an exchange costs a processor and that the formula for its bytes is right; what a network adds is
planned from them, by `plan`. It goes by the time of the processors alone, which other work on this machine
does not stretch.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine

from gen.config import ModelConfig, Precision, TrainingConfig
from gen.training.cluster import find_cluster
from gen.training.joining import connect
from gen.training.local_workers import free_addresses, told
from gen.training.setup import parts_for

SIZES = (1, 2, 4)
SIZE_BYTES: dict[Precision, int] = {"float32": 4, "bfloat16": 2}
MACHINES = (2, 4, 8, 16, 32, 64)
LINKS_GBIT = (1, 10, 100)
VOCABULARY, STREAMS, WINDOW = 65, 64, 128
MODEL = ModelConfig(VOCABULARY, 64, 512, 1)
# what travels with the gradients: the loss, a wish to save, and one of three signals
EXTRAS = 5
# between two machines of one room
LATENCY_S = 50e-6
ROOT = Path(__file__).parent.parent


def bytes_sent(workers: int, gradients: Precision) -> float:
    """What each of so many workers sends to sum a message in a ring: all but a share of it, twice."""
    extras = EXTRAS if gradients == "float32" else 4 * EXTRAS * workers  # bytes, in a place for each worker
    return 2 * (workers - 1) / workers * (MODEL.parameters() + extras) * SIZE_BYTES[gradients]


def carried_bytes() -> int:
    """What the machine's own interface has carried since it was started."""
    lines = Path("/proc/net/dev").read_text("ascii").splitlines()
    (loopback,) = (line.split(":")[1].split() for line in lines if line.strip().startswith("lo:"))
    return int(loopback[8])


def work(steps: int) -> dict[str, Any]:
    """What one worker measures."""
    cluster = find_cluster(os.environ)
    parts = parts_for(cluster, STREAMS)
    world = connect(cluster, parts)
    from gen.dataset.windows import Window
    from gen.model.backend import import_tensorflow
    from gen.model.network import Network
    from gen.training.step import TrainingStep

    tf = import_tensorflow()
    config = TrainingConfig(
        1, STREAMS, WINDOW, 1e-3, 0.1, 0.01, 1.0, 0, 1, "float32", "float32", parts, seed=0
    )
    network, (first, last) = Network(MODEL), world.block(STREAMS)
    ids = np.random.default_rng(1).integers(0, VOCABULARY, (STREAMS, WINDOW + 1), np.int32)[first:last]
    own = np.ones((last - first, WINDOW), np.float32), np.zeros(last - first, bool)
    window = Window(ids, *own, (STREAMS - last + first) * WINDOW)
    telling, values = tf.zeros((EXTRAS,)), tf.zeros((MODEL.parameters(),))

    def measured(do: Callable[[], Any], count: int) -> dict[str, float]:
        """Of one: seconds, those of this process's processors, and bytes; after two that do not count."""
        do(), do()
        world.decided(lambda: None)
        bytes_before, processor_before_s, seconds = carried_bytes(), time.process_time(), []
        for _ in range(count):
            began_s = time.perf_counter()
            do()
            seconds.append(time.perf_counter() - began_s)
        processor_s = (time.process_time() - processor_before_s) / count
        world.decided(lambda: None)
        carried = (carried_bytes() - bytes_before) / count / cluster.size
        return {"s": min(seconds), "processor_s": processor_s, "bytes": round(carried)}

    def exchange(count: int, gradients: Precision) -> Callable[[], Any]:
        """The sum of a step over all, of so many gradients."""
        once = tf.function(
            lambda: world.strategy.run(
                lambda: world.summed(tf.identity(telling), [tf.identity(values[:count])], gradients)[1]
            ),
            autograph=False,
        )

        def do() -> None:
            once()[0].numpy()

        return do

    def row(gradients: Precision) -> dict[str, Any]:
        step = TrainingStep(network, replace(config, gradients=gradients), world)
        state = network.initial_state(last - first)
        return {
            "step": measured(lambda: step(window, state, 0, 1e-3), steps),
            "exchange": measured(exchange(MODEL.parameters(), gradients), 2 * steps),
            "formula_bytes": round(bytes_sent(cluster.size, gradients)),
        }

    return {
        "workers": cluster.size,
        "parts": parts,
        **row("float32"),
        "few_bytes": measured(exchange(4, "float32"), 4 * steps),
        **({"bfloat16": row("bfloat16")} if cluster.size > 1 else {}),
    }


def measure(workers: int, steps: int) -> dict[str, Any]:
    """What the chief of so many workers finds."""
    addresses = free_addresses(workers)
    processes = []
    for rank in range(workers):
        environment = {**told(addresses, rank), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, __file__, "--worker", "--steps", str(steps)]
        processes.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    said = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit(f"{workers} workers: exit codes {[process.returncode for process in processes]}")
    found: dict[str, Any] = json.loads(said[0].splitlines()[-1])
    return found


def plan(step_s: float, byte_s: float, message_s: float) -> list[dict[str, Any]]:
    """Expected efficiency: the time of a step without its exchange, as a share of the whole.

    An exchange takes each byte through the link and through the processor, and goes 2 (K - 1) times around.

    Args:
        step_s: What a machine alone takes for a step over all streams.
        byte_s: What a byte costs the processors of sender and receiver, measured.
        message_s: What one of the ring's messages costs them however short it is, measured.
    """
    rows = []
    for gradients in SIZE_BYTES:
        for gbit in LINKS_GBIT:
            for workers in MACHINES:
                sent = bytes_sent(workers, gradients)
                hops = 2 * (workers - 1)
                exchange_s = sent * (8e-9 / gbit + byte_s) + hops * (LATENCY_S + message_s)
                rows.append(
                    {
                        "gradients": gradients,
                        "gbit_per_s": gbit,
                        "machines": workers,
                        "exchange_s": round(exchange_s, 5),
                        "same_batch": round(step_s / workers / (step_s / workers + exchange_s), 4),
                        "same_share": round(step_s / (step_s + exchange_s), 4),
                    }
                )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(work(arguments.steps)))
        return
    rows = [measure(workers, arguments.steps) for workers in SIZES]
    alone, two = rows[0], rows[1]
    few_s = two["few_bytes"]["processor_s"]
    byte_s = max(0.0, two["exchange"]["processor_s"] - few_s) / two["formula_bytes"]
    message_s = few_s / 2  # two messages, one after the other
    step_s = alone["step"]["processor_s"] / alone["parts"]
    found = {
        "machine": machine(),
        "parameters": MODEL.parameters(),
        "streams": STREAMS,
        "time_steps": WINDOW,
        "steps": arguments.steps,
        "rows": rows,
        "byte_s": byte_s,
        "message_s": message_s,
        "step_s": step_s,
        "latency_s": LATENCY_S,
        "plan": plan(step_s, byte_s, message_s),
    }
    print(json.dumps(rows, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
