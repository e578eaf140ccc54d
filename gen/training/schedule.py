"""The learning rate by step: a linear warm-up, then half a cosine down to a small share of the peak.

It depends on the step alone, never on the clock, so that a resumed run follows the same curve. Source of the
cosine: Loshchilov and Hutter, "SGDR" (2017).
"""

import math

from gen.config import TrainingConfig

FINAL_SHARE = 0.01


def learning_rate(step: int, config: TrainingConfig) -> float:
    """The rate of step `step`, which counts from 0 to `config.steps - 1`."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    progress = (step - config.warmup_steps) / max(1, config.steps - config.warmup_steps)
    cosine = (1 + math.cos(math.pi * progress)) / 2
    return config.learning_rate * (FINAL_SHARE + (1 - FINAL_SHARE) * cosine)
