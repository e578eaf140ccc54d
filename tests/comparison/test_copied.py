"""Runs in common, against a search that tries everything."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gen.comparison import copied
from gen.comparison.copied import BREAK, Copied, find_copied, run_hashes
from gen.comparison.suffixes import common_prefixes, suffix_order

# few letters, and repeated stretches, so that long runs in common and many of the same are usual
letters = st.lists(st.integers(0, 2), max_size=60).map(tuple)
woven = st.lists(
    st.one_of(letters, st.sampled_from([(0, 1) * 12, (1,) * 20, (0, 1, 2, 2, 1, 0, 0)])), max_size=6
).map(lambda parts: tuple(symbol for part in parts for symbol in part))


def array(symbols: tuple[int, ...]) -> NDArray[np.uint32]:
    return np.array(symbols, np.uint32)


def chunks(symbols: tuple[int, ...], size: int) -> Iterator[NDArray[np.uint32]]:
    for start in range(0, len(symbols), size):
        yield array(symbols[start : start + size])


def longest_in(corpus: tuple[int, ...], rest: tuple[int, ...]) -> int:
    """Of a beginning of `rest` that stands anywhere in the corpus."""
    best = 0
    for start in range(len(corpus)):
        length = 0
        while length < len(rest) and start + length < len(corpus) and corpus[start + length] == rest[length]:
            length += 1
        best = max(best, length)
    return best


@given(letters)
def test_suffixes_stand_in_order_with_what_they_have_in_common(symbols: tuple[int, ...]) -> None:
    order = suffix_order(array(symbols)).tolist()
    suffixes = [symbols[start:] for start in order]
    assert suffixes == sorted(symbols[start:] for start in range(len(symbols)))
    expected = [
        next((n for n in range(len(b) + 1) if a[: n + 1] != b[: n + 1]), len(b))
        for a, b in zip([(), *suffixes], suffixes, strict=False)
    ]
    assert common_prefixes(array(symbols), np.array(order, np.int64)).tolist() == expected


@given(letters, st.integers(1, 9))
def test_equal_runs_have_equal_hashes_and_others_do_not(symbols: tuple[int, ...], length: int) -> None:
    hashes = run_hashes(array(symbols), length, 0x2545F4914F6CDD1D).tolist()
    runs = [symbols[start : start + length] for start in range(len(symbols) - length + 1)]
    assert len(hashes) == len(runs)
    assert len(set(hashes)) == len(set(runs))
    assert len(set(zip(hashes, runs, strict=True))) == len(set(runs))


@example([(0,)], (1, 0), 1, 9, 8)  # the last symbol of the corpus, which is nowhere else
@given(
    st.lists(woven, min_size=1, max_size=3),
    woven,
    st.integers(1, 6),
    st.integers(1, 50),
    st.sampled_from([0, 2, 8]),
)
def test_every_place_has_the_longest_run_that_stands_in_the_corpus(
    texts: list[tuple[int, ...]], corpus: tuple[int, ...], shortest: int, size: int, few: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copied, "_FEW", few)  # how many suffixes are tried one by one changes nothing
        found = find_copied([array(text) for text in texts], chunks(corpus, size), shortest)
    assert found.complete
    for text, lengths, places in zip(texts, found.lengths, found.places, strict=True):
        expected = [longest_in(corpus, text[start:]) for start in range(len(text))]
        assert lengths.tolist() == [length if length >= shortest else 0 for length in expected]
        for start, (length, place) in enumerate(zip(lengths.tolist(), places.tolist(), strict=True)):
            assert corpus[place : place + length] == text[start : start + length]


@given(woven, woven, st.integers(1, 6))
def test_the_share_is_of_the_symbols_within_such_runs(
    text: tuple[int, ...], corpus: tuple[int, ...], shortest: int
) -> None:
    found = find_copied([array(text)], [array(corpus)], 1)
    within = {
        place
        for start in range(len(text))
        if (length := longest_in(corpus, text[start:])) >= shortest
        for place in range(start, start + length)
    }
    assert found.share(shortest, [0]) == len(within) / max(1, len(text))


@given(st.lists(woven, min_size=1, max_size=3), woven)
def test_the_longest_runs_do_not_overlap_and_none_was_passed_over(
    texts: list[tuple[int, ...]], corpus: tuple[int, ...]
) -> None:
    found = find_copied([array(text) for text in texts], [array(corpus)], 2)
    runs = found.longest(4)
    taken = [{(run.text, run.start + offset) for offset in range(run.length)} for run in runs]
    assert sum(map(len, taken)) == len(set().union(*taken))
    lengths = [run.length for run in runs]
    assert lengths == sorted(lengths, reverse=True)
    longest = max(
        (longest_in(corpus, text[start:]) for text in texts for start in range(len(text))), default=0
    )
    assert (lengths[0] if runs else 0) == (longest if longest >= 2 else 0)


def test_no_run_goes_over_a_break_or_from_one_text_to_the_next() -> None:
    corpus = np.array([1, 2, 3, BREAK, 4, 5, 6], np.uint32)
    found = find_copied([array((1, 2, 3, 4, 5, 6)), array((4, 5)), array((6,))], [corpus], 2)
    assert [lengths.tolist() for lengths in found.lengths] == [[3, 2, 0, 3, 2, 0], [2, 0], [0]]


def test_a_long_text_is_found_in_a_larger_one_wherever_the_chunks_end() -> None:
    generator = np.random.default_rng(1)
    corpus = generator.integers(0, 60, 300_000).astype(np.uint32)
    text = np.concatenate(
        [corpus[123_456:124_456], generator.integers(0, 60, 500), corpus[7:60], corpus[-40:]]
    )
    found = find_copied([text.astype(np.uint32)], np.array_split(corpus, 37), 20)
    assert [(run.start, run.length, run.place) for run in found.longest(9)] == [
        (0, 1000, 123_456),
        (1500, 53, 7),
        (1553, 40, 299_960),
    ]
    assert found.share(50, [0]) == 1053 / 1593


def test_more_places_than_can_be_compared_end_the_search_and_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(copied, "MOST_WORK", 200)
    corpus = array((0, 1, 0, 0, 1, 1) * 100)
    found: Copied = find_copied([array((0, 1, 0, 0, 1, 1, 0, 1, 1, 1, 0, 0))], [corpus], 2)
    assert not found.complete
    assert found.lengths[0].max() >= 2
