"""A corpus, a network and a run, all as small as they can be."""

import random
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.config import ModelConfig, TrainingConfig
from gen.dataset.prepare import Dataset
from gen.dataset.token_file import TokenFile, encode_to_file
from gen.errors import GenError
from gen.tokenizer.characters import CharacterTokenizer
from gen.training.callbacks import Callback, StepReport, ValidationReport
from gen.training.state_tensors import state_forms

WORDS = ("the", "cat", "sat", "on", "a", "mat", "and", "saw", "big", "red", "dog", "run", "far", "away")

# what a training configuration of before may not have
FIELDS_ADDED_LATER = frozenset({"gradients", "input_dropout", "confidence_penalty"})


def words(count: int, seed: int = 1) -> str:
    """Random words, nine a line."""
    draw = random.Random(seed)
    return "".join(draw.choice(WORDS) + ("\n" if number % 9 == 8 else " ") for number in range(count))


def token_file(path: Path, ids: NDArray[Any]) -> TokenFile:
    path.write_bytes(ids.astype("u1").tobytes())
    return TokenFile(path, len(ids), "<u1")


def training_config(**changes: Any) -> TrainingConfig:
    settings: dict[str, Any] = {
        "steps": 12,
        "batch_size": 3,
        "window": 8,
        "learning_rate": 0.01,
        "dropout": 0.3,
        "weight_decay": 0.01,
        "gradient_norm": 1.0,
        "warmup_steps": 2,
        "validate_every": 4,
        "precision": "float32",
        "products": "float32",
        "parts": 2,
        "seed": 5,
        "confidence_penalty": 0.2,
    }
    return TrainingConfig(**{**settings, **changes})


def text_dataset(folder: Path, training: str, validation: str) -> Dataset:
    tokenizer = CharacterTokenizer.learn([training], [validation])
    learned, held_out = (
        encode_to_file([text], tokenizer, folder / f"{name}.ids")
        for name, text in (("training", training), ("validation", validation))
    )
    return Dataset("text", learned, held_out, tokenizer, (), "digest")


def state_tensors(model: ModelConfig, training: TrainingConfig) -> dict[str, NDArray[Any]]:
    """Tensors of the forms that a state's are to have, all zeros."""
    forms = state_forms(model, training)
    return {name: np.zeros(form.shape, form.dtype) for name, form in forms.items()}


class Recorder(Callback):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.steps: list[StepReport] = []
        self.validations: list[ValidationReport] = []
        self.notices: list[str] = []
        self.lengths: list[int] = []
        self.closed = False

    def on_step(self, report: StepReport) -> None:
        self.steps.append(report)

    def on_validation(self, report: ValidationReport) -> None:
        self.validations.append(report)

    def on_notice(self, text: str) -> None:
        self.notices.append(text)

    def on_length(self, steps: int) -> None:
        self.lengths.append(steps)

    def close(self) -> None:
        self.closed = True


class At(Callback):
    """Does something after a step."""

    def __init__(self, step: int, do: Any) -> None:
        self.step, self.do = step, do

    def on_step(self, report: Any) -> None:
        if report.step == self.step:
            self.do()


def complaint(do: Any) -> str:
    """What an error of the user's that doing something raises says; empty if it raises none."""
    try:
        do()
    except GenError as error:
        return str(error)
    return ""
