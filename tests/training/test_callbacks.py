import importlib.util
import io
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from gen.errors import RunError, TrainingError
from gen.training.callbacks import (
    MetricsLog,
    ProgressBar,
    StepReport,
    ValidationReport,
    require_tensorboard,
)
from gen.training.run import RunFolder


def report(step: int) -> StepReport:
    return StepReport(step, loss=step / 4, gradient_norm=0.5, learning_rate=0.01, tokens=32)


VALIDATION = ValidationReport(
    12,
    nats=1.5,
    measures={"bits_per_character": 2.25},
    tokens=99,
    is_best=True,
    sample='to "be"\n\u2028 or\té',
    ngram={"order": 6},
    verdict="better than a 6-gram by 0.31 bits a character; still improving",
)


def test_the_log_is_lines_of_json(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = MetricsLog(RunFolder(tmp_path), 0)
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
            "ngram": {"order": 6},
            "verdict": VALIDATION.verdict,
        },
        {"event": "notice", "text": "back to\nstep 4"},
    ]


def test_a_log_without_room_is_told_once_and_closes(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    log = MetricsLog(RunFolder(tmp_path), 0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(RunError, match="cannot be saved"):
            log.on_validation(VALIDATION)
        log.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def logged_steps(folder: RunFolder) -> list[int]:
    return [json.loads(line)["step"] for line in folder.metrics.read_text("utf-8").splitlines()]


def test_a_log_goes_on_where_it_ended(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "new" / "run")
    for step in (10, 20):
        log = MetricsLog(folder, step - 1)
        log.on_step(report(step))
        log.close()
    assert logged_steps(folder) == [10, 20]


def test_a_log_forgets_what_will_be_written_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    log = MetricsLog(folder, 0)
    for step in (10, 20, 30):
        log.on_step(report(step))
    log.close()
    MetricsLog(folder, 20).close()
    assert logged_steps(folder) == [10, 20]


def test_a_log_that_cannot_be_written_is_the_users_to_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be saved"):
        MetricsLog(RunFolder(tmp_path / "file"), 0)
    log = MetricsLog(RunFolder(tmp_path), 0)
    log.close()

    class FullDisk(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(log, "_file", FullDisk())
    with pytest.raises(RunError, match="No space"):
        log.on_notice("a word to the user")


def test_the_bar_shows_what_a_user_waits_for() -> None:
    stream = io.StringIO()
    bar = ProgressBar(4, 20, stream)
    for step in range(5, 21):
        bar.on_step(report(step))
    bar.on_validation(VALIDATION)
    assert "validation" not in stream.getvalue()
    bar.on_saved(VALIDATION)
    bar.on_notice("a word to the user")
    bar.close()
    shown = stream.getvalue()
    assert "20/20 steps" in shown
    assert "tokens/s, loss " in shown
    assert (
        "step 12: validation 1.5000 nats a token, 2.250 bits a character, the best so far; better than"
        in shown
    )
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


def test_the_bar_is_as_long_as_the_run_has_become() -> None:
    stream = io.StringIO()
    bar = ProgressBar(0, 20, stream)
    bar.on_length(31)
    for step in range(1, 32):
        bar.on_step(report(step))
    bar.close()
    assert "31/31 steps" in stream.getvalue()


def test_tensorboard_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec

    def find(name: str, *rest: Any) -> Any:
        return None if name == "tensorboard" else found(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    with pytest.raises(TrainingError) as caught:
        require_tensorboard()
    assert "tensorboard" in caught.value.problem
    assert caught.value.fix == "pip install tensorboard"


def test_tensorboard_that_is_there_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    require_tensorboard()
