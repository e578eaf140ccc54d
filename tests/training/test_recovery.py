import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.errors import RunError, TrainingError
from gen.training import loop
from gen.training.callbacks import Callback, StepReport
from gen.training.loop import EXPLODED, MAX_RECOVERIES
from gen.training.run import RunFolder
from gen.training.signals import StopRequest
from tests.training.conftest import Machine, MakeTrainer
from tests.training.test_loop import Scripted
from tests.training.tiny import Recorder


class Poison(Callback):
    """Puts a number that is none into the weights after a step; sees what recovery gives back."""

    def __init__(self, machine: Machine, step: int, times: int = 1) -> None:
        self.machine, self.step, self.times = machine, step, times
        self.recovered: dict[str, Any] = {}

    def on_step(self, report: StepReport) -> None:
        if report.step == self.step and self.times:
            self.times -= 1
            weights = self.machine.step.network.weights()
            weights["lstm.0.W_f"][0, 0] = math.nan
            self.machine.step.network.assign(weights)

    def on_notice(self, text: str) -> None:
        self.recovered = self.machine.values()


def test_a_lost_weight_sends_training_back_to_the_saved_state_at_half_the_rate(
    machine: Machine, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    trainer, heard, poison = make_trainer(tmp_path), Recorder(), Poison(machine, step=6)
    states: list[dict[str, Any]] = []

    class KeepState(Callback):
        def on_step(self, report: StepReport) -> None:
            if report.step == 5:
                states.append(RunFolder(tmp_path).load_validated_state().tensors)

    trainer.listen(heard, poison, KeepState())
    outcome = trainer.run(StopRequest())
    assert (outcome.reason, outcome.progress.step) == ("finished", 12)
    assert (outcome.progress.recoveries, outcome.progress.rate_scale) == (1, 0.5)
    assert heard.notices == ["The loss exploded at step 7: back to step 4, with 0.5 of the learning rate."]
    assert [report.step for report in heard.steps] == [*range(1, 7), *range(5, 13)]
    for name, values in poison.recovered.items():
        np.testing.assert_array_equal(values, states[0][name], err_msg=name)
    again, before = heard.steps[6:8], heard.steps[4:6]
    assert [report.learning_rate for report in again] == [report.learning_rate / 2 for report in before]
    assert again[0].loss == before[0].loss, "the same window from the same weights and the same carried state"
    assert all(np.isfinite(values).all() for values in machine.values().values())


def test_a_loss_far_above_a_uniform_guess_is_an_explosion(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer, heard = make_trainer(tmp_path, learning_rate=10.0, warmup_steps=0, validate_every=12), Recorder()
    trainer.listen(heard)
    outcome = trainer.run(StopRequest())
    assert heard.notices[0] == "The loss exploded at step 2: back to step 0, with 0.5 of the learning rate."
    assert outcome.progress.recoveries == len(heard.notices)
    assert EXPLODED == 5
    limit = EXPLODED * math.log(trainer._network.config.vocabulary_size)
    assert all(report.loss < limit for report in heard.steps)


def test_what_keeps_exploding_is_given_up_and_the_folder_stays_good(
    machine: Machine, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    trainer, heard = make_trainer(tmp_path, learning_rate=0.02), Recorder()
    trainer.listen(heard, Poison(machine, step=6, times=5))
    with pytest.raises(TrainingError) as caught:
        trainer.run(StopRequest())
    assert "exploded" in caught.value.problem
    assert "--learning-rate below 0.02" in caught.value.fix
    assert MAX_RECOVERIES == 4
    assert len(heard.notices) == 4
    for notice, scale in zip(heard.notices, ("0.5", "0.25", "0.125", "0.0625"), strict=True):
        assert f"with {scale} of the learning rate" in notice
    saved = RunFolder(tmp_path).load_state()
    assert all(np.isfinite(values).all() for values in saved.tensors.values())


@pytest.mark.parametrize("nats", [math.nan, math.inf, 20.0])
def test_a_validation_that_explodes_goes_back_too_and_does_not_end_the_run(
    nats: float, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    trainer = make_trainer(tmp_path, validate_every=4, evaluator=Scripted(nats, 3.0, nats, 2.9, 2.8))
    limit = EXPLODED * math.log(trainer._network.config.vocabulary_size)
    assert limit < 20
    heard = Recorder()
    trainer.listen(heard)
    outcome = trainer.run(StopRequest())
    assert (outcome.reason, outcome.progress.step) == ("finished", 12)
    assert (outcome.progress.recoveries, outcome.progress.rate_scale) == (2, 0.25)
    assert [report.nats for report in heard.validations] == [3.0, 2.9, 2.8]


def test_a_bad_validation_that_is_not_beyond_all_measure_is_kept(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    trainer = make_trainer(tmp_path, validate_every=4, evaluator=Scripted(3.0, 9.0, 2.8))
    heard = Recorder()
    trainer.listen(heard)
    assert trainer.run(StopRequest()).progress.recoveries == 0
    assert [report.nats for report in heard.validations] == [3.0, 9.0, 2.8]


def test_recovery_goes_to_the_validated_state_and_not_to_one_saved_by_the_clock(
    machine: Machine, make_trainer: MakeTrainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SAVE_EVERY_S", -1.0)
    trainer, heard, poison = make_trainer(tmp_path), Recorder(), Poison(machine, step=6)
    kept: list[int] = []

    class Look(Callback):
        def on_notice(self, text: str) -> None:
            folder = RunFolder(tmp_path)
            kept.extend([folder.load_state().progress.step, folder.load_validated_state().progress.step])

    trainer.listen(heard, poison, Look())
    outcome = trainer.run(StopRequest())
    assert kept == [6, 4], "the newer state has the lost weight in it"
    assert heard.notices == ["The loss exploded at step 7: back to step 4, with 0.5 of the learning rate."]
    assert (outcome.reason, outcome.progress.step) == ("finished", 12)


def test_recovery_without_any_good_state_is_an_error(
    machine: Machine, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    class Destroy(Callback):
        def on_step(self, report: StepReport) -> None:
            for path in tmp_path.glob("state*.safetensors"):
                path.write_bytes(b"gone")

    trainer = make_trainer(tmp_path)
    trainer.listen(Poison(machine, step=2), Destroy())
    with pytest.raises(RunError, match="no training state"):
        trainer.run(StopRequest())
