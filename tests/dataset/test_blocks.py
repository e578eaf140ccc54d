"""A reader of some of the streams reads what a reader of all has in them, and touches nothing else."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gen.dataset.pieces import Pieces, windows_of
from gen.dataset.token_file import TokenFile
from gen.dataset.windows import Windows


class Guarded:
    """Ids that are only ever read whole, as the slices that a reader takes of them; it counts those read."""

    def __init__(self, read: list[tuple[int, int]], first: int, last: int) -> None:
        self.bounds, self._read = (first, last), read

    def __getitem__(self, part: slice) -> "Guarded":
        first, last, _ = part.indices(self.bounds[1] - self.bounds[0])
        return Guarded(self._read, self.bounds[0] + first, self.bounds[0] + max(first, last))

    def __len__(self) -> int:
        return self.bounds[1] - self.bounds[0]

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        self._read.append(self.bounds)
        return np.arange(*self.bounds, dtype=dtype)


class Held(TokenFile):
    """Ids in memory: token number n is n."""

    begins: tuple[int, ...] = (0,)
    read: list[tuple[int, int]]

    def map(self) -> Any:
        return Guarded(self.read, 0, self.tokens) if hasattr(self, "read") else np.arange(self.tokens)

    def piece_table(self) -> NDArray[np.int64]:
        return np.array([(begin, 0, 2) for begin in self.begins], np.int64)


def held(tokens: int, begins: tuple[int, ...] = ()) -> Held:
    file = Held(Path("nowhere"), tokens, "<u2", len(begins))
    object.__setattr__(file, "begins", begins)
    return file


def readers(file: TokenFile, streams: int, window: int, workers: int) -> tuple[Windows, list[Windows]]:
    """One of all streams, and one for each worker's share of them."""
    variants = np.stack([np.arange(file.tokens) + 1000 * variant for variant in range(3)]).astype(np.int32)

    def reader() -> Windows:
        return windows_of(file, streams, window, seed=4, variants=variants)

    bounds = pairwise(np.linspace(0, streams, workers + 1).astype(int).tolist())
    return reader(), [reader().narrowed(block) for block in bounds]


shapes = st.tuples(st.integers(30, 300), st.integers(1, 9), st.integers(1, 20), st.integers(1, 9))


@given(shapes, st.lists(st.integers(1, 29), max_size=6))
def test_the_blocks_of_a_window_are_its_rows(shape: tuple[int, int, int, int], begins: list[int]) -> None:
    tokens, streams, window, workers = shape
    whole, shares = readers(
        held(tokens, tuple(sorted({0, *begins})) if begins else ()), streams, window, workers
    )
    assert isinstance(whole, Pieces) == bool(begins)
    for _ in range(2 * whole.per_epoch):
        expected, read = whole.next(), [share.next() for share in shares]
        for name in ("ids", "weights", "fresh"):
            rows = np.concatenate([getattr(each, name) for each in read])
            np.testing.assert_array_equal(rows, getattr(expected, name), err_msg=name)
        assert {each.predictions for each in read} == {expected.predictions}
        assert expected.elsewhere == 0
        assert {share.cursor for share in shares} == {whole.cursor}


def test_of_other_streams_no_token_is_read() -> None:
    file = held(100)
    object.__setattr__(file, "read", [])
    reader = windows_of(file, 4, 10).narrowed((1, 3))
    for _ in range(reader.per_epoch):
        reader.next()
    firsts, lasts = np.transpose(file.read)
    assert (firsts.min(), lasts.max()) == (24, 75)
