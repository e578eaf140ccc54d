"""How fast the gradient fades with distance: back through time in NumPy, for the model at hand.

The loss at a step is the surprise at the next id, in nats. Its gradient at h_t and C_t of each layer, so many
steps back, is all that a small change there does to it, by every way: up through the layers above, and on
through time. With dh and dC the gradients at h_t and C_t, and z what stands in the brackets of σ and tanh:

    dC  = dC_{t+1} * f_{t+1} + dh * o * (1 - tanh(C)²)
    dz_f = dC * C_{t-1} * f(1 - f)         dz_i = dC * C̃ * i(1 - i)
    dz_C = dC * i * (1 - C̃²)               dz_o = dh * tanh(C) * o(1 - o)
    [dh_{t-1}, dx_t] = W · dz

The first line is the long memory: along the cell the gradient is multiplied by f_{t+1}, and where that is
near 1 it stays. How fast the whole fades is what the predictions ask for; what the memory could keep for them
is the product of the forget gates alone.

Shapes:
    P positions side by side, D steps back, L layers, H hidden size.

Source: Hochreiter and Schmidhuber (1997); the derivatives are those of the equations in `gen.model.cell`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gen.inspection.trace import Array, NamedWeights, Trace, eight_weights, log_softmax, logits
from gen.model.cell import GATE_ORDER, NUMPY, Gates, Step, fuse

MOST_STEPS_BACK = 150
MOST_POSITIONS = 32


class Gradients(NamedTuple):
    """Of the loss at P positions, so many steps before each.

    Attributes:
        h: A layer each, `(P, H)`.
        C: A layer each, `(P, H)`.
        x: At the embedding that the first layer reads, `(P, embedding size)`.
    """

    h: list[Array]
    C: list[Array]
    x: Array


@dataclass(frozen=True)
class Fading:
    """Norms of gradients by distance, the mean over positions.

    Attributes:
        positions: How many losses were followed back.
        h: `(L, D + 1)`, from the step of the loss itself to D steps back.
        C: `(L, D + 1)`.
        x: `(D + 1,)`.
        kept: `(L, D + 1, H)`, no norm: what of a unit's memory the forget gates leave after so many steps.
    """

    positions: int
    h: NDArray[np.float64]
    C: NDArray[np.float64]
    x: NDArray[np.float64]
    kept: NDArray[np.float64]


@np.errstate(over="ignore", invalid="ignore")  # a file can hold weights that no training leads to
def fading(trace: Trace, weights: NamedWeights) -> Fading:
    """How the gradient fades, from positions spread over what was read, all of them the same way back."""
    last = len(trace.ids) - 2  # the step before the last id, which is the last that is foretold
    steps_back = min(MOST_STEPS_BACK, last // 2)
    number = min(MOST_POSITIONS, last - steps_back + 1)
    positions = np.linspace(steps_back, last, number).round().astype(np.int64)
    norms = [
        (*map(_mean_norm, each.h), *map(_mean_norm, each.C), _mean_norm(each.x))
        for each in gradients(trace, weights, positions, steps_back)
    ]
    *of_state, x = np.array(norms).T
    h, C = np.split(np.array(of_state), 2)
    kept = np.array([_kept(step.f, positions, steps_back) for step in trace.layers])
    return Fading(number, h, C, x, kept)


def gradients(
    trace: Trace, weights: NamedWeights, positions: NDArray[np.int64], steps_back: int
) -> Iterator[Gradients]:
    """The gradients of the losses at some steps: at these steps, one before, and so on.

    Args:
        trace: What was read.
        weights: What it was read with.
        positions: `(P,)`, each at least `steps_back`, and before the last step.
        steps_back: D.

    Yields:
        D + 1 times, from the steps of the losses on.
    """
    fused = [fuse(eight_weights(weights, layer), NUMPY)[0] for layer in range(len(trace.layers))]
    rows = np.arange(len(positions))
    # of the surprise -log p: the probabilities, less 1 for the id that came
    above = np.exp(log_softmax(logits(trace, weights, positions)))
    above[rows, trace.ids[positions + 1]] -= 1
    above = above @ weights["output.W"].T
    units = trace.layers[0].h.shape[1]
    later_h = [np.zeros((len(rows), units), above.dtype) for _ in fused]
    later_C = list(later_h)
    for steps in range(steps_back + 1):
        at = positions - steps
        of_h, of_C = [], []
        for layer in reversed(range(len(fused))):
            step, C_before = _step_at(trace.layers[layer], at)
            dh = above + later_h[layer]
            dC = later_C[layer] + dh * step.o * (1 - np.tanh(step.C) ** 2)
            dh_x = _to_brackets(step, C_before, dh, dC) @ fused[layer].T
            later_h[layer], above = dh_x[:, :units], dh_x[:, units:]
            later_C[layer] = dC * step.f
            of_h.append(dh)
            of_C.append(dC)
        yield Gradients(of_h[::-1], of_C[::-1], above)
        above = np.zeros((len(rows), units), above.dtype)


def half_distance(norms: NDArray[np.float64]) -> int | None:
    """How many steps back less than half of a gradient is left, from there on; None if that is not seen."""
    left = np.flatnonzero(norms >= norms[0] / 2)
    if not len(left):  # the weights are so large that nothing can be said
        return None
    return int(left[-1]) + 1 if left[-1] + 1 < len(norms) else None


def plain_rnn() -> dict[str, Any]:
    """The fading of a plain RNN's gradient at its input, before and after training: `scripts/recall.py`."""
    kept: dict[str, Any] = json.loads(files(__package__).joinpath("plain_rnn.json").read_text("utf-8"))
    return kept


def _kept(f: Array, positions: NDArray[np.int64], steps_back: int) -> NDArray[np.float64]:
    """The products f_t * f_{t-1} * … of so many forget gates, `(D + 1, H)`, the mean over positions."""
    gates = f[positions[:, None] - np.arange(steps_back)].astype(np.float64)
    products = np.cumprod(gates, axis=1).mean(axis=0)
    return np.concatenate([np.ones((1, f.shape[1])), products])


def _mean_norm(values: Array) -> float:
    return float(np.linalg.norm(values.astype(np.float64), axis=1).mean())


def _step_at(steps: Step, at: NDArray[np.int64]) -> tuple[Step, Array]:
    """The quantities (P, H) of some steps, and C before each, which is nothing before the first."""
    C_before = np.where(at[:, None] > 0, steps.C[at - 1], 0).astype(steps.C.dtype)
    return Step(*(quantity[at] for quantity in steps)), C_before


def _to_brackets(step: Step, C_before: Array, dh: Array, dC: Array) -> Array:
    """The gradients at what stands in the brackets, `(P, 4H)` in the order of a fused matrix."""
    dz = Gates(
        f=dC * C_before * step.f * (1 - step.f),
        i=dC * step.C_candidate * step.i * (1 - step.i),
        C=dC * step.i * (1 - step.C_candidate**2),
        o=dh * np.tanh(step.C) * step.o * (1 - step.o),
    )
    return np.concatenate([getattr(dz, gate) for gate in GATE_ORDER], axis=-1)
