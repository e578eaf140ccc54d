"""The machine's own limit: the rate of matrix products in float32 and in bfloat16, one thread each.

    python scripts/bench_products.py --json benchmarks/products.json

A training step is hardly more than its products, so no kernel can gain more from bfloat16 than they do. The
first sizes are those of the time loop, `(N, H) @ (H, 4H)` for H = 512; the last is large, where nothing but
arithmetic counts.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from machine import machine

from gen.model.backend import quiet_import

SIZES = ((8, 512, 2048), (16, 512, 2048), (32, 512, 2048), (64, 512, 2048), (2048, 2048, 2048))
PRECISIONS = ("float32", "bfloat16")


def case(rows: int, inner: int, columns: int, dtype: str) -> Callable[[], float]:
    """A function that measures billions of multiplications and additions a second, one product at a time."""
    import tensorflow as tf

    generator = tf.random.Generator.from_seed(0)
    left = tf.cast(generator.normal((rows, inner)), dtype)
    right = tf.cast(generator.normal((inner, columns)), dtype)
    flop = 2 * rows * inner * columns
    repeats = max(2, int(4e9 / flop))

    @tf.function
    def products(left: Any, right: Any) -> Any:
        def once(done: Any, left: Any) -> Any:
            # the next product needs this one, so that none is skipped or done beside another
            return done + 1, left + tf.reduce_max(tf.matmul(left, right)) * tf.cast(0, dtype)

        return tf.while_loop(lambda done, _: done < repeats, once, (0, left), parallel_iterations=1)[1]

    compiled = products.get_concrete_function(left, right)

    def gflops() -> float:
        started = time.perf_counter()
        compiled(left, right).numpy()
        return repeats * flop / (time.perf_counter() - started) / 1e9

    gflops()  # warms up
    return gflops


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    quiet_import(1, 1)
    cases = {(size, dtype): case(*size, dtype) for size in SIZES for dtype in PRECISIONS}
    rounds = [{key: gflops() for key, gflops in cases.items()} for _ in range(arguments.rounds)]
    rows = []
    for size in SIZES:
        of = {dtype: statistics.median(rates[size, dtype] for rates in rounds) for dtype in PRECISIONS}
        rows.append({"size": size, **{dtype: round(rate, 1) for dtype, rate in of.items()}})
        ratio = of["bfloat16"] / of["float32"]
        print(
            f"{size}: float32 {of['float32']:.0f}, bfloat16 {of['bfloat16']:.0f} GFLOP/s, ratio {ratio:.2f}"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
