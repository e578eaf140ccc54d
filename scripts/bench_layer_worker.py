"""One contender of `bench_layer.py`: reads a case as a JSON line, trains a few steps, answers with its time.

Each contender uses its own natural layout and threads: gen with streams last, the batch in independent parts,
one thread each; Keras batch-major with TensorFlow's default threads; torch time-major with its own threads.
torch's bfloat16 is autocast, which like the others keeps float32 weights for the optimiser. The fourth, the
machine's limit, does nothing but as many multiplications and additions, in large products.
"""

import json
import math
import os
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

Step = Callable[[], float]  # one training step; returns the loss

CLASSES = 65
LARGE = 2048
LEARNING_RATE = 1e-3


def make_data(case: dict[str, Any]) -> tuple[Any, Any]:
    """Inputs (T, N, H) and targets (T, N), the same for every contender."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((case["T"], case["N"], case["H"])).astype(np.float32)
    return x, rng.integers(0, CLASSES, (case["T"], case["N"]))


def prepare_gen(parts: int) -> tuple[dict[str, str], Callable[[dict[str, Any]], Step]]:
    """The kernel of `gen`, the batch split inside the step."""
    from gen.model.backend import quiet_import_for_parts

    quiet_import_for_parts(parts)
    from gen.model.kernels import lstm_sequence, tf
    from gen.model.layer import LSTMLayer, keras
    from gen.model.products import Products
    from gen.training.clock import faster_products

    def build(case: dict[str, Any]) -> Step:
        N, H = case["N"], case["H"]
        layers = [LSTMLayer(H, seed=seed) for seed in range(case["layers"])]
        output = keras.layers.Dense(CLASSES)
        for layer in (*layers, output):
            layer.build((None, None, H))
        variables = [variable for layer in (*layers, output) for variable in layer.trainable_weights]
        optimizer = keras.optimizers.Adam(LEARNING_RATE)
        optimizer.build(variables)
        x, y = (tf.constant(array) for array in make_data(case))
        x = tf.transpose(x, [0, 2, 1])
        bounds = np.linspace(0, N, parts + 1).astype(int).tolist()
        # as `gen train` decides
        multiplied_in = "float32" if case["precision"] == "float32" else faster_products(N // parts, H)
        products = Products.of("float32", case["precision"], multiplied_in)

        def part_loss(fused: Any, start: int, end: int) -> Any:
            h, zeros = x[..., start:end], tf.zeros([H, end - start])
            for W, b in fused:
                h, _, _ = lstm_sequence(h, zeros, zeros, W, b, products=products)
            h = tf.transpose(h, [0, 2, 1])
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y[:, start:end], logits=output(h))
            return tf.reduce_sum(loss) / tf.size(y, tf.float32)

        def step() -> Any:
            with tf.GradientTape() as tape:
                fused = [layer.fused() for layer in layers]
                loss = tf.add_n([part_loss(fused, *part) for part in pairwise(bounds)])
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            return loss

        compiled = tf.function(step)
        return lambda: float(compiled())

    return {"tensorflow": tf.__version__, "keras": keras.__version__}, build


def prepare_keras(_parts: int) -> tuple[dict[str, str], Callable[[dict[str, Any]], Step]]:
    """`keras.layers.LSTM` in a compiled step of its own."""
    from gen.model.backend import import_keras, import_tensorflow

    tf, keras = import_tensorflow(), import_keras()

    def build(case: dict[str, Any]) -> Step:
        policy = "mixed_bfloat16" if case["precision"] == "bfloat16" else "float32"
        T, H = case["T"], case["H"]
        lstms = [keras.layers.LSTM(H, return_sequences=True, dtype=policy) for _ in range(case["layers"])]
        model = keras.Sequential([keras.Input((T, H)), *lstms, keras.layers.Dense(CLASSES)])
        optimizer = keras.optimizers.Adam(LEARNING_RATE)
        optimizer.build(model.trainable_variables)
        x, y = (tf.constant(np.swapaxes(array, 0, 1)) for array in make_data(case))

        def step() -> Any:
            with tf.GradientTape() as tape:
                logits = model(x, training=True)
                loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
                loss = tf.reduce_mean(loss)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            return loss

        compiled = tf.function(step)
        return lambda: float(compiled())

    return {"tensorflow": tf.__version__, "keras": keras.__version__}, build


def prepare_torch(_parts: int) -> tuple[dict[str, str], Callable[[dict[str, Any]], Step]]:
    """The `nn.LSTM` of torch, which runs on oneDNN."""
    import torch

    def build(case: dict[str, Any]) -> Step:
        lstm = torch.nn.LSTM(case["H"], case["H"], case["layers"])
        output = torch.nn.Linear(case["H"], CLASSES)
        optimizer = torch.optim.Adam([*lstm.parameters(), *output.parameters()], LEARNING_RATE)
        x, y = (torch.from_numpy(array) for array in make_data(case))

        def step() -> float:
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=case["precision"] == "bfloat16"):
                h, _ = lstm(x)
            logits = output(h.float())
            loss = torch.nn.functional.cross_entropy(logits.reshape(-1, CLASSES), y.reshape(-1))
            loss.backward()
            optimizer.step()
            return float(loss.detach())

        return step

    return {"torch": torch.__version__}, build


def prepare_limit(parts: int) -> tuple[dict[str, str], Callable[[dict[str, Any]], Step]]:
    """Large products, as many on each core as make the arithmetic of a step."""
    from gen.model.backend import quiet_import_for_parts

    quiet_import_for_parts(parts)
    import tensorflow as tf

    def build(case: dict[str, Any]) -> Step:
        flop_a_core = products_flop(case) / parts
        repeats = math.ceil(flop_a_core / (2 * LARGE**3))
        columns = round(flop_a_core / (2 * LARGE**2) / repeats)
        lefts = [tf.cast(tf.random.normal((LARGE, LARGE)), case["precision"]) for _ in range(parts)]
        right = tf.cast(tf.random.normal((LARGE, columns)), case["precision"])

        def one_core(left: Any) -> Any:
            def once(done: Any, total: Any) -> Any:
                # the next product waits for this one
                return done + 1, total + tf.matmul(left, right + total * 0)[0, 0]

            start = (0, tf.zeros((), case["precision"]))
            return tf.while_loop(lambda done, _: done < repeats, once, start, parallel_iterations=1)[1]

        compiled = tf.function(lambda: tf.add_n([one_core(left) for left in lefts]))
        return lambda: float(compiled())

    return {"tensorflow": tf.__version__}, build


def products_flop(case: dict[str, Any]) -> int:
    """Multiplications and additions in the products of a step: the backward pass has twice the forward's."""
    H = case["H"]
    weights = case["layers"] * 2 * H * 4 * H + H * CLASSES
    return int(3 * 2 * case["N"] * case["T"] * weights)


PREPARE = {"gen": prepare_gen, "keras": prepare_keras, "torch": prepare_torch, "limit": prepare_limit}


def main() -> None:
    # Answers own the real stdout; whatever a library prints goes to stderr.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    versions, build = PREPARE[sys.argv[1]](int(sys.argv[2]))
    print(json.dumps(versions), file=answers, flush=True)
    steps: dict[str, Step] = {}
    for line in sys.stdin:
        case = json.loads(line)
        count = case.pop("steps")
        key = json.dumps(case)
        if key not in steps:
            steps.clear()  # cases come one after the other: the last one's memory is free
            steps[key] = build(case)
        start, loss = time.perf_counter(), 0.0
        try:
            for _ in range(count):
                loss = steps[key]()
        except RuntimeError as error:  # torch has no LSTM in bfloat16 for a processor without AVX-512
            print(json.dumps({"ms": None, "why": str(error)}), file=answers, flush=True)
            continue
        elapsed_s = time.perf_counter() - start
        print(json.dumps({"ms": 1e3 * elapsed_s / count, "loss": loss}), file=answers, flush=True)


if __name__ == "__main__":
    main()
