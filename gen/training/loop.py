"""The loop: windows through the step, validations, saves, and the way back when the loss explodes.

All that a run is between two updates is a `Progress` and a dict of arrays; saving writes them, resuming and
recovering read them, by the same code.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.checkpoint import Model, save_model
from gen.config import TrainingConfig
from gen.dataset import Dataset, Windows
from gen.errors import TrainingError
from gen.evaluation.passes import Evaluator
from gen.model.backend import import_tensorflow
from gen.model.network import Network
from gen.training.callbacks import Callback, StepReport, ValidationReport
from gen.training.run import Progress, RunFolder, SavedState
from gen.training.schedule import learning_rate
from gen.training.signals import StopRequest
from gen.training.step import StepResult, TrainingStep

tf = import_tensorflow()

SAVE_EVERY_S = 60.0
MAX_VALIDATION_TOKENS = 1 << 19
MAX_RECOVERIES = 4
# a loss this many times that of a uniform guess is no noise: the weights are lost
EXPLODED = 3.0


@dataclass(frozen=True)
class Outcome:
    """How training ended: `finished`, `stopped early` or `interrupted`, and where."""

    reason: str
    progress: Progress


class Trainer:
    """Trains one run.

    Args:
        folder: Where it is kept.
        about: The run's unchanging description, saved with every state.
        blank: The model file's content but for weights and training result.
        dataset: What to learn.
        config: How.
        step: The update, with the network.
        preview: Writes a short sample from weights.
        bits_per_unit: Turns nats a token of the validation part into bits a character.
    """

    def __init__(
        self,
        folder: RunFolder,
        about: dict[str, Any],
        blank: Model,
        dataset: Dataset,
        config: TrainingConfig,
        step: TrainingStep,
        evaluator: Evaluator,
        preview: Callable[[dict[str, NDArray[np.float32]]], str],
        bits_per_unit: Callable[[float], float],
    ) -> None:
        self._folder = folder
        self._about = about
        self._blank = blank
        self._dataset = dataset
        self.config = config
        self._step = step
        self._evaluator = evaluator
        self._preview = preview
        self._bits_per_unit = bits_per_unit
        self._callbacks: list[Callback] = []
        self.progress = Progress()
        self._windows = self._windows_at(self.progress)
        self._state = self._network.initial_state(config.batch_size)
        self._saved_at = time.monotonic()

    @property
    def _network(self) -> Network:
        return self._step.network

    def listen(self, *callbacks: Callback) -> None:
        """Add those who are told of every step and validation."""
        self._callbacks.extend(callbacks)

    def close(self) -> None:
        """Let the listeners close what they hold."""
        for callback in self._callbacks:
            callback.close()

    def restore(self, saved: SavedState) -> None:
        """Go to a saved state, exactly."""
        self.progress = saved.progress
        self._windows = self._windows_at(saved.progress)
        tensors = saved.tensors
        self._network.assign({name: tensors[name] for name in self._network.variables})
        self._step.assign_optimizer_state(tensors)
        self._state = [
            (tf.constant(tensors[f"carried.{layer}.h"]), tf.constant(tensors[f"carried.{layer}.C"]))
            for layer in range(self._network.config.layers)
        ]

    def run(self, request: StopRequest) -> Outcome:
        """Train to the end, or until `request` or the validation loss says to stop.

        Raises:
            TrainingError: The loss keeps exploding.
            OSError: The run's folder cannot be written.
        """
        if self.progress.step == 0:
            self._save()
        while self.progress.step < self.config.steps:
            if request.signal is not None:
                self._save()
                return Outcome("interrupted", self.progress)
            if not self._advance():
                self._recover()
                continue
            step = self.progress.step
            if step % self.config.validate_every == 0 or step == self.config.steps:
                self._validate()
                if self.progress.step < self.config.steps and self.progress.is_stuck(self.config):
                    return Outcome("stopped early", self.progress)
            elif time.monotonic() - self._saved_at > SAVE_EVERY_S:
                self._save()
        return Outcome("finished", self.progress)

    def _advance(self) -> bool:
        """One update; False when it went wrong and must not be kept."""
        window = self._windows.next()
        rate = learning_rate(self.progress.step, self.config) * self.progress.rate_scale
        result = self._step(window, self._state, self.progress.step, rate)
        if not self._is_sound(result):
            return False
        self._state = result.state
        cursor = self._windows.cursor
        self.progress = replace(
            self.progress, step=self.progress.step + 1, epoch=cursor.epoch, position=cursor.position
        )
        report = StepReport(
            self.progress.step, result.loss, result.gradient_norm, rate, int(window.weights.sum())
        )
        for callback in self._callbacks:
            callback.on_step(report)
        return True

    def _is_sound(self, result: StepResult) -> bool:
        uniform = max(1.0, math.log(self._network.config.vocabulary_size))
        return math.isfinite(result.gradient_norm) and result.loss < EXPLODED * uniform

    def _recover(self) -> None:
        recoveries = self.progress.recoveries + 1
        if recoveries > MAX_RECOVERIES:
            raise TrainingError(
                f"The loss exploded at step {self.progress.step + 1}, after {MAX_RECOVERIES} new attempts.",
                f"Train anew with a --learning-rate below {self.config.learning_rate:g}; "
                f"the best model so far is kept in {self._folder.path}.",
            )
        failed_step = self.progress.step + 1
        scale = self.progress.rate_scale / 2
        self.restore(self._folder.load_state())
        self.progress = replace(self.progress, rate_scale=scale, recoveries=recoveries)
        self.notice(
            f"The loss exploded at step {failed_step}: back to step {self.progress.step}, "
            f"with {scale:g} of the learning rate."
        )

    def _validate(self) -> None:
        score = self._evaluator.score(self._dataset.validation, MAX_VALIDATION_TOKENS)
        nats = score.nats_per_token
        if not math.isfinite(nats):
            self._recover()
            return
        best = self.progress.best_nats
        is_best = best is None or nats < best
        weights = self._network.weights()
        model = replace(self._blank, weights=weights, training=self._training_summary(nats, score.tokens))
        if is_best:
            self.progress = replace(self.progress, best_nats=nats, best_step=self.progress.step)
            save_model(self._folder.best, model)
        self._save()
        save_model(self._folder.last, model)
        report = ValidationReport(
            self.progress.step,
            nats,
            self._bits_per_unit(nats),
            score.tokens,
            is_best,
            self._preview(weights),
        )
        for callback in self._callbacks:
            callback.on_validation(report)

    def _training_summary(self, nats: float, tokens: int) -> dict[str, Any]:
        return {
            "step": self.progress.step,
            "validation_nats_per_token": nats,
            "validation_bits_per_character": self._bits_per_unit(nats),
            "validation_tokens": tokens,
            "config": self.config.to_json(),
        }

    def notice(self, text: str) -> None:
        """Tell every listener."""
        for callback in self._callbacks:
            callback.on_notice(text)

    def _save(self) -> None:
        tensors: dict[str, NDArray[Any]] = {**self._network.weights(), **self._step.optimizer_state()}
        for layer, (h, C) in enumerate(self._state):
            tensors |= {f"carried.{layer}.h": h.numpy(), f"carried.{layer}.C": C.numpy()}
        self._folder.save_state(self.progress, self._about, tensors)
        self._saved_at = time.monotonic()

    def _windows_at(self, progress: Progress) -> Windows:
        return Windows(
            self._dataset.training, self.config.batch_size, self.config.window, cursor=progress.cursor
        )
