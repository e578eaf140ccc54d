"""Windows of N parallel streams over ids in a memory-mapped file.

The whole state of a reader is its cursor, two integers, so a resumed run goes on at the very token. Memory
does not grow with the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.config import JsonFields
from gen.errors import CorpusError

_WINDOWS_PER_MAP = 64


@dataclass(frozen=True)
class TokenFile:
    """The ids of one part of a corpus, little-endian, in the smallest dtype that holds the vocabulary."""

    path: Path
    tokens: int
    dtype: str

    def map(self) -> NDArray[Any]:
        """The ids as a read-only memory map."""
        return np.memmap(self.path, self.dtype, "r", shape=(self.tokens,))


@dataclass(frozen=True)
class Window:
    """One training example a stream.

    Shapes:
        ids: `(N, T + 1)` int32; time step t reads `ids[:, t]` and is to predict `ids[:, t + 1]`.
        weights: `(N, T)` float32; 1 where a prediction counts, 0 on padding.
        fresh: `(N,)` bool; where true, the stream's state is cleared before the window.
    """

    ids: NDArray[np.int32]
    weights: NDArray[np.float32]
    fresh: NDArray[np.bool_]


@dataclass(frozen=True)
class Cursor(JsonFields):
    """Where the next window begins: passes over the part done, and the time step within each stream."""

    epoch: int = 0
    position: int = 0


class Windows:
    """N parallel contiguous streams over a part; each token but the first is predicted once an epoch.

    Args:
        file: The ids.
        streams: N, at most `file.tokens - 1`.
        window: T.
        limit: Read only this many tokens, from the beginning.
        cursor: Where to go on.

    Raises:
        ValueError: There are fewer than two tokens, or fewer predictions than streams.
    """

    def __init__(
        self,
        file: TokenFile,
        streams: int,
        window: int,
        *,
        limit: int | None = None,
        cursor: Cursor | None = None,
    ) -> None:
        self.tokens = file.tokens if limit is None else min(limit, file.tokens)
        if not 1 <= streams <= self.tokens - 1:
            raise ValueError(f"{streams} streams over {self.tokens} tokens: at least one prediction each")
        self.streams = streams
        self.window = window
        self.cursor = cursor or Cursor()
        self._file = file
        self._bounds = np.linspace(0, self.tokens - 1, streams + 1).astype(np.int64)
        self._longest = int(np.diff(self._bounds).max())
        self._ids = file.map()
        self._windows_since_map = 0

    @property
    def per_epoch(self) -> int:
        """Windows in one pass."""
        return -(-self._longest // self.window)

    def next(self) -> Window:
        """The window at the cursor, which moves on; after the last of an epoch the next epoch begins."""
        if self._windows_since_map == _WINDOWS_PER_MAP:
            # pages that were read stay resident as long as their map does
            self._ids = self._file.map()
            self._windows_since_map = 0
        self._windows_since_map += 1
        position = self.cursor.position
        ids = np.zeros((self.streams, self.window + 1), np.int32)
        weights = np.zeros((self.streams, self.window), np.float32)
        for stream, (first, last) in enumerate(zip(self._bounds[:-1], self._bounds[1:], strict=True)):
            piece = self._ids[first + position : min(first + position + self.window, last) + 1]
            ids[stream, : len(piece)] = piece
            weights[stream, : max(0, len(piece) - 1)] = 1
        fresh = np.full(self.streams, position == 0)
        position += self.window
        if position < self._longest:
            self.cursor = Cursor(self.cursor.epoch, position)
        else:
            self.cursor = Cursor(self.cursor.epoch + 1, 0)
        return Window(ids, weights, fresh)

    def one_pass(self) -> Iterator[Window]:
        """The windows from the cursor to the end of its epoch."""
        epoch = self.cursor.epoch
        while self.cursor.epoch == epoch:
            yield self.next()


def fit_streams(tokens: int, streams: int, window: int) -> tuple[int, int]:
    """The largest N and T, at most those asked for, that give each stream a whole window.

    Raises:
        CorpusError: There is nothing to predict.
    """
    if tokens < 2:
        raise CorpusError(
            f"The part to train on has {tokens} tokens; nothing can be predicted from that.",
            "Give a corpus of at least a few thousand characters.",
        )
    window = min(window, tokens - 1)
    return min(streams, (tokens - 1) // window), window
