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

from gen.checkpoint import Model
from gen.config import TrainingConfig
from gen.dataset.pieces import windows_of
from gen.dataset.prepare import Dataset
from gen.dataset.windows import Windows
from gen.errors import TrainingError
from gen.evaluation.passes import Evaluator
from gen.evaluation.reference import Reference, trend
from gen.model.backend import import_tensorflow
from gen.model.network import Network
from gen.training.callbacks import Callback, StepReport, ValidationReport
from gen.training.plan import MAX_VALIDATION_TOKENS
from gen.training.run import Progress, RunFolder, SavedState
from gen.training.schedule import learning_rate
from gen.training.signals import StopRequest
from gen.training.state_tensors import require_state_tensors
from gen.training.step import TrainingStep

tf = import_tensorflow()

SAVE_EVERY_S = 60.0
MAX_RECOVERIES = 4
# a loss this many times that of a uniform guess is no noise: the weights are lost
EXPLODED = 5.0
# the number of steps is set right after the first validation, and after that of half the way
RETIMED_FROM = (0.0, 0.5)


@dataclass(frozen=True)
class Outcome:
    """How training ended: `finished`, `stopped early` or `interrupted`, and where."""

    reason: str
    progress: Progress


@dataclass(frozen=True)
class Clock:
    """When training is to be over, on the clock of `time.monotonic`, and a guess at a validation; seconds."""

    deadline_s: float
    validation_s: float


