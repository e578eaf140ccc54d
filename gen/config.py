"""The choices a model and a run are made from: frozen dataclasses that travel as JSON.

`ModelConfig` goes into the model file; `TrainingConfig` into the training state. Reading checks every
field's type and bounds before anything is built from it, so that a file cannot ask for 4e8 units.
"""

import dataclasses
import math
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

Precision = Literal["float32", "bfloat16"]

MAX_UNITS = 1 << 14
MAX_LAYERS = 64
MAX_VOCABULARY = 1 << 16
MAX_PARTS = 1 << 12  # more cores than any machine has
# of a field that files of older releases lack: these trained as its default says
ADDED_LATER = {"added later": True}


class ConfigError(ValueError):
    """A field is missing, unknown, of the wrong type, or out of bounds; the message names it."""


def require_whole(name: str, value: Any, low: int, high: int) -> None:
    """Refuse what is not a whole number within bounds.

    Raises:
        ConfigError: It is something else.
    """
    if not _fits(value, int) or not low <= value <= high:
        raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {value!r}")


def require_real(name: str, value: Any, low: float, high: float) -> None:
    """Refuse what is not a number within bounds.

    Raises:
        ConfigError: It is something else.
    """
    if not _fits(value, float) or not low <= value <= high:
        raise ConfigError(f"{name} must be a number from {low} to {high}, not {value!r}")


class JsonFields:
    """Reading and writing of a frozen dataclass as a JSON object."""

    def to_json(self) -> dict[str, Any]:
        """The fields as a JSON-ready dict."""
        return dataclasses.asdict(self)  # type: ignore[call-overload, no-any-return]

    @classmethod
    def from_json(cls, fields: Any) -> Self:
        """The dataclass that `to_json` wrote.

        Raises:
            ConfigError: A field is unknown, of the wrong type, or out of bounds, or missing and was not
                `ADDED_LATER`.
        """
        if not isinstance(fields, dict):
            raise ConfigError(f"{cls.__name__} must be a JSON object, not {type(fields).__name__}")
        known = {each.name: each for each in dataclasses.fields(cls)}  # type: ignore[arg-type]
        fields = {name: each.default for name, each in known.items() if each.metadata == ADDED_LATER} | fields
        if missing := sorted(known.keys() - fields.keys()):
            raise ConfigError(f"{cls.__name__} lacks {', '.join(missing)}")
        if unknown := sorted(fields.keys() - known.keys()):
            raise ConfigError(f"{cls.__name__} has unknown fields: {', '.join(map(str, unknown))}")
        for name, wanted in get_type_hints(cls).items():
            if not _fits(fields[name], wanted):
                raise ConfigError(f"{name} must be {_described(wanted)}, not {fields[name]!r}")
        return cls(**fields)


@dataclass(frozen=True)
class ModelConfig(JsonFields):
    """The shape of a network: embedding, stacked LSTM layers, output.

    Attributes:
        vocabulary_size: V, number of tokens.
        embedding_size: D of the first layer.
        units: H of every layer.
        layers: Number of stacked LSTM layers.
    """

    vocabulary_size: int
    embedding_size: int
    units: int
    layers: int

    def __post_init__(self) -> None:
        require_whole("vocabulary_size", self.vocabulary_size, 1, MAX_VOCABULARY)
        require_whole("embedding_size", self.embedding_size, 1, MAX_UNITS)
        require_whole("units", self.units, 1, MAX_UNITS)
        require_whole("layers", self.layers, 1, MAX_LAYERS)

    def input_size(self, layer: int) -> int:
        """D of layer `layer`: the embedding for the first, the units below for the others."""
        return self.embedding_size if layer == 0 else self.units

    def parameters(self) -> int:
        """How many numbers the model learns."""
        recurrent = sum(
            4 * self.units * (self.units + self.input_size(layer) + 1) for layer in range(self.layers)
        )
        return self.vocabulary_size * (self.embedding_size + self.units + 1) + recurrent


