"""The LSTM cell: six equations, eight weights, for any array library.

    f_t  = σ(W_f · [h_{t-1}, x_t] + b_f)      forget gate
    i_t  = σ(W_i · [h_{t-1}, x_t] + b_i)      input gate
    C̃_t  = tanh(W_C · [h_{t-1}, x_t] + b_C)   candidate memory
    C_t  = f_t * C_{t-1} + i_t * C̃_t          memory cell
    o_t  = σ(W_o · [h_{t-1}, x_t] + b_o)      output gate
    h_t  = o_t * tanh(C_t)                    hidden state

A forget gate near 1 *keeps* the memory and near 0 *clears* it. Some introductions say the opposite in
prose; the fourth equation decides.

Shapes:
    N streams (rows are examples), T time steps, D input size, H hidden size.

Source:
    Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997; the forget gate
    from Gers, Schmidhuber and Cummins, "Learning to Forget", Neural Computation 12(10), 2000.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

Order = tuple[str, str, str, str]
Array = Any  # NumPy's or TensorFlow's: the equations ask only for `@`, `+`, `*` and `Functions`

GATE_ORDER: Final[Order] = ("f", "i", "C", "o")
"""Which quarter of a fused matrix belongs to which gate; everything that fuses or splits reads it here."""

KERAS_GATE_ORDER: Final[Order] = ("i", "f", "C", "o")
"""The quarters of the fused arrays of `keras.layers.LSTM`, where the candidate C is called c."""


class Functions(NamedTuple):
    """What the equations need from an array library; `concatenate` and `split` take the axis last."""

    sigmoid: Callable[[Array], Array]
    tanh: Callable[[Array], Array]
    concatenate: Callable[[Any, int], Array]
    split: Callable[[Array, int, int], Any]


class Weights(NamedTuple):
    """The eight weights of a layer. Shapes: each `W` (H+D, H) with the rows for h first; each `b` (H,)."""

    W_f: Array
    W_i: Array
    W_C: Array
    W_o: Array
    b_f: Array
    b_i: Array
    b_C: Array
    b_o: Array


class Gates(NamedTuple):
    """The four quarters of a fused array: forget, input, candidate memory, output."""

    f: Array
    i: Array
    C: Array
    o: Array


class Step(NamedTuple):
    """Every quantity of one time step, in the order of the equations. Shapes: each (N, H)."""

    f: Array
    i: Array
    C_candidate: Array
    C: Array
    o: Array
    h: Array


def lstm_step(x: Array, h: Array, C: Array, weights: Weights, functions: Functions) -> Step:
    """One time step of the cell.

    Shapes:
        x (N, D); h and C, the state before the step, (N, H).
    """
    W_f, W_i, W_C, W_o, b_f, b_i, b_C, b_o = weights
    sigmoid, tanh, concatenate, _ = functions
    h_x = concatenate([h, x], -1)
    f = sigmoid(h_x @ W_f + b_f)
    i = sigmoid(h_x @ W_i + b_i)
    C_candidate = tanh(h_x @ W_C + b_C)
    C = f * C + i * C_candidate
    o = sigmoid(h_x @ W_o + b_o)
    h = o * tanh(C)
    return Step(f, i, C_candidate, C, o, h)


def fuse(weights: Weights, functions: Functions, order: Order = GATE_ORDER) -> tuple[Array, Array]:
    """The eight weights as one matrix W (H+D, 4H) and one bias b (4H,), gates in `order`."""
    W = functions.concatenate([getattr(weights, f"W_{gate}") for gate in order], -1)
    b = functions.concatenate([getattr(weights, f"b_{gate}") for gate in order], -1)
    return W, b


def split_gates(fused: Array, functions: Functions, order: Order = GATE_ORDER, axis: int = -1) -> Gates:
    """The four quarters of an array whose axis `axis`, of size 4H, is in `order`."""
    return Gates(**dict(zip(order, functions.split(fused, 4, axis), strict=True)))


def split(W: Array, b: Array, functions: Functions, order: Order = GATE_ORDER) -> Weights:
    """The eight weights inside a fused W (H+D, 4H) and b (4H,): the inverse of `fuse`."""
    return Weights(*split_gates(W, functions, order), *split_gates(b, functions, order))


def _sigmoid(z: Array) -> Array:
    # exp of a negative number only, so that nothing overflows; both branches share the denominator.
    decay = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, decay) / (1 + decay)


NUMPY: Final = Functions(_sigmoid, np.tanh, np.concatenate, np.split)
"""NumPy's functions; they keep the dtype of their input."""
