"""What nobody asked for: sizes that fit the corpus and the machine, and steps that fit the clock.

Everything chosen here is written into the run's configuration, so that training itself depends on steps
alone; only where the user gave minutes is their number set right on the way.
"""

import math
from dataclasses import dataclass, field
from typing import TypeVar

from gen.config import ADDED_LATER, JsonFields, ModelConfig, Precision, Recipe, TrainingConfig
from gen.dataset.token_file import TokenFile, fit_streams
from gen.errors import TrainingError
from gen.machine import memory_bytes

DEFAULT_MINUTES = 10.0
# what two ordinary cores read; it only tells few passes from many, so that a run does not depend on its clock
NOMINAL_TOKENS_A_MINUTE = 900_000
GRADIENT_NORM = 1.0
WARMUP_STEPS = 100
BYTES_A_PARAMETER = 16  # float32: weight, gradient, and AdamW's two moments
VALIDATIONS = 10
# a validation reads so many at the most, always the same: their mean says as much as that of more
MAX_VALIDATION_TOKENS = 1 << 19
VALIDATION_SHARE = 0.06
# of the time that it takes to learn from as many tokens: there is no way back
VALIDATION_COST = 0.5
EMBEDDING_SIZE = 64
Value = TypeVar("Value", int, float)
# what the n-gram that the model is compared with may take of the time
REFERENCE_SHARE = 0.02
# a third of what scripts/bench_ngram.py measured: on a slower machine it stays within the share as well
REFERENCE_TOKENS_A_SECOND = 400_000
# one that is counted over less than this and less than there is would flatter the model
LEAST_REFERENCE_TOKENS = 100_000


@dataclass(frozen=True)
class Request(JsonFields):
    """What the user asked for; None leaves the choice to `gen`.

    Attributes:
        minutes: Wall clock from the start of the process to its end.
        steps: Updates.
        epochs: Passes over the training part.
        units: H of each layer.
        layers: Number of layers.
        batch_size: N, parallel streams.
        window: T, time steps between truncations of the gradient.
        dropout: Share of hidden values dropped; the recipe has what that means for the embedding.
        learning_rate: Peak rate.
        precision: dtype of the factors of products, or `auto`.
        seed: Where all randomness comes from.
        gradients: dtype that several processes or devices sum their gradients in.
    """

    minutes: float | None = None
    steps: int | None = None
    epochs: float | None = None
    units: int | None = None
    layers: int | None = None
    batch_size: int | None = None
    window: int | None = None
    dropout: float | None = None
    learning_rate: float | None = None
    precision: str | None = None
    seed: int | None = None
    gradients: str | None = field(default=None, metadata=ADDED_LATER)

    @property
    def budget_s(self) -> float:
        """Wall clock for the whole command; endless where steps or epochs say how long."""
        if self.steps is not None or self.epochs is not None:
            return math.inf
        return 60.0 * (DEFAULT_MINUTES if self.minutes is None else self.minutes)


def passes(request: Request, tokens: int, tokens_a_step: int) -> float:
    """How often a training part of so many tokens will be read, by what was asked for and no clock.

    Of minutes, that is how often 512 units would read it: a measure of the time there is for so much text.
    """
    if request.epochs is not None:
        return request.epochs
    if request.steps is not None:
        return request.steps * tokens_a_step / tokens
    return (request.minutes or DEFAULT_MINUTES) * NOMINAL_TOKENS_A_MINUTE / tokens


def _below(limits: tuple[tuple[float, Value], ...], amount: float, otherwise: Value) -> Value:
    """What a table of the recipe has for an amount: of the first limit that it is below."""
    return next((value for limit, value in limits if amount < limit), otherwise)


def model_config(
    request: Request, recipe: Recipe, tokens: int, tokens_a_step: int, vocabulary_size: int
) -> ModelConfig:
    """The shape of a network for a training part of so many tokens."""
    by_tokens = _below(recipe.units_by_tokens, tokens, recipe.units)
    by_passes = _below(recipe.units_by_passes, passes(request, tokens, tokens_a_step), recipe.units)
    units = request.units or min(by_tokens, by_passes)
    return ModelConfig(vocabulary_size, min(EMBEDDING_SIZE, units), units, request.layers or 1)


