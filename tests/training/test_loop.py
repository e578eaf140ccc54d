import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.checkpoint import load_model
from gen.evaluation.passes import Score
from gen.evaluation.reference import Reference
from gen.training import loop
from gen.training.callbacks import Callback, StepReport
from gen.training.loop import Clock, Trainer
from gen.training.run import RunFolder
from gen.training.schedule import learning_rate
from gen.training.signals import StopRequest
from tests.training.conftest import Machine, MakeTrainer
from tests.training.tiny import Recorder


class StopAt(Callback):
    """Asks for a stop after a step."""

    def __init__(self, step: int, request: StopRequest) -> None:
        self.step, self.request = step, request

    def on_step(self, report: StepReport) -> None:
        if report.step == self.step:
            self.request.signal = signal.SIGINT


class Scripted:
    """An evaluator whose validations find what they are told to."""

    def __init__(self, *nats: float) -> None:
        self.nats = list(nats)

    def score(self, file: Any, limit: int | None = None) -> Score:
        return Score(10, 10 * self.nats.pop(0))


def carried(trainer: Trainer) -> list[Any]:
    return [array.numpy() for pair in trainer._state for array in pair]


def assert_same(got: Any, expected: Any) -> None:
    for name, values in expected.items():
        np.testing.assert_array_equal(got[name], values, err_msg=name)