@dataclass(frozen=True)
class TrainingConfig(JsonFields):
    """How a run trains; with the corpus it determines every bit of the result.

    Attributes:
        steps: Optimiser steps in all.
        batch_size: N, parallel streams.
        window: T, time steps between truncations of the gradient.
        learning_rate: Peak rate of the schedule.
        dropout: Share of hidden values dropped in training.
        weight_decay: AdamW's decoupled decay of matrices (never of biases).
        gradient_norm: Gradients are clipped to this global norm.
        warmup_steps: Steps over which the rate rises from zero.
        validate_every: Steps between validations.
        precision: dtype that the factors of matrix products are rounded to.
        products: dtype that they are multiplied in: the same, or a wider one where that is faster.
        parts: Independent parts the batch is split into, one a core.
        seed: Where all randomness comes from.
        gradients: dtype that several processes or devices sum their gradients in.
        input_dropout: Share of the embedding's values dropped; None is that of the hidden ones.
        confidence_penalty: What a nat of the predictions' entropy is worth beside one of the loss.
    """

    steps: int
    batch_size: int
    window: int
    learning_rate: float
    dropout: float
    weight_decay: float
    gradient_norm: float
    warmup_steps: int
    validate_every: int
    precision: Precision
    products: Precision
    parts: int
    seed: int
    gradients: Precision = field(default="float32", metadata=ADDED_LATER)
    input_dropout: float | None = field(default=None, metadata=ADDED_LATER)
    confidence_penalty: float = field(default=0.0, metadata=ADDED_LATER)

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "window", "validate_every"):
            require_whole(name, getattr(self, name), 1, 1 << 40)
        require_whole("parts", self.parts, 1, min(self.batch_size, MAX_PARTS))
        require_whole("warmup_steps", self.warmup_steps, 0, 1 << 40)
        require_whole("seed", self.seed, 0, (1 << 63) - 1)
        require_real("learning_rate", self.learning_rate, 0.0, 10.0)
        require_real("dropout", self.dropout, 0.0, 0.95)
        if self.input_dropout is not None:
            require_real("input_dropout", self.input_dropout, 0.0, 0.95)
        require_real("weight_decay", self.weight_decay, 0.0, 10.0)
        require_real("confidence_penalty", self.confidence_penalty, 0.0, 10.0)
        require_real("gradient_norm", self.gradient_norm, 0.0, 1e9)


@dataclass(frozen=True)
class Recipe:
    """What is good to train with where the user does not say: found by measurement, kind by kind.

    Attributes:
        batch_size: N.
        window: T.
        units: H.
        units_by_tokens: Smaller H for corpora of fewer tokens than so many, smallest first.
        units_by_passes: Smaller H for corpora that will be read fewer times than so, smallest first.
        learning_rate: Peak rate.
        learning_rate_by_passes: Larger rates for corpora that will be read fewer times than so.
        dropout: Share of hidden values dropped.
        dropout_by_passes: Smaller shares for corpora that will be read fewer times than so.
        input_share: Of the embedding's values this many times `dropout` are dropped.
        weight_decay: AdamW's decoupled decay of matrices.
        weight_decay_by_passes: Smaller decays for corpora that will be read fewer times than so.
        confidence_penalty: Nats of loss that a nat of the predictions' entropy makes up for.
        confidence_penalty_by_passes: Smaller penalties for corpora that will be read fewer times than so.
    """

    batch_size: int
    window: int
    units: int
    units_by_tokens: tuple[tuple[int, int], ...]
    units_by_passes: tuple[tuple[float, int], ...]
    learning_rate: float
    learning_rate_by_passes: tuple[tuple[float, float], ...]
    dropout: float
    dropout_by_passes: tuple[tuple[float, float], ...]
    input_share: float
    weight_decay: float
    weight_decay_by_passes: tuple[tuple[float, float], ...]
    confidence_penalty: float
    confidence_penalty_by_passes: tuple[tuple[float, float], ...]


def _fits(value: Any, wanted: Any) -> bool:
    """Whether a JSON value is of a field's type; whole numbers are real ones too, and truth is no number."""
    within = get_args(wanted)
    if get_origin(wanted) is Literal:
        return value in within
    if get_origin(wanted) is UnionType:
        return any(_fits(value, one) for one in within)
    if get_origin(wanted) is dict:
        names, values = within
        return isinstance(value, dict) and all(_fits(k, names) and _fits(v, values) for k, v in value.items())
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))


def _described(wanted: Any) -> str:
    """A field's type, as an error says it: `int`, `float | None`, `float32 or bfloat16`."""
    if get_origin(wanted) is Literal:
        return " or ".join(get_args(wanted))
    return wanted.__name__ if isinstance(wanted, type) else str(wanted)
