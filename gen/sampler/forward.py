"""The network one step at a time, in NumPy, straight from the weights.

Each layer's step is `gen.model.cell` rearranged for speed, and held to it by test:

- The first layer's input is one of V embeddings, so `embedding @ W_x + b` is computed once, as a `(V, 4H)`
  table, and a step only looks a row up.
- Whatever multiplies a layer's h stands in one matrix: the layer's own recurrent weights and, below them,
  the next layer's input weights or the output's. One product a layer does, and its part for the next step
  waits in the state in place of h.
- σ(z) = 1 / (1 + exp(-z)) and tanh(z) = 2 σ(2z) - 1: with the factors -1 and -2 folded into the weights
  beforehand (exact, powers of two), one exp over all four gates does, and NumPy's exp takes half the time of
  its tanh.
- Arrays are feature-major, `(4H, H) @ (H, N)`: gates are contiguous rows, and one stream is a matrix-vector
  product that reads the weights in memory order.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gen.config import ModelConfig
from gen.model.cell import GATE_ORDER

Array = NDArray[np.float32]
State = list[tuple[Array, Array]]

_ONE, _TWO = np.float32(1), np.float32(2)
_FACTORS = {"f": -_ONE, "i": -_ONE, "C": -_TWO, "o": -_ONE}
_F, _I, _CANDIDATE, _O = (GATE_ORDER.index(gate) for gate in _FACTORS)
# rows of the table are that much longer than their 4H numbers: a step reads gathered rows side by side, and a
# power of two apart they would all fall into the same few lines of the cache
_PADDING = 16


@dataclass(frozen=True)
class _Folded:
    """A layer's weights, gates fused. Shapes: recurrent `(4H, H)`, inputs `(4H, D)`, bias `(4H,)`."""

    recurrent: Array
    inputs: Array
    bias: Array


@dataclass(frozen=True)
class _Readers:
    """What reads a layer's h. Shapes: weights `(4H + U, H)`, bias `(U, 1)` of the U rows above the layer."""

    weights: Array
    bias: Array


class Network:
    """A network that steps.

    Shapes:
        N streams, H hidden size, V vocabulary. The state is, for each layer, `(W_h · h, C)`, `(4H, N)` and
        `(H, N)`: of h only its product with the recurrent weights is needed again.

    Args:
        config: The shape of the network.
        weights: Arrays by their names in the model file.
    """

    def __init__(self, config: ModelConfig, weights: dict[str, Array]) -> None:
        self.config = config
        self._gates = len(GATE_ORDER) * config.units
        folded = [_fold(weights, layer, config.units) for layer in range(config.layers)]
        self._table = np.zeros((config.vocabulary_size, self._gates + _PADDING), np.float32)
        self._table[:, : self._gates] = weights["embedding"] @ folded[0].inputs.T + folded[0].bias
        above = [(layer.inputs, layer.bias) for layer in folded[1:]]
        above.append((weights["output.W"].T, weights["output.b"]))
        self._readers = [
            _Readers(np.concatenate([layer.recurrent, inputs]), bias[:, None])
            for layer, (inputs, bias) in zip(folded, above, strict=True)
        ]

    def initial_state(self, streams: int) -> State:
        """The state before anything is read: zeros."""
        shapes = (self._gates, streams), (self.config.units, streams)
        return [(np.zeros(shapes[0], np.float32), np.zeros(shapes[1], np.float32)) for _ in self._readers]

    @np.errstate(over="ignore")  # where exp overflows the gate is 0, as it should be
    def step(self, ids: NDArray[np.int32], state: State) -> tuple[Array, State]:
        """Read one id a stream.

        Args:
            ids: `(N,)`.
            state: As `initial_state` or the last step gave it; it is not changed.

        Returns:
            Logits `(N, V)` of the next id, and the state after.
        """
        after: State = []
        above = self._table.take(ids, axis=0)[:, : self._gates].T
        for readers, (recurrent, C_before) in zip(self._readers, state, strict=True):
            h, C = _step(recurrent + above, C_before)
            products = readers.weights @ h
            after.append((products[: self._gates], C))
            above = products[self._gates :]
            above += readers.bias
        return above.T, after

    def read(self, ids: NDArray[np.int32], state: State) -> tuple[Array, State]:
        """Read the same ids, at least one, on every stream; logits and state after the last."""
        streams = state[0][0].shape[1]
        for number in ids:
            logits, state = self.step(np.full(streams, number), state)
        return logits, state


def repeat_state(state: State, streams: int) -> State:
    """The state of a single stream, for many that go on from it."""
    return [(np.repeat(product, streams, axis=1), np.repeat(C, streams, axis=1)) for product, C in state]


def _step(z: Array, C: Array) -> tuple[Array, Array]:
    """The equations of `gen.model.cell`: h and C from a folded `z = W · [h, x] + b`, overwritten."""
    np.exp(z, out=z)
    z += _ONE
    np.divide(_ONE, z, out=z)
    gates = z.reshape(len(GATE_ORDER), *C.shape)
    candidate, remembered = gates[_CANDIDATE], gates[_I]
    candidate *= _TWO
    candidate -= _ONE
    remembered *= candidate
    C = gates[_F] * C
    C += remembered
    h = np.tanh(C)
    h *= gates[_O]
    return h, C


def _fold(weights: dict[str, Array], layer: int, units: int) -> _Folded:
    names = [(f"lstm.{layer}.W_{gate}", f"lstm.{layer}.b_{gate}", _FACTORS[gate]) for gate in GATE_ORDER]
    fused = np.concatenate([weights[W].T * factor for W, _, factor in names])
    bias = np.concatenate([weights[b] * factor for _, b, factor in names])
    return _Folded(fused[:, :units], fused[:, units:], bias)
