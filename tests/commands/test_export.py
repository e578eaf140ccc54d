import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gen.checkpoint import load_model
from tests.calling import assert_users_mistake, assert_wrong_usage, call, call_process
from tests.tiny import tiny_model

Capsys = pytest.CaptureFixture[str]


def test_a_name_for_another_format_is_refused_before_the_model_is_built(model: Path, capsys: Capsys) -> None:
    outcome = call(capsys, "export", model, "--to", "keras", "--out", "model.h5")
    assert_users_mistake(outcome, "model.h5")
    assert ".keras" in outcome.err
    assert not Path("model.h5").exists()


def test_it_writes_the_model_and_what_its_ids_mean(model: Path) -> None:
    outcome = call_process("export", model, "--to", "keras", "--out", "made/model.keras")
    assert (outcome.code, outcome.err) == (0, "")
    tokens = tiny_model().tokenizer["tokens"]
    assert outcome.out.splitlines() == [
        f"made/model.keras: ids (N, T) in, logits (N, T, {len(tokens)}) out",
        "made/model.vocabulary.json: the token of each id",
    ]
    assert zipfile.is_zipfile("made/model.keras")
    assert json.loads(Path("made/model.vocabulary.json").read_text("utf-8")) == list(tokens)
    assert len(list(Path("made").iterdir())) == 2


def test_it_writes_a_model_of_half_the_width_that_writes_on_as_before(model: Path, capsys: Capsys) -> None:
    outcome = call(capsys, "export", model, "--to", "half", "--out", "half.safetensors")
    assert (outcome.code, outcome.err) == (0, "")
    assert (
        outcome.out
        == f"half.safetensors: {Path('half.safetensors').stat().st_size:,} bytes, weights in float16\n"
    )
    whole, half = load_model(model), load_model(Path("half.safetensors"))
    assert replace(half, weights={}, dtype=whole.dtype) == replace(whole, weights={})
    for name, array in whole.weights.items():
        np.testing.assert_array_equal(half.weights[name], array.astype(np.float16))
    assert call(capsys, "sample", "half.safetensors", "--length", "30").code == 0
    assert_users_mistake(call(capsys, "export", model, "--to", "half", "--out", "half.keras"), "half.keras")


def test_a_model_is_not_written_over_itself(model: Path, capsys: Capsys) -> None:
    before = model.read_bytes()
    Path("link.safetensors").symlink_to(model)
    for out in (model, "link.safetensors", Path("..") / model.resolve().parent.name / model.name):
        assert_users_mistake(call(capsys, "export", model, "--to", "half", "--out", out), "over itself")
    assert model.read_bytes() == before


def test_a_place_that_cannot_be_written_is_the_users_to_mend(model: Path) -> None:
    outcome = call_process("export", model, "--to", "keras", "--out", model / "below.keras")
    assert_users_mistake(outcome, "cannot be written")


def test_a_model_and_its_vocabulary_are_written_together_or_not_at_all(model: Path) -> None:
    Path("m.keras").write_bytes(b"of before")
    Path("m.vocabulary.json").mkdir()
    outcome = call_process("export", model, "--to", "keras", "--out", "m.keras")
    assert_users_mistake(outcome, "m.keras cannot be written")
    assert Path("m.keras").read_bytes() == b"of before"
    Path("m.vocabulary.json").rmdir()
    Path("m.vocabulary.json").write_text("of before")
    Path("m.keras").unlink()
    Path("m.keras").mkdir()
    assert_users_mistake(call_process("export", model, "--to", "keras", "--out", "m.keras"))
    assert Path("m.vocabulary.json").read_text() == "of before"
    assert not list(Path().glob(".*.tmp"))


def test_what_cannot_be_opened_is_the_users_to_mend(model: Path, capsys: Capsys) -> None:
    assert_users_mistake(call(capsys, "export", "missing", "--to", "keras", "--out", "m.keras"), "missing")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "onnx", "--out", "m.onnx"], "--to"),
        (["--out", "m.keras"], "--to"),
        (["--to", "keras"], "--out"),
    ],
)
def test_an_unknown_format_or_no_place_is_wrong_usage(
    model: Path, capsys: Capsys, arguments: list[str], said: str
) -> None:
    assert_wrong_usage(call(capsys, "export", model, *arguments), said)
    assert_wrong_usage(call(capsys, "export", "--to", "keras", "--out", "m.keras"), "MODEL")
