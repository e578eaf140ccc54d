"""Shards read as if they were one file: the same windows, in an order that seed and epoch decide."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gen.dataset import sharded
from gen.dataset.pieces import windows_of
from gen.dataset.sharded import OpenShards, ShardedFile
from gen.dataset.token_file import TokenFile, encode_to_file
from gen.dataset.windows import Cursor
from gen.errors import CorpusError
from tests.dataset.test_pieces import TOKENIZER, VARIANTS, pieces_of, transitions

in_a_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)

shards_of_lengths = st.lists(st.lists(st.integers(1, 40), max_size=6), min_size=1, max_size=6).filter(
    lambda shards: sum(map(sum, shards)) > 1
)


def in_shards(folder: Path, shards: list[list[int]]) -> tuple[TokenFile, ShardedFile, list[range]]:
    """The same pieces, ranges of numbers that go on, in one file and in many."""
    whole, pieces = pieces_of(folder, [size for sizes in shards for size in sizes])
    left = iter(pieces)
    files = [
        encode_to_file([next(left) for _ in sizes], TOKENIZER, folder / f"{number}.ids")
        for number, sizes in enumerate(shards)
    ]
    return whole, ShardedFile.of(folder, files, "<u2"), pieces


def as_text(file: TokenFile) -> TokenFile:
    return TokenFile(file.path, file.tokens, file.dtype)


def texts(folder: Path, shards: list[list[int]]) -> tuple[TokenFile, ShardedFile]:
    whole, many, _ = in_shards(folder, shards)
    return as_text(whole), ShardedFile.of(folder, map(as_text, many.files), "<u2")


@in_a_folder
@given(shards_of_lengths, st.data())
def test_a_span_over_shards_is_that_of_the_whole(
    tmp_path: Path, shards: list[list[int]], data: st.DataObject
) -> None:
    whole, many = texts(tmp_path, shards)
    assert (many.tokens, many.predictions, len(OpenShards(many.shards))) == (
        whole.tokens,
        whole.predictions,
        whole.tokens,
    )
    bounds = st.none() | st.integers(-whole.tokens - 3, whole.tokens + 3)
    for _ in range(5):
        span = slice(data.draw(bounds), data.draw(bounds))
        np.testing.assert_array_equal(OpenShards(many.shards)[span], whole.map()[span])


@in_a_folder
@given(shards_of_lengths, st.integers(1, 5), st.integers(1, 12), st.none() | st.integers(1, 60))
def test_without_a_seed_shards_give_the_windows_of_the_whole_text(
    tmp_path: Path, shards: list[list[int]], N: int, T: int, limit: int | None
) -> None:
    whole, many = texts(tmp_path, shards)
    N = min(N, whole.tokens - 1, (limit or 99) - 1) or 1
    if limit == 1:
        limit = 2
    one, other = (windows_of(file, N, T, limit=limit) for file in (whole, many))
    assert one.per_epoch == other.per_epoch
    for expected, found in zip(one.one_pass(), other.one_pass(), strict=True):
        np.testing.assert_array_equal(found.ids, expected.ids)


@in_a_folder
@given(shards_of_lengths, st.integers(1, 5), st.integers(1, 12), st.integers(0, 9))
def test_each_epoch_of_a_text_reads_every_shard_once_in_an_order_of_its_own(
    tmp_path: Path, shards: list[list[int]], N: int, T: int, seed: int
) -> None:
    _, many = texts(tmp_path, shards)
    reader = windows_of(many, min(N, many.tokens - 1), T, seed=seed)
    for epoch in range(3):
        order = np.random.default_rng((seed, epoch)).permutation(len(many.files))
        expected = np.concatenate([many.files[number].map() for number in order]).tolist()
        assert sorted(transitions(list(reader.one_pass()))) == sorted(pairwise(expected))


@in_a_folder
@given(shards_of_lengths, st.integers(1, 6), st.integers(1, 12), st.integers(0, 9))
def test_each_epoch_of_pieces_reads_every_piece_once_shard_by_shard(
    tmp_path: Path, shards: list[list[int]], N: int, T: int, seed: int
) -> None:
    _, many, pieces = in_shards(tmp_path, shards)
    reader = windows_of(many, N, T, seed=seed)
    shard_of = np.repeat(np.arange(len(shards)), [sum(sizes) for sizes in shards])
    for epoch in range(3):
        windows = list(reader.one_pass())
        assert sorted(transitions(windows)) == sorted(pair for piece in pieces for pair in pairwise(piece))
        order = np.random.default_rng((seed, epoch)).permutation(len(many.files)).tolist()
        kept = [number for number, sizes in enumerate(shards) if sizes]
        begun = [
            int(shard_of[window.ids[stream, 0]])
            for window in windows
            for stream in np.flatnonzero(window.fresh & window.weights.any(axis=1))
        ]
        places = [order.index(kept.index(number)) for number in begun]
        assert places == sorted(places)


@in_a_folder
@given(shards_of_lengths, st.integers(1, 6), st.integers(1, 12), st.integers(0, 60), st.booleans())
def test_a_reader_of_shards_goes_on_from_the_cursor_of_another(
    tmp_path: Path, shards: list[list[int]], N: int, T: int, done: int, is_text: bool
) -> None:
    _, many, _ = in_shards(tmp_path, shards)
    if is_text:
        _, many = texts(tmp_path, shards)
        N = min(N, many.tokens - 1)
    reader = windows_of(many, N, T, seed=3, variants=VARIANTS)
    for _ in range(done):
        reader.next()
    cursor = Cursor.from_json(json.loads(json.dumps(reader.cursor.to_json())))
    resumed = windows_of(many, N, T, seed=3, variants=VARIANTS, cursor=cursor)
    assert reader.per_epoch == resumed.per_epoch
    for _ in range(6):
        one, other = reader.next(), resumed.next()
        for name in ("ids", "weights", "fresh"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert reader.cursor == resumed.cursor


@in_a_folder
@given(shards_of_lengths, st.integers(1, 200))
def test_a_limit_takes_the_first_pieces_of_the_whole(
    tmp_path: Path, shards: list[list[int]], limit: int
) -> None:
    whole, many, _ = in_shards(tmp_path, shards)
    np.testing.assert_array_equal(many.piece_table(), whole.piece_table())
    one, other = (transitions(list(windows_of(file, 3, 7, limit=limit).one_pass())) for file in (whole, many))
    assert sorted(one) == sorted(other)


def test_no_more_shards_are_mapped_at_a_time_than_a_process_may_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharded, "MOST_MAPS", 3)
    whole, many = texts(tmp_path, [[7]] * 20)
    ids = OpenShards(many.shards)
    for first in (*range(0, 140, 5), *range(135, 0, -20)):
        np.testing.assert_array_equal(ids[first : first + 9], whole.map()[first : first + 9])
        assert len(ids._maps) <= 3


@pytest.mark.parametrize("damage", ["gone", "cut short"])
def test_a_shard_that_is_lost_under_a_reader_is_told_by_name(tmp_path: Path, damage: str) -> None:
    _, many = texts(tmp_path, [[7]] * 3)
    assert many.is_whole()
    path = many.files[1].path
    path.unlink() if damage == "gone" else path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorpusError, match=r"1\.ids"):
        list(windows_of(many, 1, 5).one_pass())
    if damage == "cut short":
        assert not many.is_whole()
