"""From what was asked for to a trainer: the length of a run, and that measuring it leaves no trace."""

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.checkpoint import load_model
from gen.errors import TrainingError
from gen.model.network import Network
from gen.training import clock, plan, resuming, setup
from gen.training.build import build
from gen.training.loop import Trainer
from gen.training.plan import Request
from gen.training.run import RunFolder
from gen.training.setup import Given
from gen.training.signals import StopRequest
from tests.training.conftest import Machine
from tests.training.test_loop import StopAt, assert_same
from tests.training.tiny import Recorder, words

SMALL: dict[str, Any] = {"units": 6, "batch_size": 3, "window": 8, "seed": 4, "precision": "float32"}


@pytest.fixture(autouse=True)
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))
    Path("corpus.txt").write_text(words(150), "utf-8")


def built(started: float | None = None, **asked: Any) -> Trainer:
    given = Given(Request(**{**SMALL, **asked}), "corpus.txt", out=Path("run"))
    return build(setup.begin(given), time.monotonic() if started is None else started)


def assert_untouched(trainer: Trainer) -> None:
    """The weights are those that the seed gives, the moments zero."""
    assert_same(trainer._network.weights(), Network(trainer._network.config, seed=4).weights())
    for name, values in trainer._step.optimizer_state().items():
        assert not np.any(values), name


@pytest.mark.parametrize("epochs", [0.001, 1.0, 2.5])
def test_epochs_are_passes_over_the_training_part(epochs: float) -> None:
    trainer, heard = built(epochs=epochs), Recorder()
    per_epoch = trainer._windows.per_epoch
    assert trainer.config.steps == max(1, round(epochs * per_epoch))
    assert trainer.config.validate_every == max(1, math.ceil(trainer.config.steps / 10))
    assert_untouched(trainer)
    if epochs == 1.0:
        trainer.listen(heard)
        outcome = trainer.run(StopRequest())
        assert outcome.progress.epoch == 1
        assert sum(report.tokens for report in heard.steps) == trainer._dataset.training.tokens - 1


def test_minutes_become_steps_and_measuring_them_is_undone() -> None:
    trainer, request = built(minutes=2.0), StopRequest()
    assert trainer.config.steps >= 1
    assert 1 <= trainer.config.validate_every <= trainer.config.steps
    assert 0 <= trainer.config.warmup_steps <= trainer.config.steps
    assert_untouched(trainer)
    heard = Recorder()
    trainer.listen(heard, StopAt(min(2, trainer.config.steps), request))
    trainer.run(request)
    saved = RunFolder(Path("run")).load_state()
    assert saved.about["training"] == trainer.config.to_json()
    assert saved.progress.step == len(heard.steps) >= 1
    resumed = build(resuming.resume(Given(Request(minutes=2.0), out=Path("run"))), time.monotonic())
    assert resumed.config == trainer.config
    assert resumed.progress == trainer.progress


def test_time_that_is_over_is_an_error() -> None:
    with pytest.raises(TrainingError, match="before training can begin"):
        built(started=time.monotonic() - 1e6, minutes=1.0)


@pytest.mark.parametrize("budget_s", [0.0, 3.0])
def test_measuring_steps_leaves_weights_and_moments_bit_for_bit(budget_s: float, machine: Machine) -> None:
    generator = np.random.default_rng(3)
    values = {
        name: value + generator.random(value.shape).astype(value.dtype) + value.dtype.type(1)
        for name, value in machine.first.items()
    }
    machine.assign(values)
    before = machine.values()
    assert any(np.any(before[name]) for name in before if name.startswith("optimizer.m."))
    assert clock.step_seconds(machine.step, machine.dataset.training, 3, 8, budget_s) > 0
    after = machine.values()
    assert after.keys() == before.keys()
    for name, value in before.items():
        assert after[name].tobytes() == value.tobytes(), name


def test_a_precision_is_chosen_by_the_clock_only_where_it_matters() -> None:
    assert clock.faster_products(3, clock.MEASURED_UNITS - 1) == "float32"
    assert clock.faster_products(3, clock.MEASURED_UNITS) in {"float32", "bfloat16"}
    assert built(steps=1, precision="auto").config.precision == "float32"
    rounded = built(steps=1, precision="bfloat16").config
    assert (rounded.precision, rounded.products) == ("bfloat16", "float32")


def test_fine_tuning_begins_at_the_weights_of_the_model() -> None:
    trainer = built(steps=2)
    trainer.run(StopRequest())
    given = Given(Request(steps=2), "corpus.txt", out=Path("further"), init_from=Path("run"))
    further = build(setup.begin(given), time.monotonic())
    assert_same(further._network.weights(), load_model(Path("run/best.safetensors")).weights)


def test_validations_are_compared_with_an_n_gram_of_the_same_parts_resumed_or_not() -> None:
    trainer, request = built(minutes=2.0), StopRequest()
    assert trainer.reference is not None
    assert trainer.reference.learned_tokens == trainer._dataset.training.tokens
    assert trainer.reference.score.tokens == trainer._dataset.validation.predictions
    trainer.listen(StopAt(min(2, trainer.config.steps), request))
    trainer.run(request)
    resumed = build(resuming.resume(Given(Request(), out=Path("run"))), time.monotonic())
    assert resumed.reference == trainer.reference


def test_where_time_is_too_short_nothing_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "REFERENCE_SHARE", 1e-6)
    assert built(minutes=2.0).reference is None
    assert built(steps=2).reference is not None
