"""The network: the cell's equations, the fast kernel, the Keras layer.

`gen.model.cell` needs NumPy only, so the names that need TensorFlow are loaded when they are first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gen.model.keras_lstm import from_keras_lstm, to_keras_lstm
    from gen.model.layer import LSTMLayer

__all__ = ["LSTMLayer", "from_keras_lstm", "to_keras_lstm"]

_HOME = {
    "LSTMLayer": "gen.model.layer",
    "from_keras_lstm": "gen.model.keras_lstm",
    "to_keras_lstm": "gen.model.keras_lstm",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
