import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gen.dataset.pieces import windows_of
from gen.dataset.token_file import TokenFile
from gen.evaluation.ngram import NGram
from tests.evaluation.slow_ngram import BEGIN, SlowNGram, cut
from tests.training.tiny import token_file

V = 5  # the last of them never occurs in what is learned
TOKENS = st.integers(0, V - 2)
CORPORA = st.lists(st.lists(TOKENS, min_size=1, max_size=40), min_size=1, max_size=4)


def learned(pieces: Sequence[Sequence[int]], order: int, vocabulary_size: int = V) -> NGram:
    lengths = [len(piece) for piece in pieces]
    begins = np.cumsum([0, *lengths[:-1]])
    return NGram(
        np.concatenate([np.array(piece, np.int64) for piece in pieces]), begins, order, vocabulary_size
    )


def distribution(ngram: NGram, context: Sequence[int]) -> NDArray[np.float64]:
    """Of the next token after a piece's beginning, token by token."""
    rows = [[-1] * 9 + [V if token == BEGIN else token for token in context] + [token] for token in range(V)]
    return ngram.probabilities(np.array(rows, np.int64))[:, -1]


def patterned(tokens: int, seed: int = 0, vocabulary_size: int = V - 1) -> list[int]:
    """Tokens of which some contexts say much and others little, so that every discount can be estimated."""
    draw = np.random.default_rng(seed)
    ids = [0, 1]
    while len(ids) < tokens:
        sure = draw.random() < 0.7
        ids.append((3 * ids[-1] + ids[-2]) % vocabulary_size if sure else int(draw.integers(vocabulary_size)))
    return ids[:tokens]


@settings(max_examples=150, deadline=None)
@given(pieces=CORPORA, order=st.integers(1, 6), context=st.lists(st.integers(0, V - 1), max_size=9))
def test_probabilities_sum_to_one_and_none_is_zero(
    pieces: list[list[int]], order: int, context: list[int]
) -> None:
    ngram = learned(pieces, order)
    for before in (context, [BEGIN, *context]):
        likely = distribution(ngram, before)
        assert likely.sum() == pytest.approx(1, abs=1e-12)
        assert np.all(likely > 0)


@settings(max_examples=150, deadline=None)
@given(pieces=CORPORA, order=st.integers(1, 6), context=st.lists(st.integers(0, V - 1), max_size=9))
def test_it_is_the_papers_equation_worked_out_one_n_gram_at_a_time(
    pieces: list[list[int]], order: int, context: list[int]
) -> None:
    ngram, slow = learned(pieces, order), SlowNGram(pieces, order, V)
    for before in (context, [BEGIN, *context], [BEGIN, *pieces[0][:7]]):
        expected = [slow.probability(before, token) for token in range(V)]
        np.testing.assert_allclose(distribution(ngram, before), expected, rtol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 7])
def test_so_it_is_where_the_discounts_are_estimated(order: int) -> None:
    size = 30
    ids, begins = patterned(4000, vocabulary_size=size), [0, 900, 901, 2500]
    ngram = NGram(np.array(ids), np.array(begins), order, size + 1)
    slow = SlowNGram(cut(ids, begins), order, size + 1)
    assert order < 4 or len(set(slow.discounts.values())) > 1
    read = patterned(300, seed=9, vocabulary_size=size)
    rows = np.array([[*[-1] * order, size + 1, *read]])
    expected = [slow.probability([BEGIN, *read[:place]], read[place]) for place in range(len(read))]
    np.testing.assert_allclose(ngram.probabilities(rows)[0, order + 1 :], expected, rtol=1e-11)


