"""From a setup to a trainer: network, step, and as many steps as the clock allows."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gen.checkpoint import Model
from gen.config import Precision, TrainingConfig
from gen.dataset.pieces import windows_of
from gen.evaluation.passes import Evaluator
from gen.evaluation.reference import MAX_TOKENS, Reference, ngram_reference
from gen.evaluation.units import measures, predicted_units
from gen.kinds import kind_named, tokenizer_of
from gen.model.network import Network
from gen.sampler.forward import Network as Stepping
from gen.training import clock, plan
from gen.training.finetune import carry_over
from gen.training.loop import Clock, Trainer
from gen.training.plan import MAX_VALIDATION_TOKENS
from gen.training.setup import Setup, describe
from gen.training.step import TrainingStep
from gen.training.world import World

# What the clock must leave for: a validation's saves and sample, and closing TensorFlow at the end.
SAVES_S = 0.3
EXIT_S = 0.8


def build(setup: Setup, started: float, world: World | None = None) -> Trainer:
    """The loop for a setup, at its saved state if it has one.

    Args:
        setup: From `gen.training.setup`, or at other workers than the chief from `gen.training.meeting`.
        started: When the process began, on the clock of `time.monotonic`.
        world: Who else trains it; all of them build it at the same time.

    Raises:
        TrainingError: The time asked for is over before training can begin.
    """
    world = world or World()
    config = setup.training or TrainingConfig.from_json(
        world.decided(lambda: _unmeasured(setup).to_json())  # which times products
    )
    network = Network(setup.model, config.precision, config.products, config.seed)
    if setup.base is not None:
        base = tokenizer_of(setup.base.kind, setup.base.tokenizer)
        network.assign(carry_over(setup.base, base, setup.dataset.tokenizer, network.weights()))
    network.assign(world.copied(network.weights()))
    # before the clock is read for the number of steps
    reference = _reference(setup) if world.is_chief else None
    step = TrainingStep(network, config, world)
    evaluator = Evaluator(network, config.parts, world.share)
    timer = None
    if setup.training is None:
        steps, validate_every, timer = _length(setup, step, started)
        warmup_steps = min(plan.WARMUP_STEPS, steps // 10)
        config = replace(config, steps=steps, validate_every=validate_every, warmup_steps=warmup_steps)
    trainer = Trainer(
        folder=setup.folder,
        about=describe(setup, config),
        blank=_blank(setup),
        dataset=setup.dataset,
        config=config,
        step=step,
        evaluator=evaluator,
        preview=_preview(setup),
        measure=_measure(setup),
        reference=reference,
        clock=timer,
    )
    if world.decided(lambda: setup.saved is not None):
        trainer.restore(setup.saved)
    return trainer


def _unmeasured(setup: Setup) -> TrainingConfig:
    precision, products = _precision(setup)
    tokens = setup.dataset.training.tokens
    recipe = kind_named(setup.dataset.kind).recipe
    return plan.training_config(
        setup.request, recipe, tokens, setup.streams, setup.window, precision, products, setup.parts
    )


def _precision(setup: Setup) -> tuple[Precision, Precision]:
    """What factors are rounded to, and what they are multiplied in."""
    if setup.request.precision == "float32":
        return "float32", "float32"
    faster = clock.faster_products(setup.streams // (setup.cluster.size * setup.parts), setup.model.units)
    return ("bfloat16" if setup.request.precision == "bfloat16" else faster), faster


def _length(setup: Setup, step: TrainingStep, started: float) -> tuple[int, int, Clock | None]:
    """Steps, steps between validations, and the clock where that is what decides."""
    request, dataset = setup.request, setup.dataset
    if request.steps is not None:
        return *plan.length_by_count(request.steps), None
    if request.epochs is not None:
        per_epoch = windows_of(
            dataset.training, setup.streams, setup.window, seed=setup.request.seed or 0
        ).per_epoch
        return *plan.length_by_count(max(1, round(request.epochs * per_epoch))), None
    step_s = clock.step_seconds(step, dataset.training, setup.streams, setup.window, request.budget_s)
    validation_s = plan.validation_seconds(step_s, setup.streams * setup.window, dataset.validation.tokens)
    timer = Clock(started + request.budget_s - EXIT_S, validation_s + SAVES_S)
    steps, validate_every = step.world.decided(
        lambda: plan.length_by_clock(timer.deadline_s - time.monotonic(), step_s, timer.validation_s)
    )
    return steps, validate_every, timer


def _reference(setup: Setup) -> Reference | None:
    """The n-gram that validations are compared with; None where there is no time for it."""
    training, validation = setup.dataset.training, setup.dataset.validation
    predicted = min(validation.tokens, MAX_VALIDATION_TOKENS)
    learn = plan.reference_tokens(setup.request.budget_s, training.tokens, predicted, MAX_TOKENS)
    if not learn:
        return None
    return ngram_reference(
        training, validation, setup.dataset.tokenizer, limit=MAX_VALIDATION_TOKENS, learn=learn
    )


def _blank(setup: Setup) -> Model:
    corpus = {
        "name": setup.source.name,
        "licence": setup.source.licence,
        "training_tokens": setup.dataset.training.tokens,
        "digest": setup.dataset.digest,
    }
    return Model(setup.dataset.kind, setup.model, setup.dataset.tokenizer.to_json(), {}, corpus)


def _preview(setup: Setup) -> Callable[[dict[str, NDArray[np.float32]]], str]:
    dataset = setup.dataset
    write = kind_named(dataset.kind).preview
    return lambda weights: write(Stepping(setup.model, weights), dataset.tokenizer)


def _measure(setup: Setup) -> Callable[[float], dict[str, float]]:
    tokenizer = setup.dataset.tokenizer
    units = predicted_units(setup.dataset.validation, tokenizer, MAX_VALIDATION_TOKENS)
    return lambda nats: measures(tokenizer, nats, units)
