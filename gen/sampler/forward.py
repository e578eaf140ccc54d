"""The network one step at a time, in NumPy, straight from the weights.

Each layer's step is `gen.model.cell` rearranged for speed, and held to it by test:

- The first layer's input is one of V embeddings, so `embedding @ W_x + b` is computed once, as a `(V, 4H)`
  table, and a step only looks a row up.
- σ(z) = (1 + tanh(z / 2)) / 2: with the halves folded into the weights beforehand (exact, a power of two),
  one tanh over all four gates does for three σ and one tanh.
- Arrays are feature-major, `(4H, H) @ (H, N)`: gates are contiguous rows, and one stream is a matrix-vector
  product that reads the weights in memory order.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gen.config import ModelConfig
from gen.model.cell import GATE_ORDER

Array = NDArray[np.float32]

_ONE, _HALF = np.float32(1), np.float32(0.5)
State = list[tuple[Array, Array]]


@dataclass(frozen=True)
class _Layer:
    """Shapes: recurrent `(4H, H)`, inputs `(4H, D)`, bias `(4H, 1)`; rows of σ gates are halved."""

    recurrent: Array
    inputs: Array
    bias: Array


class Network:
    """A network that steps.

    Shapes:
        N streams, H hidden size, V vocabulary. The state is, for each layer, `(h, C)`, each `(H, N)`.

    Args:
        config: The shape of the network.
        weights: Arrays by their names in the model file.
    """

    def __init__(self, config: ModelConfig, weights: dict[str, Array]) -> None:
        self.config = config
        self._layers = [_fold(weights, layer, config.units) for layer in range(config.layers)]
        first = self._layers[0]
        self._table = weights["embedding"] @ first.inputs.T + first.bias.T
        self._output = np.ascontiguousarray(weights["output.W"].T)
        self._output_bias = weights["output.b"][:, None]

    def initial_state(self, streams: int) -> State:
        """The state before anything is read: zeros."""
        shape = (self.config.units, streams)
        return [(np.zeros(shape, np.float32), np.zeros(shape, np.float32)) for _ in self._layers]

    def step(self, ids: NDArray[np.int32], state: State) -> tuple[Array, State]:
        """Read one id a stream.

        Args:
            ids: `(N,)`.
            state: As `initial_state` or the last step gave it; it is not changed.

        Returns:
            Logits `(N, V)` of the next id, and the state after.
        """
        after: State = []
        inputs = np.ascontiguousarray(self._table[ids].T)
        for number, (layer, (h, C)) in enumerate(zip(self._layers, state, strict=True)):
            if number:
                inputs = layer.inputs @ after[-1][0]
                inputs += layer.bias
            after.append(_step(layer.recurrent, inputs, h, C))
        logits = self._output @ after[-1][0]
        logits += self._output_bias
        return logits.T, after

    def read(self, ids: NDArray[np.int32], state: State) -> tuple[Array, State]:
        """Read the same ids, at least one, on every stream; logits and state after the last."""
        streams = state[0][0].shape[1]
        for number in ids:
            logits, state = self.step(np.full(streams, number), state)
        return logits, state


def repeat_state(state: State, streams: int) -> State:
    """The state of a single stream, for many that go on from it."""
    return [(np.repeat(h, streams, axis=1), np.repeat(C, streams, axis=1)) for h, C in state]


def _step(recurrent: Array, z: Array, h: Array, C: Array) -> tuple[Array, Array]:
    """The equations of `gen.model.cell` from `z = W_x · x + b`, which is overwritten."""
    size = len(h)
    z += recurrent @ h
    np.tanh(z, out=z)
    gates = {gate: z[place * size : (place + 1) * size] for place, gate in enumerate(GATE_ORDER)}
    f, i, candidate, o = (gates[gate] for gate in "fiCo")
    # σ(z) = (1 + tanh(z / 2)) / 2, and the one half is left to the end: 2 C = 2 f C + 2 i C̃
    f += _ONE
    i += _ONE
    o += _ONE
    C = f * C
    i *= candidate
    C += i
    C *= _HALF
    h = np.tanh(C)
    o *= _HALF
    h *= o
    return h, C


def _fold(weights: dict[str, Array], layer: int, units: int) -> _Layer:
    halves = [np.float32(1.0 if gate == "C" else 0.5) for gate in GATE_ORDER]
    names = [(f"lstm.{layer}.W_{gate}", f"lstm.{layer}.b_{gate}") for gate in GATE_ORDER]
    fused = np.concatenate([weights[W].T * half for (W, _), half in zip(names, halves, strict=True)])
    bias = np.concatenate([weights[b] * half for (_, b), half in zip(names, halves, strict=True)])
    return _Layer(
        np.ascontiguousarray(fused[:, :units]), np.ascontiguousarray(fused[:, units:]), bias[:, None]
    )
