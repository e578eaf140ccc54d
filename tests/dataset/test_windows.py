"""Windows over ids: what is predicted, in what order, and where a resumed reader goes on."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gen.config import ConfigError
from gen.dataset.token_file import TokenFile, encode_to_file, fit_streams
from gen.dataset.windows import Contiguous, Cursor, Window, Windows
from gen.errors import CorpusError, TokenizerError
from gen.tokenizer.characters import CharacterTokenizer


class Held(TokenFile):
    """Ids in memory: token number n is n, so that a window says by itself where it was read."""

    def map(self) -> NDArray[Any]:
        return np.arange(self.tokens)


def numbered(tokens: int) -> TokenFile:
    return Held(Path("nowhere"), tokens, "<u2")


def epoch(windows: Windows) -> list[Window]:
    return [windows.next() for _ in range(windows.per_epoch)]


def same(left: Window, right: Window) -> bool:
    pairs = ((left.ids, right.ids), (left.weights, right.weights), (left.fresh, right.fresh))
    return all(np.array_equal(one, other) for one, other in pairs)


shapes = st.tuples(st.integers(2, 400), st.integers(1, 12), st.integers(1, 40))


@given(shapes)
def test_every_token_but_the_first_is_predicted_once_an_epoch_from_the_one_before(
    shape: tuple[int, int, int],
) -> None:
    tokens, N, T = shape
    assume(tokens > N)
    windows = Contiguous(numbered(tokens), N, T)
    predicted = []
    for window in epoch(windows):
        assert window.ids.shape == (N, T + 1)
        assert window.weights.shape == (N, T)
        assert set(window.weights.flat) <= {0.0, 1.0}
        counts = window.weights == 1
        assert (window.ids[:, 1:][counts] == window.ids[:, :-1][counts] + 1).all()
        predicted += window.ids[:, 1:][counts].tolist()
    assert sorted(predicted) == list(range(1, tokens))
    assert windows.cursor == Cursor(1, 0)


@given(shapes)
def test_the_windows_of_a_stream_join_and_the_streams_are_equally_long(shape: tuple[int, int, int]) -> None:
    tokens, N, T = shape
    assume(tokens > N)
    windows = epoch(Contiguous(numbered(tokens), N, T))
    lengths = []
    for stream in range(N):
        targets = [window.ids[stream, 1:][window.weights[stream] == 1].tolist() for window in windows]
        joined = [target for window in targets for target in window]
        assert all(after == before + 1 for before, after in pairwise(joined))
        # padding comes last of all, so the carried state is never that of padding
        assert all(len(window) == T for window in targets[:-1])
        lengths.append(len(joined))
    assert max(lengths) - min(lengths) <= 1


@given(shapes)
def test_streams_are_fresh_only_at_the_start_of_an_epoch(shape: tuple[int, int, int]) -> None:
    tokens, N, T = shape
    assume(tokens > N)
    windows = Contiguous(numbered(tokens), N, T)
    for _ in range(2):
        first, *rest = epoch(windows)
        assert first.fresh.all()
        assert not any(window.fresh.any() for window in rest)


@given(shapes, st.integers(0, 30))
def test_a_reader_with_the_cursor_of_another_goes_on_as_that_one_does(
    shape: tuple[int, int, int], done: int
) -> None:
    tokens, N, T = shape
    assume(tokens > N)
    windows = Contiguous(numbered(tokens), N, T)
    for _ in range(done):
        windows.next()
    saved = Cursor.from_json(json.loads(json.dumps(windows.cursor.to_json())))
    resumed = Contiguous(numbered(tokens), N, T, cursor=saved)
    for _ in range(5):
        assert same(resumed.next(), windows.next())
    assert resumed.cursor == windows.cursor


def test_each_epoch_is_as_the_first() -> None:
    windows = Contiguous(numbered(50), 3, 7)
    first, second = epoch(windows), epoch(windows)
    assert len(first) == 3
    assert all(same(before, after) for before, after in zip(first, second, strict=True))


def test_one_pass_goes_from_the_cursor_to_the_end_of_the_epoch() -> None:
    windows = Contiguous(numbered(50), 3, 7)
    expected = epoch(windows)
    windows.next()
    passed = list(windows.one_pass())
    assert [same(*pair) for pair in zip(passed, expected[1:], strict=True)] == [True] * 2
    assert windows.cursor == Cursor(2, 0)


@given(st.integers(2, 200), st.integers(2, 300))
def test_a_limit_reads_the_beginning_and_nothing_else(tokens: int, limit: int) -> None:
    limited = epoch(Contiguous(numbered(tokens), 1, 16, limit=limit))
    short = epoch(Contiguous(numbered(min(limit, tokens)), 1, 16))
    assert [same(*pair) for pair in zip(limited, short, strict=True)] == [True] * len(short)


@pytest.mark.parametrize(("tokens", "streams"), [(0, 1), (1, 1), (2, 2), (10, 10), (10, 0), (10, -1)])
def test_more_streams_than_predictions_are_refused(tokens: int, streams: int) -> None:
    with pytest.raises(ValueError, match=f"{streams} streams over {tokens} tokens"):
        Contiguous(numbered(tokens), streams, 4)


@given(st.integers(2, 3000), st.integers(1, 64), st.integers(1, 300))
def test_batch_and_window_shrink_no_more_than_a_small_corpus_asks(tokens: int, N: int, T: int) -> None:
    streams, window = fit_streams(numbered(tokens), N, T)
    assert 1 <= streams <= N
    assert 1 <= window <= T
    assert streams * window <= tokens - 1
    assert window == T or window == tokens - 1
    assert streams == N or (streams + 1) * window > tokens - 1
    assert all(w.weights.any() for w in epoch(Contiguous(numbered(tokens), streams, window)))


@pytest.mark.parametrize("tokens", [0, 1])
def test_nothing_to_predict_is_an_error(tokens: int) -> None:
    with pytest.raises(CorpusError, match=f"{tokens} tokens"):
        fit_streams(numbered(tokens), 1, 1)


@pytest.mark.parametrize("fields", [{"epoch": 1}, {"epoch": 0, "position": 0, "more": 0}, None])
def test_a_damaged_cursor_is_refused(fields: object) -> None:
    with pytest.raises(ConfigError):
        Cursor.from_json(fields)


@pytest.mark.parametrize(("characters", "dtype"), [(256, "<u1"), (257, "<u2")])
def test_ids_are_kept_in_as_few_bytes_as_hold_them(tmp_path: Path, characters: int, dtype: str) -> None:
    text = "".join(map(chr, range(0x400, 0x400 + characters)))
    tokenizer = CharacterTokenizer.learn([text])
    file = encode_to_file([text, "", text[::-1]], tokenizer, tmp_path / "made" / "ids")
    read = np.fromfile(file.path, dtype)
    assert read.tolist() == [*range(characters), *reversed(range(characters))]
    assert (file.tokens, file.dtype) == (2 * characters, dtype)
    assert tokenizer.decode(file.map().astype(np.int32)) == text + text[::-1]


def test_windows_of_a_file_are_its_ids_over_more_windows_than_a_map_lives(tmp_path: Path) -> None:
    text = "".join(np.random.default_rng(0).choice(list("abcdefgh"), 2000))
    tokenizer = CharacterTokenizer.learn([text])
    file = encode_to_file([text], tokenizer, tmp_path / "ids")
    windows = Contiguous(file, 1, 10)
    read = [windows.next().ids[0, :-1] for _ in range(199)]
    assert tokenizer.decode(np.concatenate(read)) == text[:1990]


def test_a_document_that_cannot_be_said_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError):
        encode_to_file(["ab", "c"], CharacterTokenizer.learn(["ab"]), tmp_path / "ids")
    assert list(tmp_path.iterdir()) == []
