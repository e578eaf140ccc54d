import math
from collections.abc import Generator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gen.checkpoint import weight_shapes
from gen.config import ModelConfig
from gen.dataset.token_file import TokenFile, encode_to_file
from gen.evaluation.dynamic import WINDOW as DYNAMIC_WINDOW
from gen.evaluation.dynamic import dynamic_scores
from gen.evaluation.passes import WINDOW, Evaluator, Score, total
from gen.evaluation.units import measures, predicted_units
from gen.model.network import Network
from gen.sampler.forward import Network as SteppingNetwork
from gen.tokenizer import characters
from gen.tokenizer.characters import CharacterTokenizer
from tests.training.plain_network import random_weights
from tests.training.tiny import token_file

MODEL = ModelConfig(vocabulary_size=7, embedding_size=3, units=5, layers=2)


@pytest.fixture(scope="module")
def network() -> Network:
    network = Network(MODEL)
    network.assign(random_weights(weight_shapes(MODEL), seed=1))
    return network


@pytest.fixture(scope="module")
def evaluator(network: Network) -> Evaluator:
    return Evaluator(network, parts=2)


def random_ids(tokens: int) -> NDArray[np.int32]:
    return np.random.default_rng(tokens).integers(0, MODEL.vocabulary_size, tokens, dtype=np.int32)


def stepped_nats(network: Network, ids: NDArray[np.int32]) -> float:
    """-log p of all ids but the first, one step after the other, in the streams that the design asks for."""
    stepping = SteppingNetwork(MODEL, network.weights())
    streams = min(16, max(1, len(ids) // 4096))
    bounds = [stream * (len(ids) - 1) // streams for stream in range(streams + 1)]
    total = 0.0
    for first, last in pairwise(bounds):
        state = stepping.initial_state(1)
        for read, predicted in zip(ids[first:last], ids[first + 1 : last + 1], strict=True):
            logits, state = stepping.step(np.array([read]), state)
            exact = logits[0].astype(np.float64)
            total += float(np.log(np.sum(np.exp(exact))) - exact[predicted])
    return total


@pytest.mark.parametrize("tokens", [2, 3, WINDOW + 1, WINDOW + 2, 700, 8191, 8192, 13_000])
def test_a_score_is_the_sum_over_streams_read_step_by_step(
    tokens: int, network: Network, evaluator: Evaluator, tmp_path: Path
) -> None:
    ids = random_ids(tokens)
    score = evaluator.score(token_file(tmp_path / "ids", ids))
    assert score.tokens == tokens - 1
    assert score.nats == pytest.approx(stepped_nats(network, ids), rel=2e-6)


def test_a_limit_reads_the_beginning_as_if_there_were_no_more(
    network: Network, evaluator: Evaluator, tmp_path: Path
) -> None:
    ids = random_ids(9000)
    score = evaluator.score(token_file(tmp_path / "ids", ids), limit=700)
    assert score.tokens == 699
    assert score.nats == pytest.approx(stepped_nats(network, ids[:700]), rel=2e-6)
    assert evaluator.score(token_file(tmp_path / "all", ids[:700]), limit=9000) == score


def test_windows_add_up_to_the_whole(evaluator: Evaluator, tmp_path: Path) -> None:
    file = token_file(tmp_path / "ids", random_ids(700))
    windows = list(evaluator.score_by_window(file))
    assert [window.tokens for window in windows] == [256, 256, 699 - 512]
    assert sum(window.nats for window in windows) == evaluator.score(file).nats


@pytest.mark.parametrize("tokens", [0, 1])
def test_fewer_than_two_tokens_are_a_programmers_mistake(
    tokens: int, evaluator: Evaluator, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="tokens"):
        evaluator.score(TokenFile(tmp_path / "ids", tokens, "<u1"))


def test_units_of_a_score() -> None:
    uniform = Score(tokens=10, nats=10 * math.log(8))
    assert uniform.nats_per_token == pytest.approx(math.log(8))
    assert uniform.bits_per_token == pytest.approx(3)
    assert uniform.perplexity == pytest.approx(8)
    assert math.isfinite(Score(1, 1e9).perplexity)


@pytest.mark.parametrize("text", ["abéaabb€aa", "€abab", "aaaa𝄞", "abab"])
def test_characters_are_counted_whatever_spells_them(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(characters, "CHARACTER_LIMIT", 2)
    tokenizer = CharacterTokenizer.learn(["aaaabbb" + text])
    file = encode_to_file([text], tokenizer, tmp_path / "ids")
    assert file.tokens == len("".join(c if c in "ab" else "x" * len(c.encode()) for c in text))
    units = predicted_units(file, tokenizer)
    assert units == {"character": len(text) - 1}
    # bits a character are all bits over all characters
    assert measures(tokenizer, 1.7, units) == pytest.approx(
        {"bits_per_character": 1.7 / math.log(2) / (len(text) - 1)}
    )


def test_learning_while_reading_leaves_the_weights_and_helps_on_what_repeats(
    network: Network, evaluator: Evaluator, tmp_path: Path
) -> None:
    before = network.weights()
    file = token_file(tmp_path / "ids", np.resize([1, 4, 2, 0, 6], 600))
    dynamic, static = total(dynamic_scores(network, file, parts=2)), evaluator.score(file)
    assert dynamic.tokens == static.tokens == 599
    assert dynamic.nats < 0.98 * static.nats
    for name, values in network.weights().items():
        np.testing.assert_array_equal(values, before[name])


def test_a_window_is_scored_before_it_is_learned_from(
    network: Network, evaluator: Evaluator, tmp_path: Path
) -> None:
    ids = np.resize([1, 4, 2, 0, 6], DYNAMIC_WINDOW + 1)
    file = token_file(tmp_path / "ids", ids)
    (score,) = dynamic_scores(network, file, parts=2)
    assert score.nats == pytest.approx(evaluator.score(file).nats, rel=1e-6)


def test_who_stops_listening_to_a_pass_that_learns_finds_the_weights_as_before(
    network: Network, tmp_path: Path
) -> None:
    before = network.weights()
    scores = dynamic_scores(network, token_file(tmp_path / "ids", random_ids(600)), parts=2)
    assert isinstance(scores, Generator)
    assert next(scores).tokens == DYNAMIC_WINDOW
    next(scores)
    assert any(np.any(values != before[name]) for name, values in network.weights().items())
    scores.close()
    for name, values in network.weights().items():
        np.testing.assert_array_equal(values, before[name])


def test_the_total_of_nothing_is_nothing() -> None:
    assert total([]) == Score(0, 0.0)
    assert total(iter([Score(3, 1.5), Score(1, 0.25)])) == Score(4, 1.75)
