"""What the sampler is held to: the cell's equations in float64, and choosing as one would by hand."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.config import ModelConfig
from gen.model.cell import NUMPY, Weights, lstm_step

Array = NDArray[Any]


def naive_logits(config: ModelConfig, weights: dict[str, Array], ids: Array) -> Array:
    """ids (N, T) -> logits (N, T, V), in float64, one step and one layer after the other."""
    exact = {name: array.astype(np.float64) for name, array in weights.items()}
    zeros = np.zeros((len(ids), config.units))
    state = [(zeros, zeros)] * config.layers
    logits = []
    for column in ids.T:
        x = exact["embedding"][column]
        for layer in range(config.layers):
            eight = Weights(**{name: exact[f"lstm.{layer}.{name}"] for name in Weights._fields})
            step = lstm_step(x, *state[layer], eight, NUMPY)
            state[layer] = (step.h, step.C)
            x = step.h
        logits.append(x @ exact["output.W"] + exact["output.b"])
    return np.stack(logits, axis=1)


def naive_distribution(
    logits: list[float], temperature: float, top_k: int | None, top_p: float | None, min_p: float | None
) -> list[float]:
    """One row's probabilities, as the sources of the three restrictions state them."""
    if temperature == 0:
        best = max(range(len(logits)), key=lambda number: logits[number])
        return [float(number == best) for number in range(len(logits))]
    p = normal([math.exp((logit - max(logits)) / temperature) for logit in logits])
    ranked = sorted(range(len(p)), key=lambda number: -p[number])
    if top_k is not None:
        p = normal([share if number in ranked[:top_k] else 0.0 for number, share in enumerate(p)])
    if top_p is not None:
        nucleus: set[int] = set()
        for number in ranked:
            nucleus.add(number)
            if sum(p[other] for other in nucleus) >= top_p:
                break
        p = normal([share if number in nucleus else 0.0 for number, share in enumerate(p)])
    if min_p is not None:
        p = normal([share if share >= min_p * max(p) else 0.0 for share in p])
    return p


def normal(weights: list[float]) -> list[float]:
    total = math.fsum(weights)
    return [weight / total for weight in weights]