class Trainer:
    """Trains one run.

    Args:
        folder: Where it is kept.
        about: The run's unchanging description, saved with every state.
        blank: The model file's content but for weights and training result.
        dataset: What to learn.
        config: How.
        step: The update, with the network.
        evaluator: The validation, of the same network.
        preview: Writes a short sample from weights.
        measure: Turns the nats of a validation, summed, into what people compare.
        reference: What to compare validations with, if anything.
        clock: When training is to be over, where the user gave minutes; the number of steps, first guessed
            from a few, is then set right at two points of the way.
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
        measure: Callable[[float], dict[str, float]],
        reference: Reference | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._folder = folder
        self._about = about
        self._blank = blank
        self._dataset = dataset
        self.config = config
        self._step = step
        self._evaluator = evaluator
        self._preview = preview
        self._measure = measure
        self.reference = reference
        self._callbacks: list[Callback] = []
        self.progress = Progress()
        self._windows = self._windows_at(self.progress)
        self._state = self._network.initial_state(config.batch_size)
        self._saved_at = time.monotonic()
        self._clock = clock
        self._stepping_s, self._stepped = 0.0, 0
        self._validations_s: list[float] = []
        self._retimings = [] if clock is None else list(RETIMED_FROM)

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
            RunError: The run's folder cannot be written.
        """
        if not self._folder.validated_state.exists():
            self._save(validated=True)
        while self.progress.step < self.config.steps:
            if request.signal is not None:
                self._save(validated=False)
                return Outcome("interrupted", self.progress)
            if not self._advance():
                self._recover()
                continue
            step = self.progress.step
            if step % self.config.validate_every == 0 or step == self.config.steps:
                self._validate()
                if self.progress.step < self.config.steps:
                    if self.progress.is_stuck(self.config):
                        return Outcome("stopped early", self.progress)
                    self._retime()
            elif time.monotonic() - self._saved_at > SAVE_EVERY_S:
                self._save(validated=False)
        return Outcome("finished", self.progress)

    def _advance(self) -> bool:
        """One update; False when it went wrong and must not be kept."""
        began_s = time.monotonic()
        window = self._windows.next()
        rate = learning_rate(self.progress.step, self.config) * self.progress.rate_scale
        result = self._step(window, self._state, self.progress.step, rate)
        if not (self._is_sound(result.loss) and math.isfinite(result.gradient_norm)):
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
        self._stepping_s += time.monotonic() - began_s
        self._stepped += 1
        return True

    def _is_sound(self, nats: float) -> bool:
        uniform = max(1.0, math.log(self._network.config.vocabulary_size))
        return nats < EXPLODED * uniform  # which not-a-number is not

    def _retime(self) -> None:
        """Set the number of steps right where it is time to; it is recorded with the state."""
        done, config = self.progress.step, self.config
        if self._clock is None or not self._retimings or done < self._retimings[0] * config.steps:
            return
        del self._retimings[0]
        left_s = self._clock.deadline_s - time.monotonic()
        validations = math.ceil((config.steps - done) / config.validate_every)
        step_s = self._stepping_s / self._stepped
        # the quickest: the first compiles as well
        validation_s = min(self._validations_s, default=self._clock.validation_s)
        steps = done + max(1, int((left_s - validations * validation_s) / step_s))
        every = max(1, math.ceil(steps * config.validate_every / config.steps))
        self.config = replace(config, steps=steps, validate_every=every)
        self._about = {**self._about, "training": self.config.to_json()}
        self._save(validated=False)  # whoever resumes goes by the new number too
        for callback in self._callbacks:
            callback.on_length(steps)

    def _recover(self) -> None:
        recoveries = self.progress.recoveries + 1
        if recoveries > MAX_RECOVERIES:
            raise TrainingError(
                f"The loss exploded at step {self.progress.step + 1}, after {MAX_RECOVERIES} new attempts.",
                f"Train anew with a --learning-rate below {self.config.learning_rate:g}"
                + (f"; the best model so far is {self._folder.best}." if self._folder.best.exists() else "."),
            )
        failed_step = self.progress.step + 1
        scale = self.progress.rate_scale / 2
        validated = self._folder.load_validated_state()
        require_state_tensors(validated.tensors, self._network.config, self.config)
        self.restore(validated)
        self.progress = replace(self.progress, rate_scale=scale, recoveries=recoveries)
        self.notice(
            f"The loss exploded at step {failed_step}: back to step {self.progress.step}, "
            f"with {scale:g} of the learning rate."
        )

    def _validate(self) -> None:
        began_s = time.monotonic()
        score = self._evaluator.score(self._dataset.validation, MAX_VALIDATION_TOKENS)
        nats = score.nats_per_token
        if not self._is_sound(nats):
            self._recover()
            return
        best = self.progress.best_nats
        is_best = best is None or nats < best
        weights = self._network.weights()
        measures = self._measure(score.nats)
        compared = "" if self.reference is None else self.reference.compared(measures)
        summary = self._training_summary(nats, score.tokens, measures, compared)
        model = replace(self._blank, weights=weights, training=summary)
        if is_best:
            self.progress = replace(self.progress, best_nats=nats, best_step=self.progress.step)
            self._folder.save_model(self._folder.best, model)
        self._folder.save_model(self._folder.last, model)
        report = ValidationReport(
            self.progress.step,
            nats,
            measures,
            score.tokens,
            is_best,
            self._preview(weights),
            summary["ngram"],
            "; ".join(filter(None, [compared, trend(nats, best)])),
        )
        for callback in self._callbacks:
            callback.on_validation(report)
        # last of all: whoever is killed before does the validation again, and nothing of it is missing
        self._save(validated=True)
        self._validations_s.append(time.monotonic() - began_s)

    def _training_summary(
        self, nats: float, tokens: int, measures: dict[str, float], compared: str
    ) -> dict[str, Any]:
        return {
            "step": self.progress.step,
            "validation_nats_per_token": nats,
            **{f"validation_{name}": value for name, value in measures.items()},
            "validation_tokens": tokens,
            "ngram": self.reference and self.reference.to_json(),
            "verdict": compared,
            "config": self.config.to_json(),
        }

    def notice(self, text: str) -> None:
        """Tell every listener."""
        for callback in self._callbacks:
            callback.on_notice(text)

    def _save(self, *, validated: bool) -> None:
        tensors: dict[str, NDArray[Any]] = {**self._network.weights(), **self._step.optimizer_state()}
        for layer, (h, C) in enumerate(self._state):
            tensors |= {f"carried.{layer}.h": h.numpy(), f"carried.{layer}.C": C.numpy()}
        self._folder.save_state(self.progress, self._about, tensors, validated=validated)
        self._saved_at = time.monotonic()

    def _windows_at(self, progress: Progress) -> Windows:
        return windows_of(
            self._dataset.training,
            self.config.batch_size,
            self.config.window,
            seed=self.config.seed,
            variants=self._dataset.tokenizer.variants(),
            cursor=progress.cursor,
        )
