import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.checkpoint import load_model
from tests.calling import assert_users_mistake, assert_wrong_usage, call, call_process
from tests.commands.conftest import Whole
from tests.commands.house import House
from tests.corpus.places import put
from tests.evaluation.slow_ngram import SlowNGram
from tests.evaluation.test_ngram import slow_nats
from tests.sampler.reference import naive_logits
from tests.tiny import put_model, tiny_model

Capsys = pytest.CaptureFixture[str]
CONTRACT = {
    "tokens",
    "nats_per_token",
    "bits_per_token",
    "perplexity",
    "nats_total",
    "bits_per_character",
}


def assert_only_a_bar(err: str) -> None:
    assert all(re.fullmatch(r" *| *\d+%\|.*token.*", line) for line in re.split(r"[\r\n]", err)), err


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
    # a text is measured without a place in the cache
    nowhere = {"GEN_CACHE": str(model / "below")}
    outcome = call_process("eval", model, "--corpus", "corpus.txt", "--skip-unseen", "--json", **nowhere)
    assert outcome.code == 0, outcome.err
    assert_only_a_bar(outcome.err)
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
    monkeypatch.setenv("GEN_CACHE", str(model / "below"))
    assert_users_mistake(call(capsys, "eval", model, "--corpus", "python-docs"), "cache")


def test_a_model_outside_its_run_needs_a_text(model: Path, capsys: Capsys) -> None:
    outcome = call(capsys, "eval", model)
    assert_users_mistake(outcome, "does not lie in the folder of its run")
    assert "Fix: Name a text: gen eval MODEL --corpus FILE." in outcome.err


def test_a_split_folder_is_refused_for_one_of_its_parts(model: Path, capsys: Capsys) -> None:
    for part in ("train", "valid", "test"):
        put(f"split/{part}/a.txt", "the fox\n")
    outcome = call(capsys, "eval", model, "--corpus", "split")
    assert_users_mistake(outcome, "split is split")
    assert "Fix: Name one part of it: split/test" in outcome.err


def evaluated(house: House, *arguments: str | Path) -> dict[str, Any]:
    done = house.run("-m", "gen", "eval", *arguments, "--json")
    assert_only_a_bar(done.stderr)
    facts = json.loads(done.stdout)
    assert isinstance(facts, dict)
    return facts


@pytest.fixture(scope="module")
def of_run(house: House, whole: Whole) -> dict[str, Any]:
    """What a run measures without a corpus."""
    return evaluated(house, whole[0])


def test_without_a_corpus_it_measures_what_the_run_held_out(
    house: House, whole: Whole, of_run: dict[str, Any]
) -> None:
    out, _ = whole
    text = house.corpus.read_text("utf-8")
    tail = house.corpus.with_name("tail.txt")
    tail.write_text(text[len(text) * 9 // 10 :], "utf-8")
    of_file = evaluated(house, out, "--corpus", tail)
    assert of_run["tokens"] == len(tail.read_text("utf-8")) - 1
    assert of_run["corpus"] is None
    assert of_run | {"corpus": str(tail)} == of_file
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text("utf-8").splitlines()]
    best = min(row["nats_per_token"] for row in rows if row["event"] == "validation")
    assert of_run["nats_per_token"] == pytest.approx(best, rel=1e-6)
    assert not house.litter()


def test_a_model_that_goes_on_learning_is_measured_too(house: House, whole: Whole) -> None:
    out, _ = whole
    still, learning = (
        evaluated(house, out, "--corpus", house.corpus, *more) for more in ((), ("--dynamic",))
    )
    assert (still["dynamic"], learning["dynamic"]) == (False, True)
    assert "static" not in still
    # the same file of ids, so the very same figures
    assert learning["static"] == {name: still[name] for name in learning["static"]}
    assert learning["static"].keys() >= CONTRACT
    assert learning["ngram"] == still["ngram"]
    assert learning["verdict"] == f"without learning as it reads, {still['verdict']}"
    assert learning["tokens"] == still["tokens"] == len(house.corpus.read_text("utf-8")) - 1
    assert learning["nats_per_token"] < still["nats_per_token"]
    assert learning["model"] == still["model"] == str(out / "best.safetensors")
    assert not house.litter()


def test_what_it_found_is_a_line_each(house: House, whole: Whole) -> None:
    out, _ = whole
    done = house.run("-m", "gen", "eval", out, "--corpus", house.corpus)
    assert {line.split()[0] for line in done.stdout.splitlines()} > CONTRACT


def test_a_model_is_compared_with_an_n_gram_of_what_it_learned(
    house: House, whole: Whole, of_run: dict[str, Any]
) -> None:
    out, _ = whole
    text = house.corpus.read_text("utf-8")
    alphabet = sorted(set(text))
    ids = [alphabet.index(character) for character in text]
    cut = len(ids) * 9 // 10
    slow = SlowNGram([ids[:cut]], 8, len(alphabet))
    nats = slow_nats(slow, ids[cut:])
    assert of_run["ngram"] == {
        "order": 8,
        "learned_tokens": cut,
        "tokens": of_run["tokens"],
        "nats_per_token": pytest.approx(nats / of_run["tokens"]),
        "bits_per_token": pytest.approx(nats / of_run["tokens"] / math.log(2)),
        "bits_per_character": pytest.approx(nats / of_run["tokens"] / math.log(2)),
    }
    assert re.fullmatch(r"(better|worse) than an 8-gram by \d\.\d\d bits a character", of_run["verdict"])
    of_training = load_model(out / "best.safetensors").training
    assert of_training["ngram"] == of_run["ngram"]
    assert of_training["verdict"] == of_run["verdict"]


def test_where_what_it_learned_is_gone_the_figure_of_training_is_told(model: Path, capsys: Capsys) -> None:
    Path("corpus.txt").write_text("the fox and the dog")
    facts = json.loads(call(capsys, "eval", model, "--corpus", "corpus.txt", "--json").out)
    assert (facts["ngram"], facts["ngram_in_training"]) == (None, None)
    assert facts["verdict"].startswith("not compared: what the model learned from is not at hand")
    claimed = {"order": 8, "nats_per_token": 1.51966, "\x1b[2J": "\x1b[2J"}
    stranger = replace(tiny_model(), corpus={"digest": "a" * 64}, training={"ngram": claimed})
    told = call(capsys, "eval", put_model(Path("stranger.safetensors"), stranger), "--corpus", "corpus.txt")
    assert "ngram_in_training    order 8, nats_per_token 1.5197" in told.out
    assert "\x1b" not in told.out


def test_no_model_is_wrong_usage(model: Path, capsys: Capsys) -> None:
    assert_wrong_usage(call(capsys, "eval", "--corpus", "x"), "MODEL")
