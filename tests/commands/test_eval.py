import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.calling import assert_users_mistake, assert_wrong_usage, call, call_process
from tests.sampler.reference import naive_logits
from tests.tiny import tiny_model

Capsys = pytest.CaptureFixture[str]
CONTRACT = {
    "tokens",
    "nats_per_token",
    "bits_per_token",
    "perplexity",
    "nats_total",
    "bits_per_character",
}


def naive_nats(text: str) -> float:
    """The negative log likelihood of every character but the first, by the equations in float64."""
    model = tiny_model()
    ids = np.array([[model.tokenizer["tokens"].index(character) for character in text]])
    logits = naive_logits(model.config, model.weights, ids)[0]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return float(-np.log(shares[np.arange(len(text) - 1), ids[0, 1:]]).sum())


def test_a_text_is_measured_whole_as_the_equations_say(model: Path) -> None:
    text = "the quick brown fox\njumps over the lazy dog.\n" * 9
    with_unseen = text.replace("fox", "fÖx", 1) + "é!!"
    Path("corpus.txt").write_bytes(with_unseen.encode())
    outcome = call_process("eval", model, "--corpus", "corpus.txt", "--skip-unseen", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert len(outcome.out.splitlines()) == 1
    facts = json.loads(outcome.out)
    assert facts.keys() >= CONTRACT
    heard = text.replace("fox", "fx", 1)
    nats = naive_nats(heard)
    assert facts["tokens"] == facts["characters"] == len(heard) - 1
    assert facts["nats_total"] == pytest.approx(nats, rel=1e-5)
    assert facts["nats_per_token"] == pytest.approx(nats / (len(heard) - 1), rel=1e-5)
    assert facts["bits_per_character"] == pytest.approx(nats / (len(heard) - 1) / math.log(2), rel=1e-5)
    assert facts["bits_per_token"] == facts["bits_per_character"]
    assert facts["perplexity"] == pytest.approx(math.exp(nats / (len(heard) - 1)), rel=1e-5)
    assert (facts["skipped_characters"], facts["skipped_distinct"]) == (4, 3)


def test_unseen_characters_are_refused_and_the_first_five_named(model: Path, capsys: Capsys) -> None:
    Path("corpus.txt").write_text("the QUICK brown")
    outcome = call(capsys, "eval", model, "--corpus", "corpus.txt", "--json")
    assert_users_mistake(outcome, "'Q'")
    assert all(f"'{character}'" in outcome.err for character in "QUICK")
    assert "--skip-unseen" in outcome.err


def test_a_corpus_that_cannot_be_read_or_is_too_short_is_the_users_to_mend(
    model: Path, capsys: Capsys
) -> None:
    assert_users_mistake(call(capsys, "eval", model, "--corpus", "missing.txt"), "missing.txt")
    Path("one.txt").write_text("a")
    assert_users_mistake(call(capsys, "eval", model, "--corpus", "one.txt"), "two tokens")
    Path("strange.txt").write_text("ÄÖÜ")
    assert_users_mistake(call(capsys, "eval", model, "--corpus", "strange.txt", "--skip-unseen"))
    assert_users_mistake(call(capsys, "eval", "missing", "--corpus", "one.txt"), "missing")


def test_a_cache_that_cannot_be_written_is_the_users_to_mend(
    model: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("corpus.txt").write_text("the fox")
    monkeypatch.setenv("GEN_CACHE", str(model / "below"))
    assert_users_mistake(call(capsys, "eval", model, "--corpus", "corpus.txt"), "cache")


def test_a_model_outside_its_run_needs_a_corpus(model: Path, capsys: Capsys) -> None:
    assert_users_mistake(call(capsys, "eval", model))


def test_no_model_is_wrong_usage(model: Path, capsys: Capsys) -> None:
    assert_wrong_usage(call(capsys, "eval", "--corpus", "x"), "MODEL")
