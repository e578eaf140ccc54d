"""The log of a run, read back: a line is taken for what it should be, or passed over."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from gen.errors import RunError

MOST_LINES = 2_000_000
_LONGEST_LINE = 1 << 20
_LARGEST = 1e15


class Update(NamedTuple):
    """A line of training: the mean loss of the last few steps, in nats a token."""

    step: int
    loss: float
    learning_rate: float
    elapsed_s: float


class Validation(NamedTuple):
    """A line of validation, with what an n-gram reached on the same, if one was counted."""

    step: int
    nats: float
    ngram_nats: float | None
    is_best: bool
    sample: str
    verdict: str


@dataclass(frozen=True)
class Metrics:
    """What a log tells.

    Attributes:
        updates: By step.
        validations: By step.
        elapsed_s: Spent training and validating, over all the times that it was resumed.
        passed_over: Lines that are none of a log.
    """

    updates: tuple[Update, ...]
    validations: tuple[Validation, ...]
    elapsed_s: float
    passed_over: int


def read_metrics(path: Path) -> Metrics:
    """Read a log; one that is not there is empty.

    A step that was done again, after a recovery, is told as it was done last.

    Raises:
        RunError: It cannot be read.
    """
    updates: list[Update] = []
    validations: list[Validation] = []
    elapsed_s = last_s = 0.0
    passed_over = 0
    for line in _lines(path):
        row = _row(line)
        seconds = _number(row, "elapsed_s")
        event = row.get("event")
        update = _update(row) if event == "train" else None
        validation = _validation(row) if event == "validation" else None
        if seconds is None or (update is None and validation is None and event != "notice"):
            passed_over += 1
            continue
        elapsed_s += seconds - last_s if seconds >= last_s else seconds  # resumed, it counts from 0
        last_s = seconds
        if update is not None:
            while updates and updates[-1].step >= update.step:
                updates.pop()
            updates.append(update)
        if validation is not None:
            while validations and validations[-1].step >= validation.step:
                validations.pop()
            validations.append(validation)
    return Metrics(tuple(updates), tuple(validations), elapsed_s, passed_over)


def _lines(path: Path) -> Iterator[bytes]:
    if not path.is_file():
        return
    try:
        with path.open("rb") as file:
            for _ in range(MOST_LINES):
                if not (line := file.readline(_LONGEST_LINE)):
                    return
                yield line
    except OSError as error:
        raise RunError(
            f"{path} cannot be read: {error.strerror or error}.", "Mend its permissions, or leave it out."
        ) from error


def _row(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):  # the line that a kill cut short, or no JSON at all
        return {}
    return row if isinstance(row, dict) else {}


def _update(row: dict[str, Any]) -> Update | None:
    step, loss, rate = _step(row), _number(row, "loss"), _number(row, "learning_rate")
    if step is None or loss is None or rate is None:
        return None
    return Update(step, loss, rate, _number(row, "elapsed_s") or 0.0)


def _validation(row: dict[str, Any]) -> Validation | None:
    step, nats = _step(row), _number(row, "nats_per_token")
    if step is None or nats is None:
        return None
    ngram = row.get("ngram")
    ngram_nats = _number(ngram, "nats_per_token") if isinstance(ngram, dict) else None
    sample, verdict = (str(row.get(name) or "")[:_LONGEST_LINE] for name in ("sample", "verdict"))
    return Validation(step, nats, ngram_nats, row.get("best") is True, sample, verdict)


def _step(row: dict[str, Any]) -> int | None:
    step = row.get("step")
    return step if type(step) is int and 0 <= step < _LARGEST else None


def _number(row: dict[str, Any], name: str) -> float | None:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LARGEST:
        return None  # no number is less than infinity, and none compares with what is no number
    return float(value)
