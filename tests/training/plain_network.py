"""The network and AdamW as plain loops in float64, to hold the fast ones to."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.config import ModelConfig
from gen.dataset.windows import Window
from gen.model.cell import NUMPY, Weights, lstm_step

Array = NDArray[Any]
Arrays = dict[str, Array]
PlainState = list[tuple[Array, Array]]


def random_weights(shapes: dict[str, tuple[int, ...]], seed: int, scale: float = 0.5) -> Arrays:
    """Distinct random weights everywhere: with equal ones a swapped pair goes unseen."""
    rng = np.random.default_rng(seed)
    return {name: scale * rng.standard_normal(shape).astype("f4") for name, shape in shapes.items()}


def random_state(config: ModelConfig, streams: int, seed: int) -> PlainState:
    rng = np.random.default_rng(seed)
    shape = (streams, config.units)
    return [
        (rng.uniform(-1, 1, shape).astype("f4"), rng.standard_normal(shape).astype("f4"))
        for _ in range(config.layers)
    ]


def plain_logits(
    config: ModelConfig, weights: Arrays, ids: Array, state: PlainState
) -> tuple[Array, PlainState]:
    """Logits (N, T, V) of ids (N, T), and the state after."""
    exact = {name: values.astype(np.float64) for name, values in weights.items()}
    layers = [
        Weights(**{name: exact[f"lstm.{layer}.{name}"] for name in Weights._fields})
        for layer in range(config.layers)
    ]
    state = list(state)
    logits = []
    for t in range(ids.shape[1]):
        values = exact["embedding"][ids[:, t]]
        for layer, eight in enumerate(layers):
            step = lstm_step(values, *state[layer], eight, NUMPY)
            state[layer] = (step.h, step.C)
            values = step.h
        logits.append(values @ exact["output.W"] + exact["output.b"])
    return np.stack(logits, axis=1), state


def plain_reading(
    config: ModelConfig, weights: Arrays, window: Window, state: PlainState
) -> tuple[float, float, PlainState]:
    """-log p of what counts in a window and the entropy, both summed; fresh streams start from zeros."""
    held = ~window.fresh[:, None]
    logits, after = plain_logits(
        config, weights, window.ids[:, :-1], [(h * held, C * held) for h, C in state]
    )
    log_p = logits - np.log(np.sum(np.exp(logits), axis=-1, keepdims=True))
    of_targets = np.take_along_axis(log_p, window.ids[:, 1:, None], axis=-1)[..., 0]
    entropy = -np.sum(np.exp(log_p) * log_p, axis=-1)
    return -float(np.sum(of_targets * window.weights)), float(np.sum(entropy * window.weights)), after


def numeric_gradients(
    config: ModelConfig, weights: Arrays, window: Window, state: PlainState, penalty: float
) -> Arrays:
    """Central differences of a window's mean nats, less so much of its mean entropy, for every weight."""
    exact = {name: values.astype(np.float64) for name, values in weights.items()}
    gradients = {name: np.zeros_like(values) for name, values in exact.items()}
    step, counted = 1e-5, window.weights.sum()

    def objective() -> float:
        nats, entropy, _ = plain_reading(config, exact, window, state)
        return nats - penalty * entropy

    for name, values in exact.items():
        for at in np.ndindex(values.shape):
            middle = values[at]
            values[at] = middle + step
            above = objective()
            values[at] = middle - step
            below = objective()
            values[at] = middle
            gradients[name][at] = (above - below) / (2 * step * counted)
    return gradients


class PlainAdamW:
    """AdamW as its paper has it: bias-corrected moments, and a decay beside them, of matrices only."""

    def __init__(self, decay: float, norm: float) -> None:
        self.decay, self.norm = decay, norm
        self.updates = 0
        self.m: Arrays = {}
        self.v: Arrays = {}

    def update(self, weights: Arrays, gradients: Arrays, rate: float) -> Arrays:
        beta_1, beta_2, epsilon = 0.9, 0.99, 1e-8
        length = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients.values()))
        shrink = min(1.0, self.norm / length)
        self.updates += 1
        after = {}
        for name, values in weights.items():
            gradient = gradients[name] * shrink
            self.m[name] = beta_1 * self.m.get(name, 0.0) + (1 - beta_1) * gradient
            self.v[name] = beta_2 * self.v.get(name, 0.0) + (1 - beta_2) * gradient**2
            m = self.m[name] / (1 - beta_1**self.updates)
            v = self.v[name] / (1 - beta_2**self.updates)
            decay = self.decay if values.ndim == 2 else 0.0
            after[name] = values - rate * (m / (np.sqrt(v) + epsilon) + decay * values)
        return after
