import io
import json
import sys
from pathlib import Path

import pytest

from gen.errors import TrainingError
from gen.training.callbacks import MetricsLog, ProgressBar, StepReport, TensorBoard, ValidationReport


def report(step: int) -> StepReport:
    return StepReport(step, loss=step / 4, gradient_norm=0.5, learning_rate=0.01, tokens=32)


VALIDATION = ValidationReport(
    12, nats=1.5, bits=2.25, tokens=99, is_best=True, sample='to "be"\n\u2028 or\té'
)


def test_the_log_is_lines_of_json(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = MetricsLog(path)
    for step in range(1, 21):
        log.on_step(report(step))
    log.on_validation(VALIDATION)
    log.on_notice("back to\nstep 4")
    rows = [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]
    log.close()
    elapsed = [row.pop("elapsed_s") for row in rows]
    assert elapsed == sorted(elapsed)
    train = {"event": "train", "gradient_norm": 0.5, "learning_rate": 0.01}
    assert rows == [
        {**train, "step": 10, "loss": sum(range(1, 11)) / 40},
        {**train, "step": 20, "loss": sum(range(11, 21)) / 40},
        {
            "event": "validation",
            "step": 12,
            "nats_per_token": 1.5,
            "bits_per_character": 2.25,
            "tokens": 99,
            "best": True,
            "sample": VALIDATION.sample,
        },
        {"event": "notice", "text": "back to\nstep 4"},
    ]


def test_a_log_goes_on_where_it_ended(tmp_path: Path) -> None:
    for step in (10, 20):
        log = MetricsLog(tmp_path / "metrics.jsonl")
        log.on_step(report(step))
        log.close()
    lines = (tmp_path / "metrics.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["step"] for line in lines] == [10, 20]


def test_the_bar_shows_what_a_user_waits_for() -> None:
    stream = io.StringIO()
    bar = ProgressBar(4, 20, stream)
    for step in range(5, 21):
        bar.on_step(report(step))
    bar.on_validation(VALIDATION)
    bar.on_notice("a word to the user")
    bar.close()
    shown = stream.getvalue()
    assert "20/20 steps" in shown
    assert "tokens/s, loss " in shown
    assert "step 12: validation 1.5000 nats a token, 2.250 bits a character, the best so far\n" in shown
    assert '  | to "be"\n' in shown
    assert "a word to the user\n" in shown


def test_the_bar_goes_back_with_training() -> None:
    stream = io.StringIO()
    bar = ProgressBar(0, 20, stream)
    for step in [*range(1, 16), *range(5, 21)]:
        bar.on_step(report(step))
    bar.close()
    assert "20/20 steps" in stream.getvalue()
    assert not any(f"{step}/20" in stream.getvalue() for step in range(21, 40))


def test_tensorboard_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.summary", None)
    with pytest.raises(TrainingError) as caught:
        TensorBoard(tmp_path)
    assert "tensorboard" in caught.value.problem
    assert "pip install 'gen[tensorboard]'" in caught.value.fix
    assert not list(tmp_path.iterdir())