def test_of_order_one_it_is_counting() -> None:
    ids = [0] * 50 + [1] * 30 + [2] * 20
    likely = distribution(learned([ids], 1), [3, 1, 0])
    # each of the three that occur gives up 1.5, which are shared out evenly among all
    np.testing.assert_allclose(likely, (np.array([48.5, 28.5, 18.5, 0, 0]) + 4.5 / V) / 100)
    many = patterned(20_000)
    counted = Counter(many)
    likely = distribution(learned([many], 1), [])
    np.testing.assert_allclose(likely, [counted[token] / 20_000 for token in range(V)], atol=4e-4)


@pytest.mark.parametrize("vocabulary_size", [5, 200, 60_000])
def test_no_vocabulary_is_too_large(vocabulary_size: int) -> None:
    ids = np.random.default_rng(1).integers(0, vocabulary_size, 2000)
    ngram = NGram(ids, np.zeros(1, np.int64), 8, vocabulary_size)
    rows = np.array([[*ids[500:507], token] for token in range(vocabulary_size)])
    likely = ngram.probabilities(rows)[:, -1]
    assert likely.sum() == pytest.approx(1, abs=1e-9)
    if vocabulary_size > 5:
        assert int(likely.argmax()) == ids[507]


@pytest.mark.parametrize(("ids", "order"), [([], 3), ([1, 2], 0)])
def test_nothing_to_count_is_a_programmers_mistake(ids: list[int], order: int) -> None:
    with pytest.raises(ValueError, match="order"):
        NGram(np.array(ids, np.int64), np.zeros(1, np.int64), order, V)


def with_pieces(path: Path, pieces: list[list[int]]) -> TokenFile:
    file = token_file(path, np.concatenate([np.array(piece) for piece in pieces]))
    begins = np.cumsum([0, *(len(piece) for piece in pieces[:-1])])
    np.stack([begins, 0 * begins, 0 * begins], 1).astype("<i8").tofile(path.with_suffix(".pieces"))
    return TokenFile(file.path, file.tokens, file.dtype, len(pieces))


def slow_nats(slow: SlowNGram, stretch: Sequence[int]) -> float:
    """Of all but the first, which is read from a fresh state."""
    return -sum(
        math.log(slow.probability([BEGIN, *stretch[:place]], stretch[place]))
        for place in range(1, len(stretch))
    )


@pytest.mark.parametrize("order", [1, 2, 5])
@pytest.mark.parametrize("streams", [1, 2, 7])
@pytest.mark.parametrize("window", [1, 3, 16])
def test_nats_of_pieces_are_the_sum_over_pieces_whatever_the_windows(
    order: int, streams: int, window: int, tmp_path: Path
) -> None:
    learn = [patterned(300), patterned(70, seed=3)]
    ngram, slow = learned(learn, order), SlowNGram(learn, order, V)
    pieces = [patterned(tokens, seed=tokens) for tokens in (1, 2, 9, 17, 30)]
    read = windows_of(with_pieces(tmp_path / "held.ids", pieces), streams, window)
    found = list(ngram.nats_by_window(read.one_pass()))
    assert sum(tokens for tokens, _ in found) == sum(len(piece) - 1 for piece in pieces)
    expected = sum(slow_nats(slow, piece) for piece in pieces)
    assert sum(nats for _, nats in found) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("streams", [1, 3])
@pytest.mark.parametrize("window", [4, 50])
def test_nats_of_a_text_are_the_sum_over_its_streams(streams: int, window: int, tmp_path: Path) -> None:
    learn, read = patterned(500), patterned(151, seed=5)
    ngram, slow = learned([learn], 4), SlowNGram([learn], 4, V)
    windows = windows_of(token_file(tmp_path / "held.ids", np.array(read)), streams, window)
    found = list(ngram.nats_by_window(windows.one_pass()))
    assert sum(tokens for tokens, _ in found) == 150
    bounds = [stream * 150 // streams for stream in range(streams + 1)]
    expected = sum(slow_nats(slow, read[first : last + 1]) for first, last in pairwise(bounds))
    assert sum(nats for _, nats in found) == pytest.approx(expected, rel=1e-12)
