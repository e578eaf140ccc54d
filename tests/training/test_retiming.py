"""A run that was given minutes: the number of steps follows the clock, and the state has it."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gen.training import loop
from gen.training.callbacks import Callback
from gen.training.loop import Clock
from gen.training.run import RunFolder
from gen.training.signals import StopRequest
from tests.training.conftest import MakeTrainer


class Ticking(Callback):
    """A clock that only steps and validations move, so that the test decides how long they take."""

    def __init__(self, folder: RunFolder, step_s: float, validation_s: float) -> None:
        self.folder = folder
        self.now_s, self.step_s, self.validation_s = 0.0, step_s, validation_s
        self.lengths: list[int] = []
        self.saved_lengths: list[int] = []

    def monotonic(self) -> float:
        return self.now_s

    def on_step(self, report: Any) -> None:
        self.now_s += self.step_s

    def on_validation(self, report: Any) -> None:
        self.now_s += self.validation_s

    def on_length(self, steps: int) -> None:
        self.lengths.append(steps)
        self.saved_lengths.append(self.folder.load_state().about["training"]["steps"])


@pytest.mark.parametrize("guess_s", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("step_s", [0.5, 1.0, 2.0])
def test_a_run_ends_in_time_however_wrong_the_first_guess(
    step_s: float, guess_s: float, tmp_path: Path, make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticking = Ticking(RunFolder(tmp_path), step_s, validation_s=2.0)
    monkeypatch.setattr(
        loop, "time", SimpleNamespace(monotonic=ticking.monotonic, perf_counter=time.perf_counter)
    )
    # guessed for steps of a second: 40 of them, validated 4 times
    trainer = make_trainer(tmp_path, steps=40, validate_every=10, clock=Clock(48.0, guess_s))
    trainer.listen(ticking)
    outcome = trainer.run(StopRequest())
    assert outcome.progress.step == trainer.config.steps == ticking.lengths[-1]
    assert 48.0 * 0.9 <= ticking.now_s <= 48.0 * 1.05
    assert ticking.saved_lengths == ticking.lengths


def test_a_run_of_a_number_of_steps_never_looks_at_the_clock(
    tmp_path: Path, make_trainer: MakeTrainer
) -> None:
    trainer = make_trainer(tmp_path, steps=12, validate_every=6)
    assert trainer.run(StopRequest()).progress.step == 12
    assert trainer.config.steps == 12