@pytest.mark.parametrize("stops", [(5,), (1, 4, 11)])
def test_resumed_equals_uninterrupted_bit_for_bit(
    stops: tuple[int, ...], machine: Machine, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    whole = make_trainer(tmp_path / "whole")
    heard = Recorder()
    whole.listen(heard)
    assert whole.run(StopRequest()).reason == "finished"
    expected, expected_state = machine.values(), carried(whole)

    machine.assign(machine.first)
    folder, reports = tmp_path / "cut", Recorder()
    for number, stop in enumerate((*stops, 99)):
        trainer, request = make_trainer(folder), StopRequest()
        if number:
            machine.scramble()
            trainer.restore(RunFolder(folder).load_state())
        trainer.listen(StopAt(stop, request), reports)
        outcome = trainer.run(request)
        assert (outcome.reason, outcome.progress.step) == (
            ("interrupted", stop) if stop != 99 else ("finished", 12)
        )
    assert_same(machine.values(), expected)
    for got, value in zip(carried(trainer), expected_state, strict=True):
        np.testing.assert_array_equal(got, value)
    assert trainer.progress == whole.progress
    assert reports.steps == heard.steps
    assert reports.validations == heard.validations
    assert_same(RunFolder(folder).load_state().tensors, RunFolder(tmp_path / "whole").load_state().tensors)
    assert not (tmp_path / "whole" / "state.safetensors").exists(), "every save was a validation's"
    for name in ("best", "last"):
        models = [load_model(tmp_path / run / f"{name}.safetensors") for run in ("cut", "whole")]
        assert_same(models[0].weights, models[1].weights)
        assert models[0].training == models[1].training


def test_training_passes_over_the_corpus_with_its_state(
    machine: Machine, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    trainer, heard = make_trainer(tmp_path, steps=40, validate_every=20), Recorder()
    trainer.listen(heard)
    trainer.run(StopRequest())
    predictions = machine.dataset.training.tokens - 1
    per_epoch = trainer._windows.per_epoch
    assert trainer.progress.epoch == 40 // per_epoch > 0
    assert sum(report.tokens for report in heard.steps[:per_epoch]) == predictions
    assert [report.step for report in heard.steps] == list(range(1, 41))
    assert [report.learning_rate for report in heard.steps] == [
        learning_rate(step, trainer.config) for step in range(40)
    ]
    assert np.mean([report.loss for report in heard.steps[-5:]]) < heard.steps[0].loss - 0.2
    assert any(np.any(array) for array in carried(trainer))


def test_best_is_the_lowest_validation_and_last_the_newest(
    machine: Machine, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    trainer = make_trainer(tmp_path, validate_every=2, evaluator=Scripted(3.0, 3.1, 2.8, 2.9, 2.0, 2.25))
    heard, seen = Recorder(), {}

    class Keep(Callback):
        def on_step(self, report: StepReport) -> None:
            seen[report.step] = machine.step.network.weights()

    trainer.listen(heard, Keep())
    outcome = trainer.run(StopRequest())
    assert outcome.reason == "finished"
    assert (outcome.progress.best_nats, outcome.progress.best_step) == (2.0, 10)
    assert [(report.step, report.nats, report.is_best) for report in heard.validations] == [
        (2, 3.0, True),
        (4, 3.1, False),
        (6, 2.8, True),
        (8, 2.9, False),
        (10, 2.0, True),
        (12, 2.25, False),
    ]
    # the measure of this trainer is twice the nats of a validation's ten tokens
    assert heard.validations[-1].measures == {"bits_per_character": 45.0}
    best, last = load_model(tmp_path / "best.safetensors"), load_model(tmp_path / "last.safetensors")
    assert_same(best.weights, seen[10])
    assert_same(last.weights, seen[12])
    assert (best.training["step"], best.training["validation_nats_per_token"]) == (10, 2.0)
    assert (last.training["step"], last.training["validation_bits_per_character"]) == (12, 45.0)


def test_every_validation_is_compared_and_judged_in_plain_words(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    # this trainer's measure is of all ten tokens, that of the reference is said to be
    reference = Reference(6, 1000, Score(10, 28.0), {"bits_per_character": 50.0})
    evaluator = Scripted(3.0, 3.1, 2.8, 2.7999, 2.0, 2.25)
    trainer, heard = (
        make_trainer(tmp_path, validate_every=2, evaluator=evaluator, reference=reference),
        Recorder(),
    )
    trainer.listen(heard)
    trainer.run(StopRequest())
    assert [report.verdict for report in heard.validations] == [
        "worse than a 6-gram by 10.00 bits a character",
        "worse than a 6-gram by 12.00 bits a character; no longer improving",
        "worse than a 6-gram by 6.00 bits a character; still improving",
        "worse than a 6-gram by 6.00 bits a character; no longer improving",
        "better than a 6-gram by 10.00 bits a character; still improving",
        "better than a 6-gram by 5.00 bits a character; no longer improving",
    ]
    assert all(report.ngram == reference.to_json() for report in heard.validations)
    for name, validation in (("best", heard.validations[4]), ("last", heard.validations[5])):
        training = load_model(tmp_path / f"{name}.safetensors").training
        assert training["ngram"] == validation.ngram
        # whether training goes on helping is said of a moment in training, not of a model
        assert training["verdict"] == validation.verdict.split(";")[0]


def test_without_an_n_gram_the_trend_alone_is_told(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer, heard = make_trainer(tmp_path, validate_every=6, evaluator=Scripted(3.0, 2.0)), Recorder()
    trainer.listen(heard)
    trainer.run(StopRequest())
    assert [(report.ngram, report.verdict) for report in heard.validations] == [
        (None, ""),
        (None, "still improving"),
    ]
    assert load_model(tmp_path / "best.safetensors").training["ngram"] is None


def test_no_gain_for_a_fifth_of_the_steps_stops(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    evaluator = Scripted(3.0, 2.0, 2.1, 2.0, 9.9)  # equal is no gain
    trainer = make_trainer(tmp_path, steps=20, validate_every=2, evaluator=evaluator)
    outcome = trainer.run(StopRequest())
    assert (outcome.reason, outcome.progress.step, outcome.progress.best_step) == ("stopped early", 8, 4)
    assert evaluator.nats == [9.9]
    assert RunFolder(tmp_path).load_state().progress == outcome.progress


def test_a_gain_in_time_goes_on(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    nats = (3.0, 3.1, 2.9, 2.95, 2.8, 2.85, 2.7, 2.75, 2.6, 2.65)
    trainer = make_trainer(tmp_path, steps=20, validate_every=2, evaluator=Scripted(*nats))
    assert trainer.run(StopRequest()).reason == "finished"


def test_the_state_is_saved_between_validations_too(
    make_trainer: MakeTrainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SAVE_EVERY_S", -1.0)
    saved = []

    class Look(Callback):
        def on_step(self, report: StepReport) -> None:
            saved.append(RunFolder(tmp_path).load_state().progress.step)

    trainer = make_trainer(tmp_path, steps=5, validate_every=5)
    trainer.listen(Look())
    trainer.run(StopRequest())
    assert saved == [0, 1, 2, 3, 4]
    assert RunFolder(tmp_path).load_validated_state().progress.step == 5


def test_one_validation_without_gain_does_not_stop_however_rare_they_are(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    trainer = make_trainer(tmp_path, validate_every=3, evaluator=Scripted(2.0, 2.1, 1.9, 2.2))
    assert trainer.run(StopRequest()).reason == "finished"
    trainer = make_trainer(tmp_path / "stuck", validate_every=3, evaluator=Scripted(2.0, 2.1, 2.1, 9.9))
    outcome = trainer.run(StopRequest())
    assert (outcome.reason, outcome.progress.step) == ("stopped early", 9)


def test_a_run_whose_time_is_over_ends_and_its_state_says_where(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    over = Clock(time.monotonic() - 1e6, 0.0)
    trainer, heard = make_trainer(tmp_path, steps=20, validate_every=4, clock=over), Recorder()
    trainer.listen(heard)
    outcome = trainer.run(StopRequest())
    assert (outcome.reason, outcome.progress.step) == ("finished", 5), "it is seen at the first validation"
    assert heard.lengths == [5]
    assert heard.validations[-1].step == 5
    saved = RunFolder(tmp_path).load_state()
    assert saved.about == {"of": "a test", "training": trainer.config.to_json()}
    assert trainer.config.steps == 5


def test_a_run_with_time_left_goes_on_and_is_resumed_with_the_length_it_has_then(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    request, heard = StopRequest(), Recorder()
    trainer = make_trainer(tmp_path, steps=20, clock=Clock(time.monotonic() + 1e6, 0.0))
    trainer.listen(heard, StopAt(7, request))
    assert trainer.run(request).reason == "interrupted"
    assert heard.lengths == [trainer.config.steps]
    assert trainer.config.steps > 1000
    assert 0.19 < trainer.config.validate_every / trainer.config.steps < 0.21
    saved = RunFolder(tmp_path).load_state()
    assert (saved.progress.step, saved.about["training"]) == (7, trainer.config.to_json())


def test_closing_closes_the_listeners(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer, heard = make_trainer(tmp_path), Recorder()
    trainer.listen(heard)
    trainer.close()
    assert heard.closed


def test_killed_between_two_files_of_a_validation_loses_nothing_of_it(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    """The state is written last: until then whoever resumes does the validation again, log line and all."""
    trainer = make_trainer(tmp_path, validate_every=4)
    seen: list[tuple[int, bool]] = []
    saved: list[int] = []

    class Look(Callback):
        def on_validation(self, report: Any) -> None:
            folder = RunFolder(tmp_path)
            models = (load_model(folder.best), load_model(folder.last))
            assert all(model.training["step"] <= report.step for model in models)
            seen.append((folder.load_state().progress.step, models[1].training["step"] == report.step))

        def on_saved(self, report: Any) -> None:
            assert RunFolder(tmp_path).load_validated_state().progress.step == report.step
            saved.append(report.step)

    trainer.listen(Look())
    trainer.run(StopRequest())
    assert seen == [(0, True), (4, True), (8, True)]
    assert saved == [4, 8, 12]
    assert RunFolder(tmp_path).load_state().progress.step == 12
