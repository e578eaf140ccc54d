"""Pieces, each read from its beginning by one stream: what is predicted, and where a reader goes on."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gen.dataset.pieces import Pieces, windows_of
from gen.dataset.token_file import TokenFile, encode_to_file, fit_streams
from gen.dataset.windows import Contiguous, Cursor, Window
from gen.tokenizer.base import Ids, Tokenizer

V = 5000
SHIFTS = 4
lengths = st.lists(st.integers(1, 60), min_size=1, max_size=30)
in_a_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


class Numbers(Tokenizer[range]):
    """Pieces are ranges of numbers, and each number is its id: a window says by itself where it was read."""

    name = "numbers"
    version = 1
    by_piece = True

    def encode(self, document: range) -> Ids:
        return np.array(document, np.int32)

    def decode(self, ids: Ids) -> range:
        return range(int(ids[0]), int(ids[-1]) + 1)

    def variant_range(self, ids: Ids) -> tuple[int, int]:
        return (1, 1) if ids[0] % 2 else (0, SHIFTS - 1)


TOKENIZER = Numbers([str(number) for number in range(V)])
# variant k of number n is n + 10,000 k
VARIANTS = (np.arange(V) + 10_000 * np.arange(SHIFTS)[:, None]).astype(np.int32)


def pieces_of(folder: Path, sizes: list[int]) -> tuple[TokenFile, list[range]]:
    ends = np.cumsum(sizes).tolist()
    pieces = [range(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    return encode_to_file(pieces, TOKENIZER, folder / "numbers.ids"), pieces


def transitions(windows: list[Window]) -> list[tuple[int, int]]:
    """Each prediction: what was read, what was to follow."""
    found: list[tuple[int, int]] = []
    for window in windows:
        counts = window.weights == 1
        pairs = zip(window.ids[:, :-1][counts].tolist(), window.ids[:, 1:][counts].tolist(), strict=True)
        found += pairs
    return found


@in_a_folder
@given(lengths, st.integers(1, 9), st.integers(1, 25), st.none() | st.integers(0, 9))
def test_each_piece_is_read_once_an_epoch_from_a_fresh_state_and_never_beyond_its_end(
    tmp_path: Path, sizes: list[int], N: int, T: int, seed: int | None
) -> None:
    file, pieces = pieces_of(tmp_path, sizes)
    assert (file.pieces, file.predictions) == (len(sizes), sum(sizes) - len(sizes))
    reader = Pieces(file, N, T, seed=seed, variants=None)
    for _ in range(2):
        expected = reader.per_epoch
        windows = list(reader.one_pass())
        assert len(windows) == expected
        wanted = [pair for piece in pieces for pair in pairwise(piece)]
        assert sorted(transitions(windows)) == sorted(wanted)
        starts = {piece[0] for piece in pieces}
        for window in windows:
            for stream in range(N):
                if window.weights[stream].any():
                    assert window.fresh[stream] == (int(window.ids[stream, 0]) in starts)


@in_a_folder
@given(lengths, st.integers(1, 9), st.integers(1, 25), st.integers(0, 40))
def test_a_reader_with_the_cursor_of_another_goes_on_as_that_one_does(
    tmp_path: Path, sizes: list[int], N: int, T: int, done: int
) -> None:
    file, _ = pieces_of(tmp_path, sizes)
    reader = Pieces(file, N, T, seed=3, variants=VARIANTS)
    for _ in range(done):
        reader.next()
    cursor = Cursor.from_json(json.loads(json.dumps(reader.cursor.to_json())))
    resumed = Pieces(file, N, T, seed=3, variants=VARIANTS, cursor=cursor)
    for _ in range(6):
        one, other = reader.next(), resumed.next()
        for name in ("ids", "weights", "fresh"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert reader.cursor == resumed.cursor


def test_each_epoch_draws_an_order_and_for_each_piece_one_of_the_variants_it_may_have(
    tmp_path: Path,
) -> None:
    file, pieces = pieces_of(tmp_path, [7] * 40)
    reader = Pieces(file, 4, 5, seed=1, variants=VARIANTS)
    drawn: dict[int, set[int]] = {piece[0]: set() for piece in pieces}
    orders = set()
    for _ in range(30):
        heads = []
        for window in reader.one_pass():
            for stream in np.flatnonzero(window.fresh & window.weights.any(axis=1)):
                variant, head = divmod(int(window.ids[stream, 0]), 10_000)
                drawn[head].add(variant)
                heads.append(head)
            assert len({tuple(row // 10_000) for row in window.ids[:, :1]}) <= SHIFTS
        orders.add(tuple(heads))
    assert len(orders) == 30
    assert all(variants == ({1} if head % 2 else set(range(SHIFTS))) for head, variants in drawn.items())
    other = Pieces(file, 4, 5, seed=2, variants=VARIANTS)
    assert transitions([other.next()]) != transitions([Pieces(file, 4, 5, seed=1, variants=VARIANTS).next()])


def test_a_limit_takes_the_first_pieces_that_fit_and_one_at_least(tmp_path: Path) -> None:
    file, pieces = pieces_of(tmp_path, [10, 20, 30])
    for limit, within in ((1, 1), (10, 1), (29, 1), (30, 2), (60, 3), (1000, 3)):
        read = transitions(list(Pieces(file, 2, 8, limit=limit).one_pass()))
        assert {head for head, _ in read} == {number for piece in pieces[:within] for number in piece[:-1]}


def test_the_longest_first_leave_few_streams_idle(tmp_path: Path) -> None:
    sizes = np.random.default_rng(0).integers(20, 400, 300).tolist()
    file, _ = pieces_of(tmp_path, [min(size, 16) for size in sizes])
    reader = Pieces(file, 16, 16)
    assert reader.per_epoch == -(-300 // 16)


def test_files_of_pieces_and_long_texts_get_the_reader_that_suits_them(tmp_path: Path) -> None:
    file, _ = pieces_of(tmp_path, [10, 20])
    assert isinstance(windows_of(file, 2, 4), Pieces)
    assert isinstance(windows_of(TokenFile(file.path, 30, file.dtype), 2, 4), Contiguous)
    assert fit_streams(file, 32, 64) == (2, 28)
    with pytest.raises(ValueError, match="0 streams over 2 pieces"):
        Pieces(file, 0, 4)


def test_a_table_of_pieces_that_is_cut_short_is_not_whole(tmp_path: Path) -> None:
    file, _ = pieces_of(tmp_path, [10, 20])
    assert file.is_whole()
    table = file.path.with_suffix(".pieces")
    table.write_bytes(table.read_bytes()[:-1])
    assert not file.is_whole()
