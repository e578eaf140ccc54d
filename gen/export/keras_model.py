"""A model as a `.keras` file of standard layers, which opens where `gen` is not installed."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.config import ModelConfig
from gen.files import replacing
from gen.model.backend import import_keras
from gen.model.cell import KERAS_GATE_ORDER, NUMPY, Weights, fuse


def export_keras(config: ModelConfig, weights: dict[str, NDArray[np.float32]], path: Path) -> None:
    """Write ids `(N, T)` -> logits `(N, T, V)` as Embedding, LSTM layers and Dense.

    Args:
        config: The shape of the network.
        weights: Arrays by their names in the model file.
        path: Ends in `.keras`.

    Raises:
        OSError: The file cannot be written.
    """
    model = keras_model(config, weights)
    with replacing(path) as temporary:
        # Keras tells the format by the ending, which a temporary name does not have
        named = temporary.with_suffix(".keras")
        try:
            model.save(named)
            named.replace(temporary)
        finally:
            named.unlink(missing_ok=True)


def keras_model(config: ModelConfig, weights: dict[str, NDArray[np.float32]]) -> Any:
    """The model of `export_keras`, in memory."""
    keras = import_keras()
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(config.vocabulary_size, config.embedding_size, name="embedding"),
            *(
                keras.layers.LSTM(config.units, return_sequences=True, name=f"lstm_{layer}")
                for layer in range(config.layers)
            ),
            keras.layers.Dense(config.vocabulary_size, name="output"),
        ]
    )
    model.get_layer("embedding").set_weights([weights["embedding"]])
    for layer in range(config.layers):
        of_layer = Weights(*(weights[f"lstm.{layer}.{name}"] for name in Weights._fields))
        W, bias = fuse(of_layer, NUMPY, KERAS_GATE_ORDER)
        recurrent_kernel, kernel = np.split(W, [config.units])
        model.get_layer(f"lstm_{layer}").set_weights([kernel, recurrent_kernel, bias])
    model.get_layer("output").set_weights([weights["output.W"], weights["output.b"]])
    return model
