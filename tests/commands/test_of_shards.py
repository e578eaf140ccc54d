"""What is done with models and runs of a prepared corpus is done as with its files."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gen.checkpoint import save_model
from gen.dataset import preparing
from gen.dataset.assembled import open_shards
from gen.dataset.sharded import OpenShards
from tests.calling import assert_users_mistake, call, call_process
from tests.dataset.making import make, put_text
from tests.tiny import random_weights, tiny_model
from tests.tunes import put_tunes, tune_model

Capsys = pytest.CaptureFixture[str]
FLAGS = ("--steps", "4", "--units", "8", "--layers", "1", "--window", "16", "--batch-size", "4")

pytestmark = pytest.mark.usefixtures("empty_folder")


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "cores", lambda: 1)


def put_model_for(folder: str) -> Path:
    """A model with the vocabulary of a prepared corpus."""
    dataset = open_shards(Path(folder))
    made = tiny_model() if dataset.kind == "text" else tune_model()
    config = replace(made.config, vocabulary_size=len(dataset.tokenizer.tokens))
    tokenizer, weights = dataset.tokenizer.to_json(), random_weights(config, 1)
    save_model(Path("m.safetensors"), replace(made, config=config, tokenizer=tokenizer, weights=weights))
    return Path("m.safetensors")


def measured(capsys: Capsys, *arguments: str | Path) -> dict[str, Any]:
    outcome = call(capsys, "eval", *arguments, "--json")
    assert outcome.code == 0, outcome.err
    facts: dict[str, Any] = json.loads(outcome.out)
    return facts


def test_a_text_in_shards_is_measured_whole_as_its_files_are(capsys: Capsys) -> None:
    put_text()
    make("p", 4)
    model = put_model_for("p")
    in_shards, of_files = (measured(capsys, model, "--corpus", corpus) for corpus in ("p", "c"))
    assert in_shards.pop("corpus") != of_files.pop("corpus")
    assert in_shards == of_files


def test_music_in_shards_is_measured_whole_as_its_files_are(capsys: Capsys) -> None:
    put_tunes(Path("c"), 20)
    make("p", 3)
    assert open_shards(Path("p")).validation.pieces
    model = put_model_for("p")
    in_shards, of_files = (measured(capsys, model, "--corpus", corpus) for corpus in ("p", "c"))
    for name in ("tokens", "notes", "beats"):
        assert in_shards[name] == of_files[name]
    assert in_shards["nats_total"] == pytest.approx(of_files["nats_total"], rel=1e-6)


def test_what_cannot_be_measured_in_shards_is_refused(capsys: Capsys) -> None:
    put_text()
    make("p", 2)
    put_tunes(Path("tunes/train"), 4)
    put_tunes(Path("tunes/valid"), 4)
    make("music", 2, corpus="tunes")
    save_model(Path("other.safetensors"), tiny_model())
    refused = call(capsys, "eval", "other.safetensors", "--corpus", "p")
    assert_users_mistake(refused, "p has another vocabulary than the model")
    assert "gen corpora prepare … --vocabulary other.safetensors" in refused.err
    assert_users_mistake(call(capsys, "eval", "other.safetensors", "--corpus", "music"), "music is music")
    model = put_model_for("music")
    assert_users_mistake(call(capsys, "eval", model, "--corpus", "music"), "is split")
    model = put_model_for("p")
    assert_users_mistake(call(capsys, "eval", model, "--corpus", "p", "--encoding", "utf-8"), "--encoding")
    Path("p/shards/000002-of-000002.json").unlink()
    assert_users_mistake(call(capsys, "eval", model, "--corpus", "p"), "shard 2/2 is missing")


@pytest.mark.parametrize("kind", ["text", "music"])
def test_a_run_of_shards_is_measured_and_reported_on_with_all_that_it_learned_from(
    capsys: Capsys, kind: str
) -> None:
    if kind == "text":
        put_text()
    else:
        put_tunes(Path("c"), 20)
    make("p", 3)
    assert call_process("train", "--corpus", "p", "--out", "run", *FLAGS).code == 0
    dataset = open_shards(Path("p"))
    outcome = call(capsys, "eval", "run")
    assert outcome.code == 0
    assert "cache" not in outcome.err  # nothing is read again
    facts = measured(capsys, "run")
    assert facts["tokens"] == dataset.validation.predictions
    assert facts["ngram"]["learned_tokens"] >= dataset.training.tokens
    elsewhere = measured(capsys, "run", "--corpus", "c")
    assert elsewhere["ngram"]["learned_tokens"] == facts["ngram"]["learned_tokens"]
    assert elsewhere["tokens"] == dataset.training.predictions + facts["tokens"] + (kind == "text")
    reported = call(capsys, "report", "run", "--json")
    assert reported.code == 0, reported.err
    counts = next(iter(json.loads(reported.out)["histograms"].values()))["corpus"]
    if kind == "text":
        assert sum(counts) == len(OpenShards(dataset.training.shards))
    else:
        names = [dataset.tokenizer.tokens[number] for number in OpenShards(dataset.training.shards)[:]]
        assert sum(counts) == sum(name.startswith("Pitch_") for name in names)
    Path("p").rename("q")
    assert measured(capsys, "run", "--corpus", "c")["ngram"] is None
