"""The tensors of a training state: their names, dtypes and shapes follow from the model and its training.

They are checked before a network is built: a state that lies about its model must not make one of a size that
nothing in the file bears out.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.checkpoint import weight_shapes
from gen.config import ModelConfig, TrainingConfig
from gen.errors import RunError
from gen.tensor_file import TensorForm

_WEIGHTS = np.dtype(np.float32).name
_UPDATES = np.dtype(np.int64).name


def state_forms(model: ModelConfig, training: TrainingConfig) -> dict[str, TensorForm]:
    """Dtype, by NumPy's name, and shape of each: weights, AdamW's moments and count, carried state."""
    forms = {"optimizer.updates": TensorForm(_UPDATES, ())}
    for name, shape in weight_shapes(model).items():
        for kept in (name, f"optimizer.m.{name}", f"optimizer.v.{name}"):
            forms[kept] = TensorForm(_WEIGHTS, shape)
    for layer in range(model.layers):
        for part in ("h", "C"):
            forms[f"carried.{layer}.{part}"] = TensorForm(_WEIGHTS, (training.batch_size, model.units))
    return forms


def require_state_tensors(
    tensors: dict[str, NDArray[Any]], model: ModelConfig, training: TrainingConfig
) -> None:
    """Refuse tensors that are not those of the model and training that the same state describes.

    Raises:
        RunError: One is missing, too many, or of another form.
    """
    wanted = state_forms(model, training)
    found = {name: TensorForm(array.dtype.name, array.shape) for name, array in tensors.items()}
    if wrong := [name for name in {**found, **wanted} if found.get(name) != wanted.get(name)]:
        raise RunError(
            f"The state's tensor {wrong[0]!r} is {found.get(wrong[0], 'missing')}, "
            f"and what it says of itself asks for {wanted.get(wrong[0], 'none of that name')}.",
            "Start anew in another folder; --init-from takes the weights of a model file.",
        )
