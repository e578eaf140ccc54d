"""What a run is between two updates, as arrays: saved, read back, and given to all who train it.

The arrays hold the carried state of all streams, whoever reads them, so that a run goes on with any number of
processes. Of several only the chief reads and writes the folder; the others are told what it has read.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.config import TrainingConfig
from gen.model.backend import import_tensorflow
from gen.model.network import State
from gen.training.run import Progress, RunFolder, SavedState
from gen.training.state_tensors import require_state_tensors, state_forms
from gen.training.step import TrainingStep

tf = import_tensorflow()


class Keeper:
    """Saves and restores a run; every process that trains it calls each method along with the others.

    Args:
        folder: Where it is kept; used by the chief alone.
        step: The update, with the network and the world.
        config: How it trains.
    """

    def __init__(self, folder: RunFolder, step: TrainingStep, config: TrainingConfig) -> None:
        self._folder = folder
        self._network = step.network
        self._step = step
        self._world = step.world
        self._config = config
        self._layers = step.network.config.layers
        self._block = slice(*step.world.block(config.batch_size))

    def restore(self, saved: SavedState | None) -> tuple[Progress, State]:
        """Go to a saved state, exactly: where the run stands there, and the state of this process's streams.

        Args:
            saved: What the chief has read; None everywhere else.
        """
        saved = self._told(saved)
        tensors = saved.tensors
        self._network.assign({name: tensors[name] for name in self._network.variables})
        self._step.assign_optimizer_state(tensors)
        h, C = (
            [tf.constant(tensors[f"carried.{layer}.{name}"][self._block]) for layer in range(self._layers)]
            for name in ("h", "C")
        )
        return saved.progress, list(zip(h, C, strict=True))

    def save(self, progress: Progress, about: dict[str, Any], state: State, *, validated: bool) -> None:
        """Save where a run stands, with the state of all streams.

        Raises:
            RunError: The folder cannot be written.
            TrainingError: Another worker is gone.
        """
        shape = (self._config.batch_size, self._network.config.units)
        carried = {}
        for layer, (h, C) in enumerate(state):
            for name, values in (("h", h), ("C", C)):
                carried[f"carried.{layer}.{name}"] = np.zeros(shape, np.float32)
                carried[f"carried.{layer}.{name}"][self._block] = values.numpy()
        carried = self._world.merged(carried)
        if self._world.is_chief:
            tensors = {**self._network.weights(), **self._step.optimizer_state(), **carried}
            self._folder.save_state(progress, about, tensors, validated=validated)

    def load_validated(self) -> SavedState | None:
        """The state of the newest validation, at the chief; None elsewhere.

        Raises:
            RunError: There is none, or it is not of this run.
        """
        if not self._world.is_chief:
            return None
        saved = self._folder.load_validated_state()
        require_state_tensors(saved.tensors, self._network.config, self._config)
        return saved

    def _told(self, saved: SavedState | None) -> SavedState:
        """The chief's state, at every process."""
        if saved is not None and self._world.cluster.size == 1:
            return saved
        progress = self._world.decided(lambda: {} if saved is None else saved.progress.to_json())
        forms = state_forms(self._network.config, self._config)
        tensors: dict[str, NDArray[Any]] = {
            name: np.zeros(form.shape, form.dtype) if saved is None else saved.tensors[name]
            for name, form in forms.items()
        }
        return SavedState(Progress.from_json(progress), {}, self._world.copied(tensors))
