"""All that happens in a network while it reads: the equations of `gen.model.cell` themselves, nothing faster.

Shapes:
    T steps, D embedding size, H hidden size, V vocabulary, G guesses.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.config import ModelConfig
from gen.model.cell import NUMPY, Step, Weights, lstm_step
from gen.tokenizer.base import Ids

Array = NDArray[Any]
NamedWeights = dict[str, Array]

# how many logits are held at once
_MOST_LOGITS = 1 << 22


@dataclass(frozen=True)
class Trace:
    """What was read, and every quantity of every step of every layer.

    Attributes:
        ids: `(T,)`.
        layers: A layer each, from the one that reads the embedding on; their quantities are `(T, H)`.
    """

    ids: Ids
    layers: Sequence[Step]


@dataclass(frozen=True)
class Foretold:
    """How well each id was foretold from those before it.

    Attributes:
        bits: `(T - 1,)`, the surprise -log2 p of each id but the first.
        guesses: `(T - 1, G)`, the likeliest ids in its place, the likeliest first.
        shares: `(T - 1, G)`, their probabilities.
    """

    bits: NDArray[np.float64]
    guesses: NDArray[np.intp]
    shares: NDArray[np.float64]

    def since(self, first: int) -> "Foretold":
        """The same, but for the first so many."""
        return Foretold(self.bits[first:], self.guesses[first:], self.shares[first:])


def eight_weights(weights: NamedWeights, layer: int) -> Weights:
    """The eight weights of a layer, from those of a model by their names in its file."""
    return Weights(*(weights[f"lstm.{layer}.{name}"] for name in Weights._fields))


def read(config: ModelConfig, weights: NamedWeights, ids: Ids, before: Trace | None = None) -> Trace:
    """Read ids, from a fresh state or after those that were read before; the dtype is that of the weights."""
    inputs = weights["embedding"][ids]
    layers = []
    for layer in range(config.layers):
        last = None if before is None else before.layers[layer]
        layers.append(_read_layer(inputs, eight_weights(weights, layer), last))
        inputs = layers[-1].h
    return Trace(ids, layers)


def logits(trace: Trace, weights: NamedWeights, steps: Any) -> Array:
    """What the network says of the next id after some steps, `(len(steps), V)`."""
    said: Array = trace.layers[-1].h[steps] @ weights["output.W"] + weights["output.b"]
    return said


def foretell(trace: Trace, weights: NamedWeights, guesses: int) -> Foretold:
    """How surprising each id was, and what was likely in its place."""
    vocabulary = len(weights["output.b"])
    number = min(guesses, vocabulary)
    at_once = max(1, _MOST_LOGITS // vocabulary)
    bits, best, shares = [], [], []
    for start in range(0, len(trace.ids) - 1, at_once):
        following = trace.ids[start + 1 : start + 1 + at_once]
        rows = np.arange(len(following))
        nats = -log_softmax(logits(trace, weights, start + rows).astype(np.float64))
        bits.append(nats[rows, following] / math.log(2))
        best.append(np.argsort(nats, axis=1, kind="stable")[:, :number])
        shares.append(np.exp(-np.take_along_axis(nats, best[-1], axis=1)))
    return Foretold(np.concatenate(bits), np.concatenate(best), np.concatenate(shares))


def log_softmax(values: Array) -> Array:
    """Logarithms of probabilities, along the last axis."""
    below = values - values.max(axis=-1, keepdims=True)
    shares: Array = below - np.log(np.exp(below).sum(axis=-1, keepdims=True))
    return shares


def _read_layer(inputs: Array, weights: Weights, before: Step | None) -> Step:
    """All steps of a layer over inputs (T, D), from a fresh state or where the steps before have ended."""
    if before is None:
        h = C = np.zeros((1, len(weights.b_f)), inputs.dtype)
    else:
        h, C = before.h[-1:], before.C[-1:]
    steps = []
    for x in inputs[:, None]:
        steps.append(lstm_step(x, h, C, weights, NUMPY))
        h, C = steps[-1].h, steps[-1].C
    return Step(*map(np.concatenate, zip(*steps, strict=True)))
