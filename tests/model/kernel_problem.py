"""A sequence and weights for kernels, values and gradients of their outputs."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gen.model.cell import Weights, fuse
from gen.model.kernels import TENSORFLOW, lstm_sequence, tf
from tests.model.reference import NAMES, Array, random_weights

N, T, D, H = 3, 6, 4, 5
INPUTS = ("x", "h_0", "C_0")


def problem(seed: int, steps: int = T) -> tuple[dict[str, Array], dict[str, Array]]:
    """A random sequence with its first state, and eight distinct random weights."""
    rng = np.random.default_rng(seed)
    sequence = {"x": rng.standard_normal((steps, N, D)), "h_0": rng.uniform(-1, 1, (N, H))}
    return sequence | {"C_0": rng.standard_normal((N, H))}, random_weights(rng, D, H)


def random_mask(seed: int) -> Array:
    mask = np.random.default_rng(seed).random((T, N)) < 0.6
    mask[:, 0] = False  # one stream is masked throughout
    return mask


def rows_for_streams(x: Any, h_0: Any, C_0: Any, W: Any, b: Any, **options: Any) -> Any:
    """`lstm_sequence` as the reference has it: x and h (T, N, …), states (N, H)."""
    h, h_T, C_T = lstm_sequence(
        tf.transpose(x, [0, 2, 1]), tf.transpose(h_0), tf.transpose(C_0), W, b, **options
    )
    return tf.transpose(h, [0, 2, 1]), tf.transpose(h_T), tf.transpose(C_T)


def run(sequence: dict[str, Any], weights: dict[str, Any], **options: Any) -> Any:
    W, b = fuse(Weights(**weights), TENSORFLOW)
    return rows_for_streams(sequence["x"], sequence["h_0"], sequence["C_0"], W, b, **options)


def weighted_sum(outputs: Any) -> Any:
    """A scalar in which every element of h, h_T and C_T has a weight of its own."""
    rng = np.random.default_rng(99)
    return sum(
        tf.reduce_sum(tf.cast(part, tf.float64) * rng.standard_normal(tuple(part.shape))) for part in outputs
    )


def gradients(sequence: dict[str, Array], weights: dict[str, Array], **options: Any) -> dict[str, Array]:
    tensors = {name: tf.constant(value) for name, value in {**sequence, **weights}.items()}
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        outputs = run(
            {name: tensors[name] for name in INPUTS}, {name: tensors[name] for name in NAMES}, **options
        )
        loss = weighted_sum(outputs)
    return {name: gradient.numpy() for name, gradient in tape.gradient(loss, tensors).items()}


def numeric_gradient(loss: Callable[[], float], values: Array, step: float = 1e-5) -> Array:
    """Central differences: an error of order step² for float64 values that `loss` reads in place."""
    gradient = np.zeros_like(values)
    for at in np.ndindex(values.shape):
        middle = values[at]
        values[at] = middle + step
        above = loss()
        values[at] = middle - step
        gradient[at] = (above - loss()) / (2 * step)
        values[at] = middle
    return gradient
