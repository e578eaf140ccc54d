"""Windows of N parallel streams over ids: what training and evaluation read.

The whole state of a reader is its cursor, two integers, so a resumed run goes on at the very token.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gen.config import JsonFields
from gen.dataset.sharded import OpenShards
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
        self._open()

    def narrowed(self, block: tuple[int, int]) -> Self:
        """This reader, reading only a block of the streams; what is in them stays the same."""
        self.block = block
        return self

    @property
    @abstractmethod
    def per_epoch(self) -> int:
        """Windows in the pass that the cursor is in."""

    def next(self) -> Window:
        """The window at the cursor, which moves on; after the last of an epoch the next epoch begins.

        Its rows are the streams of the block.
        """
        if self._windows_since_map == _WINDOWS_PER_MAP or self._epoch_open != self.cursor.epoch:
            # pages that were read stay resident as long as their map does
            self._open()
        self._windows_since_map += 1
        first, last = self.block
        ids = np.zeros((last - first, self.window + 1), np.int32)
        weights = np.zeros((last - first, self.window), np.float32)
        fresh = np.zeros(last - first, bool)
        elsewhere = 0
        for stream in range(self.streams):
            begin, end, is_fresh = self._span(stream)
            predictions = max(0, end - begin - 1)
            if not first <= stream < last:
                elsewhere += predictions  # known from where it lies: not a token of it is read
                continue
            row = stream - first
            ids[row, : end - begin] = self._learned(stream, self._ids[begin:end])
            weights[row, :predictions] = 1
            fresh[row] = is_fresh
        position = self.cursor.position + self.window
        if self._goes_on(position):
            self.cursor = Cursor(self.cursor.epoch, position)
        else:
            self.cursor = Cursor(self.cursor.epoch + 1, 0)
        return Window(ids, weights, fresh, elsewhere)

    def one_pass(self) -> Iterator[Window]:
        """The windows from the cursor to the end of its epoch."""
        epoch = self.cursor.epoch
        while self.cursor.epoch == epoch:
            yield self.next()

    def _open(self) -> None:
        self._epoch_open = self.cursor.epoch
        self._ids = OpenShards(self._shards(self.cursor.epoch))
        self._windows_since_map = 0

    def _shards(self, epoch: int) -> Iterable[TokenFile]:  # noqa: ARG002 - here they are always the same
        """The shards in the order in which their ids follow each other in an epoch."""
        return self._file.shards

    @abstractmethod
    def _goes_on(self, position: int) -> bool:
        """Whether any stream has something to read at a time step of the cursor's epoch."""

    @abstractmethod
    def _span(self, stream: int) -> tuple[int, int, bool]:
        """Where the ids begin and end that a stream reads, T + 1 at most, and whether its state is fresh."""

    def _learned(self, stream: int, read: NDArray[Any]) -> NDArray[Any]:  # noqa: ARG002 - for those below
        """What a stream learns of the ids it reads at the cursor: these, unless the pass says otherwise."""
        return read


class Contiguous(Windows):
    """N contiguous streams over one long text; each token but the first is predicted once an epoch.

    A text in shards is as long as they are together. State is carried from one to the next, as it is from
    file to file of a corpus.

    Args:
        file: The ids.
        streams: N, at most `file.tokens - 1`.
        window: T.
        seed: Decides, with the epoch, the order of the shards; None reads them as they come.
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
        seed: int | None = None,
        limit: int | None = None,
        cursor: Cursor | None = None,
    ) -> None:
        tokens = file.tokens if limit is None else min(limit, file.tokens)
        if not 1 <= streams <= tokens - 1:
            raise ValueError(f"{streams} streams over {tokens} tokens: at least one prediction each")
        self._seed = seed
        super().__init__(file, streams, window, cursor)
        self._bounds: list[int] = np.linspace(0, tokens - 1, streams + 1).astype(np.int64).tolist()
        self._longest = int(np.diff(self._bounds).max())

    @property
    def per_epoch(self) -> int:
        """See `Windows.per_epoch`."""
        return -(-self._longest // self.window)

    def _shards(self, epoch: int) -> Iterable[TokenFile]:
        shards = self._file.shards
        if self._seed is None:
            return shards
        return [shards[number] for number in generator_of(self._seed, epoch).permutation(len(shards))]

    def _goes_on(self, position: int) -> bool:
        return position < self._longest

    def _span(self, stream: int) -> tuple[int, int, bool]:
        position = self.cursor.position
        last = self._bounds[stream + 1]
        first = min(self._bounds[stream] + position, last + 1)
        return first, min(first + self.window, last) + 1, position == 0


def generator_of(seed: int, epoch: int) -> np.random.Generator:
    """Where an epoch's order comes from: first that of its shards, of which a single one needs no draw."""
    return np.random.default_rng((seed, epoch))
