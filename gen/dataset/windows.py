"""Windows of N parallel streams over ids: what training and evaluation read.

The whole state of a reader is its cursor, two integers, so a resumed run goes on at the very token.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gen.config import JsonFields
from gen.dataset.token_file import TokenFile

_WINDOWS_PER_MAP = 64


@dataclass(frozen=True)
class Window:
    """One training example a stream.

    Shapes:
        ids: `(N, T + 1)` int32; time step t reads `ids[:, t]` and is to predict `ids[:, t + 1]`.
        weights: `(N, T)` float32; 1 where a prediction counts, 0 on padding.
        fresh: `(N,)` bool; where true, the stream's state is cleared before the window.

    Attributes:
        elsewhere: Predictions that count in the streams of other readers, who share the window with this one.
    """

    ids: NDArray[np.int32]
    weights: NDArray[np.float32]
    fresh: NDArray[np.bool_]
    elsewhere: int = 0

    @property
    def predictions(self) -> int:
        """Predictions that count, in the streams of all readers."""
        return int(self.weights.sum()) + self.elsewhere


@dataclass(frozen=True)
class Cursor(JsonFields):
    """Where the next window begins: passes over the part done, and the time step within each stream."""

    epoch: int = 0
    position: int = 0


class Windows(ABC):
    """A reader of windows.

    Attributes:
        streams: N.
        window: T.
        cursor: Where the next window begins.
        block: The first and the last (exclusive) of the streams that are read here; all unless `narrowed`.
    """

    def __init__(self, file: TokenFile, streams: int, window: int, cursor: Cursor | None) -> None:
        self.streams = streams
        self.window = window
        self.cursor = cursor or Cursor()
        self.block = (0, streams)
        self._file = file
        self._ids = file.map()
        self._windows_since_map = 0

    def narrowed(self, block: tuple[int, int]) -> Self:
        """This reader, reading only a block of the streams; what is in them stays the same."""
        self.block = block
        return self

    @property
    def per_epoch(self) -> int:
        """Windows in the pass that the cursor is in."""
        return -(-self._length() // self.window)

    def next(self) -> Window:
        """The window at the cursor, which moves on; after the last of an epoch the next epoch begins.

        Its rows are the streams of the block.
        """
        if self._windows_since_map == _WINDOWS_PER_MAP:
            # pages that were read stay resident as long as their map does
            self._ids = self._file.map()
            self._windows_since_map = 0
        self._windows_since_map += 1
        begin, end = self.block
        ids = np.zeros((end - begin, self.window + 1), np.int32)
        weights = np.zeros((end - begin, self.window), np.float32)
        fresh = np.zeros(end - begin, bool)
        elsewhere = 0
        for stream in range(self.streams):
            piece, is_fresh = self._read(stream, self._ids)
            predictions = max(0, len(piece) - 1)
            if not begin <= stream < end:
                elsewhere += predictions  # known from where it lies: not a token of it is read
                continue
            row = stream - begin
            ids[row, : len(piece)] = self._learned(stream, piece)
            weights[row, :predictions] = 1
            fresh[row] = is_fresh
        position = self.cursor.position + self.window
        if position < self._length():
            self.cursor = Cursor(self.cursor.epoch, position)
        else:
            self.cursor = Cursor(self.cursor.epoch + 1, 0)
        return Window(ids, weights, fresh, elsewhere)

    def one_pass(self) -> Iterator[Window]:
        """The windows from the cursor to the end of its epoch."""
        epoch = self.cursor.epoch
        while self.cursor.epoch == epoch:
            yield self.next()

    @abstractmethod
    def _length(self) -> int:
        """Time steps of the longest stream in the cursor's epoch."""

    @abstractmethod
    def _read(self, stream: int, ids: NDArray[Any]) -> tuple[NDArray[Any], bool]:
        """What a stream reads at the cursor, at most T + 1 ids as they lie, and whether its state is fresh.

        This must not touch the ids: other readers may have that stream.
        """

    def _learned(self, stream: int, read: NDArray[Any]) -> NDArray[Any]:  # noqa: ARG002 - for those below
        """What a stream learns of what it reads at the cursor: the same, unless the pass says otherwise."""
        return read


class Contiguous(Windows):
    """N contiguous streams over one long text; each token but the first is predicted once an epoch.

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
        tokens = file.tokens if limit is None else min(limit, file.tokens)
        if not 1 <= streams <= tokens - 1:
            raise ValueError(f"{streams} streams over {tokens} tokens: at least one prediction each")
        super().__init__(file, streams, window, cursor)
        self._bounds = np.linspace(0, tokens - 1, streams + 1).astype(np.int64)
        self._longest = int(np.diff(self._bounds).max())

    def _length(self) -> int:
        return self._longest

    def _read(self, stream: int, ids: NDArray[Any]) -> tuple[NDArray[Any], bool]:
        position = self.cursor.position
        first, last = self._bounds[stream] + position, self._bounds[stream + 1]
        return ids[first : min(first + self.window, last) + 1], position == 0
