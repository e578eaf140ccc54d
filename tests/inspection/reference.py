"""A stack of LSTM layers as plain equations in float64, step after step, with a nudge where one is asked for.

Written on its own: it imports nothing from `gen`.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
QUANTITIES = ("f", "i", "C_candidate", "C", "o", "h")


class Nudge(NamedTuple):
    """A small change of h, C or the embedding x at one step; for x the layer means nothing."""

    what: str
    layer: int
    step: int
    unit: int
    by: float


def naive_run(
    weights: dict[str, Array], layers: int, ids: list[int], nudge: Nudge | None = None
) -> tuple[list[dict[str, Array]], Array]:
    """The quantities of each layer, `(T, H)`, and the logits, `(T, V)`."""
    units = len(weights["lstm.0.b_f"])
    h, C = np.zeros((layers, units)), np.zeros((layers, units))
    kept: list[dict[str, list[Array]]] = [{name: [] for name in QUANTITIES} for _ in range(layers)]
    logits = []
    for step, number in enumerate(ids):
        x = weights["embedding"][number].astype(np.float64)
        if nudge and (nudge.what, nudge.step) == ("x", step):
            x[nudge.unit] += nudge.by
        for layer in range(layers):
            here = nudge if nudge and (nudge.layer, nudge.step) == (layer, step) else None
            joined = np.concatenate([h[layer], x])
            before = {
                gate: weights[f"lstm.{layer}.W_{gate}"].T.astype(np.float64) @ joined
                + weights[f"lstm.{layer}.b_{gate}"]
                for gate in "fiCo"
            }
            f, i, o = (1 / (1 + np.exp(-before[gate])) for gate in "fio")
            candidate = np.tanh(before["C"])
            C[layer] = f * C[layer] + i * candidate
            if here and here.what == "C":
                C[layer, here.unit] += here.by
            h[layer] = o * np.tanh(C[layer])
            if here and here.what == "h":
                h[layer, here.unit] += here.by
            for name, value in zip(QUANTITIES, (f, i, candidate, C[layer], o, h[layer]), strict=True):
                kept[layer][name].append(value.copy())
            x = h[layer].copy()
        logits.append(weights["output.W"].T.astype(np.float64) @ x + weights["output.b"])
    return [{name: np.array(values) for name, values in each.items()} for each in kept], np.array(logits)


def nats(logits: Array, number: int) -> float:
    """-log p of an id."""
    values: list[float] = logits.tolist()
    highest = max(values)
    return math.log(math.fsum(math.exp(value - highest) for value in values)) + highest - values[number]
