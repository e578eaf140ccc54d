"""A log read back: what gen train writes, and whatever else may stand in such a file."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.reporting import metrics as metrics_module
from gen.reporting.metrics import read_metrics
from tests.hostile_values import HOSTILE
from tests.reporting.runs import LOG, put_log, update, validation


def test_a_log_is_told_by_step(tmp_path: Path) -> None:
    found = read_metrics(put_log(tmp_path, *LOG) / "metrics.jsonl")
    assert [(each.step, each.loss) for each in found.updates] == [(10, 4.0), (20, 3.0), (30, 2.75)]
    assert [(each.step, each.nats, each.ngram_nats) for each in found.validations] == [
        (20, 2.5, 2.25),
        (30, 2, 2.25),
    ]
    assert (found.elapsed_s, found.passed_over) == (3.0, 0)


def test_what_was_done_again_is_told_as_it_was_last_and_resumed_time_adds_up(tmp_path: Path) -> None:
    notice = {"event": "notice", "text": "back to step 10", "elapsed_s": 5.0}
    rows = (*LOG, notice, update(20, 2.9, elapsed_s=1.0), validation(20, 2.4, elapsed_s=2.0, ngram=None))
    found = read_metrics(put_log(tmp_path, *rows) / "metrics.jsonl")
    assert [(each.step, each.loss) for each in found.updates] == [(10, 4.0), (20, 2.9)]
    assert [(each.step, each.nats, each.ngram_nats) for each in found.validations] == [(20, 2.4, None)]
    assert found.elapsed_s == 7.0


def test_no_log_is_an_empty_one(tmp_path: Path) -> None:
    found = read_metrics(tmp_path / "metrics.jsonl")
    assert (found.updates, found.validations, found.elapsed_s, found.passed_over) == ((), (), 0.0, 0)


@pytest.mark.parametrize(
    "line",
    [
        *("", "{", "[]", "null", "1", '"train"', "\0", "[" * 100_000, '{"event": "train"}', '{"event": "x"}'),
        *('{"event": "train", "step": 5, "loss": NaN, "learning_rate": 1, "elapsed_s": 1}',),
        *('{"event": "train", "step": 5, "loss": 1e999, "learning_rate": 1, "elapsed_s": 1}',),
        *('{"event": "train", "step": true, "loss": 1, "learning_rate": 1, "elapsed_s": 1}',),
        *('{"event": "train", "step": 5.5, "loss": 1, "learning_rate": 1, "elapsed_s": 1}',),
        *('{"event": "train", "step": 5, "loss": 1, "learning_rate": 1, "elapsed_s": -1}',),
        *('{"event": "validation", "step": -5, "nats_per_token": 1, "elapsed_s": 1}',),
    ],
)
def test_a_line_that_is_none_is_passed_over_and_counted(tmp_path: Path, line: str) -> None:
    found = read_metrics(put_log(tmp_path, *LOG, line) / "metrics.jsonl")
    assert found.passed_over == 1
    assert len(found.updates) == 3


@given(
    st.sampled_from(
        ["event", "step", "loss", "nats_per_token", "learning_rate", "elapsed_s", "ngram", "sample"]
    ),
    st.sampled_from(HOSTILE),
    st.booleans(),
)
def test_whatever_a_field_holds_what_is_told_are_numbers(
    tmp_path_factory: pytest.TempPathFactory, name: str, hostile: Any, is_update: bool
) -> None:
    row = {**(update(40, 1.0) if is_update else validation(40, 1.0)), name: hostile}
    found = read_metrics(put_log(tmp_path_factory.mktemp("run"), *LOG, json.dumps(row)) / "metrics.jsonl")
    for each in (*found.updates, *found.validations):
        for value in each:
            assert value is None or isinstance(value, str) or 0 <= value < 1e15
    steps = [each.step for each in found.updates]
    assert steps == sorted(set(steps))
    assert 0 <= found.elapsed_s < 1e16


def test_of_a_log_without_end_so_many_lines_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_module, "MOST_LINES", 2)
    assert len(read_metrics(put_log(tmp_path, *LOG) / "metrics.jsonl").updates) == 2