def require_memory(model: ModelConfig) -> None:
    """Refuse a model that this machine cannot hold while it learns.

    Raises:
        TrainingError: Weights, gradients and moments alone are larger than the machine's memory.
    """
    needed_bytes, has_bytes = model.parameters() * BYTES_A_PARAMETER, memory_bytes()
    if has_bytes is not None and needed_bytes > has_bytes:
        raise TrainingError(
            f"{model.layers} x {model.units} units are {model.parameters():,} parameters: learning takes "
            f"{needed_bytes / 1e9:,.0f} GB, and this machine has {has_bytes / 1e9:,.0f} GB.",
            "Give fewer --units or --layers.",
        )


def streams_and_window(request: Request, recipe: Recipe, file: TokenFile) -> tuple[int, int, str]:
    """N and T that the corpus can fill, and what to tell the user where it cannot fill those asked for.

    Raises:
        CorpusError: There is nothing to predict.
    """
    asked = (request.batch_size or recipe.batch_size, request.window or recipe.window)
    streams, window = fit_streams(file, *asked)
    if (streams, window) == asked:
        return streams, window, ""
    instead = f"batch size {streams} and window {window} instead of {asked[0]} and {asked[1]}"
    return streams, window, f"The corpus is small: {instead}"


def training_config(
    request: Request,
    recipe: Recipe,
    tokens: int,
    streams: int,
    window: int,
    precision: Precision,
    products: Precision,
    parts: int,
) -> TrainingConfig:
    """The configuration of a run but for its length, which is not known before the clock is read."""
    times = passes(request, tokens, streams * window)
    rate = _below(recipe.learning_rate_by_passes, times, recipe.learning_rate)
    share = _below(recipe.dropout_by_passes, times, recipe.dropout)
    dropout = share if request.dropout is None else request.dropout
    return TrainingConfig(
        steps=1,
        batch_size=streams,
        window=window,
        learning_rate=rate if request.learning_rate is None else request.learning_rate,
        dropout=dropout,
        weight_decay=_below(recipe.weight_decay_by_passes, times, recipe.weight_decay),
        gradient_norm=GRADIENT_NORM,
        warmup_steps=0,
        validate_every=1,
        precision=precision,
        products=products,
        parts=parts,
        seed=request.seed or 0,
        gradients="bfloat16" if request.gradients == "bfloat16" else "float32",
        input_dropout=recipe.input_share * dropout,
        confidence_penalty=_below(recipe.confidence_penalty_by_passes, times, recipe.confidence_penalty),
    )


def length_by_count(steps: int) -> tuple[int, int]:
    """Steps, and steps between validations, where the user set the steps."""
    return steps, max(1, math.ceil(steps / VALIDATIONS))


def validation_seconds(step_s: float, tokens_a_step: int, tokens: int) -> float:
    """What a validation will take, by what a step takes: a guess until the first ones have been timed."""
    return VALIDATION_COST * step_s * min(tokens, MAX_VALIDATION_TOKENS) / tokens_a_step


def length_by_clock(seconds: float, step_s: float, validation_s: float) -> tuple[int, int]:
    """Steps, and steps between validations, that fill a time.

    Args:
        seconds: Left for training, validation and saving.
        step_s: What a step takes.
        validation_s: What a validation with its sample and its saves takes.

    Raises:
        TrainingError: There is no time for a single step and validation.
    """
    if seconds < step_s + validation_s:
        raise TrainingError(
            "The time asked for is over before training can begin.",
            "Give more --minutes, or a number of --steps.",
        )
    affordable = int(VALIDATION_SHARE * seconds / validation_s)
    validations = min(2 * VALIDATIONS, max(3, affordable))
    while validations > 1 and seconds - validations * validation_s < seconds / 2:
        validations -= 1
    steps = max(1, int((seconds - validations * validation_s) / step_s))
    return steps, max(1, math.ceil(steps / validations))


def reference_tokens(budget_s: float, training_tokens: int, validation_tokens: int, most: int) -> int:
    """How many tokens an n-gram is to learn from, to take little of the time; 0 where they would be too few.

    It follows from what is asked for alone, so that the same command always compares with the same n-gram.

    Args:
        budget_s: The time for all, `Request.budget_s`.
        training_tokens: Of the training part.
        validation_tokens: What it will predict.
        most: Never more.
    """
    affordable = REFERENCE_SHARE * budget_s * REFERENCE_TOKENS_A_SECOND - validation_tokens
    if affordable < min(training_tokens, LEAST_REFERENCE_TOKENS):
        return 0
    return int(min(most, affordable))
