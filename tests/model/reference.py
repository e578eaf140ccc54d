"""The paper's equations as a plain loop, in float64, gate by gate and example by example.

Written on its own: it imports nothing from `gen`, so that it cannot share a mistake with it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NAMES = ("W_f", "W_i", "W_C", "W_o", "b_f", "b_i", "b_C", "b_o")


def random_weights(rng: np.random.Generator, D: int, H: int, scale: float = 0.5) -> dict[str, Array]:
    """Eight distinct random weights: with equal ones, a swapped gate goes unseen."""
    weights = {name: scale * rng.standard_normal((H + D, H)) for name in NAMES[:4]}
    return weights | {name: scale * rng.standard_normal(H) for name in NAMES[4:]}


def naive_lstm(
    x: Array, h_0: Array, C_0: Array, weights: dict[str, Array], mask: Array | None = None
) -> tuple[Array, Array, Array]:
    """x (T, N, D), h_0 and C_0 (N, H), mask (T, N) -> h (T, N, H), h_T, C_T (N, H)."""
    T, N, _ = x.shape
    hs = np.zeros((T, N, h_0.shape[1]))
    h_T, C_T = np.array(h_0, np.float64), np.array(C_0, np.float64)
    for n in range(N):
        h, C = h_T[n], C_T[n]
        for t in range(T):
            if mask is None or mask[t, n]:
                joined = np.concatenate([h, x[t, n]]).astype(np.float64)
                forget = 1 / (1 + np.exp(-(weights["W_f"].T @ joined + weights["b_f"])))
                enter = 1 / (1 + np.exp(-(weights["W_i"].T @ joined + weights["b_i"])))
                candidate = np.tanh(weights["W_C"].T @ joined + weights["b_C"])
                C = forget * C + enter * candidate
                out = 1 / (1 + np.exp(-(weights["W_o"].T @ joined + weights["b_o"])))
                h = out * np.tanh(C)
            hs[t, n] = h
        h_T[n], C_T[n] = h, C
    return hs, h_T, C_T
