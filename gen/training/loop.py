"""The loop: windows through the step, validations, saves, and the way back when the loss explodes.

All that a run is between two updates is a `Progress` and a dict of arrays; saving writes them, resuming and
recovering read them, by the same code.

Of several processes each runs this loop. What depends on a clock, a folder or a signal is decided by one and
told to all, so that they never part: the wish to save, and to stop, travel with the gradients.
"""

import math
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.checkpoint import Model
from gen.config import TrainingConfig
from gen.dataset.pieces import windows_of
from gen.dataset.prepare import Dataset
from gen.dataset.windows import Windows
from gen.errors import TrainingError
from gen.evaluation.passes import Evaluator, Score, total
from gen.evaluation.reference import Reference
from gen.model.network import Network
from gen.training.callbacks import Callback, StepReport
from gen.training.keeping import Keeper
from gen.training.meeting import agree_on_weights
from gen.training.plan import MAX_VALIDATION_TOKENS
from gen.training.publishing import Publisher
from gen.training.run import Progress, RunFolder, SavedState
from gen.training.schedule import learning_rate
from gen.training.signals import STOPPING_SIGNALS, StopRequest
from gen.training.step import TrainingStep

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
        folder: Where it is kept; used by the chief alone.
        about: The run's unchanging description, saved with every state.
        blank: The model file's content but for weights and training result.
        dataset: What to learn.
        config: How.
        step: The update, with the network and the world.
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
        self._publisher = Publisher(folder, blank, preview, measure, reference)
        self.reference = reference
        self._callbacks: list[Callback] = []
        self._world = step.world
        self._keeper = Keeper(folder, step, config)
        self._save_told = False
        self._stop_told: signal.Signals | None = None
        self.progress = Progress()
        self._windows = self._windows_at(self.progress)
        first, last = self._windows.block
        self._state = self._network.initial_state(last - first)
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

    def restore(self, saved: SavedState | None) -> None:
        """Go to a saved state, exactly; None where another process is the chief, who has it."""
        self.progress, self._state = self._keeper.restore(saved)
        self._windows = self._windows_at(self.progress)

    def run(self, request: StopRequest) -> Outcome:
        """Train to the end, or until `request` or the validation loss says to stop.

        Raises:
            TrainingError: The loss keeps exploding.
            RunError: The run's folder cannot be written.
        """
        outcome = self._run(request)
        self._world.decided(lambda: None)  # nobody leaves before the chief has saved
        return outcome

    def _run(self, request: StopRequest) -> Outcome:
        if self._world.decided(lambda: not self._folder.validated_state.exists()):
            self._save(validated=True)
        while self.progress.step < self.config.steps:
            if self._must_stop(request):
                self._save(validated=False)
                return Outcome("interrupted", self.progress)
            save_too = self._world.is_chief and time.monotonic() - self._saved_at > SAVE_EVERY_S
            if not self._advance([float(save_too), *(request.signal == each for each in STOPPING_SIGNALS)]):
                self._recover()
                continue
            step = self.progress.step
            if step % self.config.validate_every == 0 or step == self.config.steps:
                self._validate()
                if self.progress.step < self.config.steps:
                    if self.progress.is_stuck(self.config):
                        return Outcome("stopped early", self.progress)
                    self._retime()
            elif self._save_told:
                self._save(validated=False)
        return Outcome("finished", self.progress)

    def _must_stop(self, request: StopRequest) -> bool:
        """Whether to stop before the next step: all processes at the same one, whoever was asked to."""
        if self._world.cluster.size > 1:
            request.signal = self._stop_told or request.signal
            return self._stop_told is not None
        return request.signal is not None

    def _advance(self, telling: list[float]) -> bool:
        """One update; False when it went wrong and must not be kept.

        Args:
            telling: Whether to save, and which signals have asked to stop; all do as one is told.
        """
        began_s = time.monotonic()
        window = self._windows.next()
        rate = learning_rate(self.progress.step, self.config) * self.progress.rate_scale
        result = self._step(window, self._state, self.progress.step, rate, telling)
        save, *stops = result.told
        self._save_told = save > 0
        asked = (each for each, told in zip(STOPPING_SIGNALS, stops, strict=True) if told > 0)
        self._stop_told = next(asked, None)
        if not (self._is_sound(result.loss) and math.isfinite(result.gradient_norm)):
            return False
        self._state = result.state
        cursor = self._windows.cursor
        self.progress = replace(
            self.progress, step=self.progress.step + 1, epoch=cursor.epoch, position=cursor.position
        )
        report = StepReport(self.progress.step, result.loss, result.gradient_norm, rate, window.predictions)
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
        done, config, clock = self.progress.step, self.config, self._clock
        if clock is None or not self._retimings or done < self._retimings[0] * config.steps:
            return
        del self._retimings[0]
        steps = self._world.decided(lambda: self._affordable(clock))
        every = max(1, math.ceil(steps * config.validate_every / config.steps))
        self.config = replace(config, steps=steps, validate_every=every)
        self._about = {**self._about, "training": self.config.to_json()}
        self._save(validated=False)  # whoever resumes goes by the new number too
        for callback in self._callbacks:
            callback.on_length(steps)

    def _affordable(self, clock: Clock) -> int:
        """How many steps the run will have, by what the steps and validations so far have taken."""
        done, config = self.progress.step, self.config
        left_s = clock.deadline_s - time.monotonic()
        validations = math.ceil((config.steps - done) / config.validate_every)
        step_s = self._stepping_s / self._stepped
        # the quickest: the first compiles as well
        validation_s = min(self._validations_s, default=clock.validation_s)
        return done + max(1, int((left_s - validations * validation_s) / step_s))

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
        self.restore(self._keeper.load_validated())
        self.progress = replace(self.progress, rate_scale=scale, recoveries=recoveries)
        self.notice(
            f"The loss exploded at step {failed_step}: back to step {self.progress.step}, "
            f"with {scale:g} of the learning rate."
        )

    def _validate(self) -> None:
        began_s = time.monotonic()
        found = self._evaluator.score(self._dataset.validation, MAX_VALIDATION_TOKENS)
        shares = self._world.gathered([found.tokens, found.nats])
        score = total(Score(int(tokens), nats) for tokens, nats in shares.tolist())
        nats = score.nats_per_token
        if not self._is_sound(nats):
            self._recover()
            return
        weights = self._network.weights()
        agree_on_weights(self._world, weights)
        best = self.progress.best_nats
        is_best = best is None or nats < best
        if is_best:
            self.progress = replace(self.progress, best_nats=nats, best_step=self.progress.step)
        reports = []
        if self._world.is_chief:
            step = self.progress.step
            reports = [self._publisher.publish(weights, score, step, self.config, best, is_best=is_best)]
        for report, callback in product(reports, self._callbacks):
            callback.on_validation(report)
        # last of all: whoever is killed before does the validation again, and nothing of it is missing
        self._save(validated=True)
        for report, callback in product(reports, self._callbacks):
            callback.on_saved(report)
        self._validations_s.append(time.monotonic() - began_s)

    def notice(self, text: str) -> None:
        """Tell every listener."""
        for callback in self._callbacks:
            callback.on_notice(text)

    def _save(self, *, validated: bool) -> None:
        self._keeper.save(self.progress, self._about, self._state, validated=validated)
        self._saved_at = time.monotonic()

    def _windows_at(self, progress: Progress) -> Windows:
        return windows_of(
            self._dataset.training,
            self.config.batch_size,
            self.config.window,
            seed=self.config.seed,
            variants=self._dataset.tokenizer.variants(),
            cursor=progress.cursor,
        ).narrowed(self._world.block(self.config.batch_size))
