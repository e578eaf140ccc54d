"""Carry weights between `LSTMLayer` and `keras.layers.LSTM`, bit by bit.

Keras keeps three fused arrays, `kernel` (D, 4H), `recurrent_kernel` (H, 4H) and `bias` (4H,), with the
gates in an order of its own. Both layers compute the same function, so nothing is rounded or trained anew.
"""

from typing import Any, Final

import numpy as np

from gen.model.backend import import_keras
from gen.model.cell import KERAS_GATE_ORDER, NUMPY, Weights, fuse, split
from gen.model.layer import LSTMLayer

keras = import_keras()

_CARRIED: Final = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "use_bias": True,
    "go_backwards": False,
    "stateful": False,
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
    "kernel_regularizer": None,
    "recurrent_regularizer": None,
    "bias_regularizer": None,
    "activity_regularizer": None,
    "kernel_constraint": None,
    "recurrent_constraint": None,
    "bias_constraint": None,
}
"""What a Keras layer must be set to: the six equations and eight weights hold nothing else."""


def from_keras_lstm(layer: Any) -> LSTMLayer:
    """An `LSTMLayer` that computes what a Keras layer does.

    Args:
        layer: A built `keras.layers.LSTM`. Its name, dtype policy and what it returns are carried too;
            `seed`, `unroll` and `use_cudnn`, which change no value, are not.

    Raises:
        ValueError: It is another kind of layer, not built, or set to something that cannot be carried.
    """
    _check(layer, keras.layers.LSTM)
    config = layer.get_config()
    for option, carried in _CARRIED.items():
        if config[option] != carried:
            raise ValueError(
                f"LSTMLayer cannot carry {option}={config[option]!r} of layer {layer.name!r}: "
                f"it must be {carried!r}"
            )
    kernel, recurrent_kernel, bias = (np.asarray(variable) for variable in layer.cell.get_weights())
    W = np.concatenate([recurrent_kernel, kernel])
    weights = split(W, bias, NUMPY, KERAS_GATE_ORDER)
    twin = LSTMLayer(layer.units, **_shared_arguments(layer))
    twin.build((None, None, kernel.shape[0]))
    for variable, values in zip(twin.eight_weights(), weights, strict=True):
        variable.assign(values)
    return twin


def to_keras_lstm(layer: LSTMLayer) -> Any:
    """A `keras.layers.LSTM` that computes what an `LSTMLayer` does, and opens where `gen` is not installed.

    Raises:
        ValueError: It is another kind of layer, or not built.
    """
    _check(layer, LSTMLayer)
    weights = Weights(*(variable.numpy() for variable in layer.eight_weights()))
    W, bias = fuse(weights, NUMPY, KERAS_GATE_ORDER)
    recurrent_kernel, kernel = np.split(W, [layer.units])
    twin = keras.layers.LSTM(layer.units, **_shared_arguments(layer))
    twin.build((None, None, kernel.shape[0]))
    twin.set_weights([kernel, recurrent_kernel, bias])
    return twin


def _shared_arguments(layer: Any) -> dict[str, Any]:
    return {
        "name": layer.name,
        "dtype": layer.dtype_policy,
        "trainable": layer.trainable,
        "return_sequences": layer.return_sequences,
        "return_state": layer.return_state,
    }


def _check(layer: Any, kind: Any) -> None:
    if not isinstance(layer, kind):
        raise ValueError(f"expected a {kind.__name__}, received {type(layer).__name__}")
    if not layer.built:
        raise ValueError(f"layer {layer.name!r} has no weights yet: build it, or call it once")
