"""What a validation leaves for others: the models in the folder, and a report to those who listen."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.checkpoint import Model
from gen.config import TrainingConfig
from gen.evaluation.passes import Score
from gen.evaluation.reference import Reference, trend
from gen.training.callbacks import ValidationReport
from gen.training.run import RunFolder

Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Publisher:
    """Puts models into a run's folder.

    Attributes:
        folder: The run's.
        blank: The model file's content but for weights and training result.
        preview: Writes a short sample from weights.
        measure: Turns the nats of a validation, summed, into what people compare.
        reference: What to compare validations with, if anything.
    """

    folder: RunFolder
    blank: Model
    preview: Callable[[Weights], str]
    measure: Callable[[float], dict[str, float]]
    reference: Reference | None

    def publish(
        self,
        weights: Weights,
        score: Score,
        step: int,
        config: TrainingConfig,
        best: float | None,
        *,
        is_best: bool,
    ) -> ValidationReport:
        """Save what was validated as the last model, and as the best where it is.

        Args:
            weights: What was validated.
            score: What the validation found.
            step: Updates so far.
            config: How they were made.
            best: The lowest validation loss before.
            is_best: Whether this one is lower.

        Raises:
            RunError: The folder cannot be written.
        """
        measures = self.measure(score.nats)
        compared = "" if self.reference is None else self.reference.compared(measures)
        nats = score.nats_per_token
        summary: dict[str, Any] = {
            "step": step,
            "validation_nats_per_token": nats,
            **{f"validation_{name}": value for name, value in measures.items()},
            "validation_tokens": score.tokens,
            "ngram": self.reference and self.reference.to_json(),
            "verdict": compared,
            "config": config.to_json(),
        }
        model = replace(self.blank, weights=weights, training=summary)
        if is_best:
            self.folder.save_model(self.folder.best, model)
        self.folder.save_model(self.folder.last, model)
        return ValidationReport(
            step,
            nats,
            measures,
            score.tokens,
            is_best,
            self.preview(weights),
            summary["ngram"],
            "; ".join(filter(None, [compared, trend(nats, best)])),
        )
