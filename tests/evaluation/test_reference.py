import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gen.config import ModelConfig
from gen.evaluation.passes import Evaluator, Score
from gen.evaluation.reference import (
    LEAST_GAIN_NATS,
    Reference,
    learned_part,
    ngram_reference,
    trend,
)
from gen.model.network import Network
from gen.tokenizer.characters import CharacterTokenizer
from tests.evaluation.slow_ngram import SlowNGram
from tests.evaluation.test_ngram import patterned, slow_nats, with_pieces
from tests.training.tiny import token_file

REFERENCE = Reference(8, 1000, Score(100, 250.0), {"nats_per_note": 5.0, "nats_per_beat": 7.0})
LETTERS = CharacterTokenizer.learn(["abcd"])
SIZE = len(LETTERS.tokens)


@pytest.mark.parametrize("limit", [None, 5000])
@pytest.mark.parametrize("tokens", [40, 9000])
def test_it_predicts_what_a_models_pass_predicts(tokens: int, limit: int | None, tmp_path: Path) -> None:
    learn, read = patterned(600), patterned(tokens, seed=2)
    training, held = (
        token_file(tmp_path / "a.ids", np.array(learn)),
        token_file(tmp_path / "b.ids", np.array(read)),
    )
    reference = ngram_reference(training, held, LETTERS, limit=limit)
    model = Evaluator(Network(ModelConfig(SIZE, 3, 4, 1)), parts=1).score(held, limit)
    assert reference.score.tokens == model.tokens == len(read[:limit]) - 1
    assert reference.learned_tokens == 600
    bounds = [0, model.tokens // 2, model.tokens] if limit is None and tokens == 9000 else [0, model.tokens]
    slow = SlowNGram([learn], reference.order, SIZE)
    nats = sum(slow_nats(slow, read[first : last + 1]) for first, last in pairwise(bounds))
    assert reference.score.nats == pytest.approx(nats, rel=1e-12)
    assert reference.measures["bits_per_character"] == pytest.approx(nats / model.tokens / math.log(2))


def test_of_pieces_it_predicts_the_first_that_a_models_pass_reads(tmp_path: Path) -> None:
    learn, read = (
        [patterned(300), patterned(40, 1)],
        [patterned(tokens, tokens) for tokens in (9, 30, 20, 50)],
    )
    training, held = with_pieces(tmp_path / "a.ids", learn), with_pieces(tmp_path / "b.ids", read)
    model = Evaluator(Network(ModelConfig(SIZE, 3, 4, 1)), parts=1)
    slow = SlowNGram(learn, 8, SIZE)
    for limit, within in ((None, 4), (58, 2), (59, 3), (1, 1)):
        score = ngram_reference(training, held, LETTERS, limit=limit).score
        assert score.tokens == model.score(held, limit).tokens
        assert score.nats == pytest.approx(sum(slow_nats(slow, piece) for piece in read[:within]), rel=1e-12)


def test_of_a_long_text_the_end_is_learned(tmp_path: Path) -> None:
    ids = np.array(patterned(50))
    taken, begins = learned_part(token_file(tmp_path / "a.ids", ids), np.arange(5, dtype=np.int32)[None], 20)
    assert taken.tolist() == ids[-20:].tolist()
    assert begins.tolist() == [0]


def test_pieces_are_learned_as_they_are_and_then_as_training_varies_them(tmp_path: Path) -> None:
    variants = np.stack([(np.arange(10) + shift) % 10 for shift in (-2, -1, 0, 1)]).astype(np.int32)
    file = with_pieces(tmp_path / "a.ids", [[1, 2, 3], [5, 6]])
    table = np.array([[0, 1, 3], [3, 0, 2]], "<i8")  # the first has no shift by -2, the second none by 1
    table.tofile(file.path.with_suffix(".pieces"))
    whole, begins = learned_part(file, variants, 1000)
    assert whole.tolist() == [1, 2, 3, 5, 6, 0, 1, 2, 4, 5, 2, 3, 4, 3, 4]
    assert begins.tolist() == [0, 3, 5, 8, 10, 13]
    some, begins = learned_part(file, variants, 7)
    assert (some.tolist(), begins.tolist()) == (whole[:7].tolist(), [0, 3, 5])
    some, begins = learned_part(file, variants, 5)
    assert (some.tolist(), begins.tolist()) == (whole[:5].tolist(), [0, 3])


@pytest.mark.parametrize(
    ("measured", "words"),
    [
        (4.69, "better than an 8-gram by 0.31 nats a note"),
        (5.12, "worse than an 8-gram by 0.12 nats a note"),
        (5.004, "as good as an 8-gram"),
        (4.996, "as good as an 8-gram"),
    ],
)
def test_a_model_is_compared_in_its_main_measure(measured: float, words: str) -> None:
    assert REFERENCE.compared({"nats_per_beat": 1.0, "nats_per_note": measured}) == words


@pytest.mark.parametrize(("order", "name"), [(1, "a 1-gram"), (6, "a 6-gram"), (8, "an 8-gram")])
def test_an_n_gram_is_named_as_one_says_it(order: int, name: str) -> None:
    assert replace(REFERENCE, order=order).name == name


def test_training_improves_as_long_as_the_newest_validation_is_the_best_by_more_than_noise() -> None:
    assert trend(1.5, None) == ""
    assert trend(1.5, 1.5 + 2 * LEAST_GAIN_NATS) == "still improving"
    assert trend(1.5, 1.5 + LEAST_GAIN_NATS / 2) == "no longer improving"
    assert trend(1.5, 1.4) == "no longer improving"


def test_what_is_logged_has_the_measures_by_their_names() -> None:
    assert REFERENCE.to_json() == {
        "order": 8,
        "learned_tokens": 1000,
        "tokens": 100,
        "nats_per_token": 2.5,
        "bits_per_token": pytest.approx(2.5 / math.log(2)),
        "nats_per_note": 5.0,
        "nats_per_beat": 7.0,
    }
