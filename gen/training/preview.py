"""A few lines of what the model writes by now, for the eyes of whoever waits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.config import ModelConfig
from gen.kinds import KINDS
from gen.sampler.choose import Choices
from gen.sampler.forward import Network

LENGTH = 160
TEMPERATURE = 0.8


def preview(kind: str, config: ModelConfig, tokenizer: Any, weights: dict[str, NDArray[np.float32]]) -> str:
    """A short sample, with the same draws each time, so that two of a run differ by the weights alone."""
    choices = Choices((TEMPERATURE, TEMPERATURE))
    pieces = KINDS[kind].write(Network(config, weights), tokenizer, "", choices, length=LENGTH)
    return "".join(piece for (piece,) in pieces)
