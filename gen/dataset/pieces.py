"""Windows over a corpus of pieces: each is read from its beginning, from a fresh state, by one stream.

A stream takes the next piece as soon as it has read its own to the end. Which piece that is follows from the
seed and the epoch alone, so here too a reader's whole state is its cursor. Pieces are drawn shard by shard,
with the table of one shard in memory at a time.
"""

import heapq
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gen.dataset.token_file import TokenFile
from gen.dataset.windows import Contiguous, Cursor, Windows, generator_of


class _Piece(NamedTuple):
    """A piece to be read: where its ids are, the variant it is read in, how many windows it takes."""

    begin: int
    end: int
    variant: int
    windows: int


class Pieces(Windows):
    """N streams that read piece after piece, each piece from a window's beginning, once an epoch.

    Args:
        file: The ids, with pieces.
        streams: N.
        window: T.
        seed: Decides, with the epoch, the order of the shards, that of the pieces in each, and each piece's
            variant; None reads every piece as it is, of each shard the longest first, which leaves streams
            idle least.
        variants: `Tokenizer.variants`; needed with a seed.
        limit: Read only the first pieces that have this many tokens together, and one at least.
        cursor: Where to go on.

    Raises:
        ValueError: There are no pieces, or no streams.
    """

    def __init__(
        self,
        file: TokenFile,
        streams: int,
        window: int,
        *,
        seed: int | None = None,
        variants: NDArray[np.int32] | None = None,
        limit: int | None = None,
        cursor: Cursor | None = None,
    ) -> None:
        if not file.pieces or streams < 1:
            raise ValueError(f"{streams} streams over {file.pieces} pieces")
        self._seed = seed
        self._variants = variants
        self._most_pieces = file.pieces if limit is None else len(file.bounds(limit)[0])
        super().__init__(file, streams, window, cursor)
        self._arrange()

    def _arrange(self) -> None:
        self._arranged = self.cursor.epoch
        self._round = _Round(self._drawn(self.cursor.epoch), self.streams)

    def _drawn(self, epoch: int) -> Iterator[_Piece]:
        """The pieces of an epoch in the order in which streams take them."""
        shards = self._file.shards
        firsts = np.cumsum([0, *(shard.tokens for shard in shards)]).tolist()
        left = np.clip(self._most_pieces - np.cumsum([0, *(shard.pieces for shard in shards)]), 0, None)
        generator = None if self._seed is None else generator_of(self._seed, epoch)
        numbers = range(len(shards)) if generator is None else generator.permutation(len(shards)).tolist()
        for number in numbers:
            begins, ends = (bounds[: left[number]] for bounds in shards[number].bounds())
            # a piece of one token has nothing to predict, and takes a window all the same
            windows = np.maximum(1, -(-(ends - begins - 1) // self.window))
            if generator is None:
                order = np.argsort(-windows, kind="stable")
                variants = np.zeros(len(order), np.int64)
            else:
                order = generator.permutation(len(begins))
                first, last = shards[number].piece_table()[: len(order), 1:].T
                drawn = generator.random(len(order))
                variants = first + np.floor(drawn * (last - first + 1)).astype(np.int64)
            columns = (begins + firsts[number], ends + firsts[number], variants, windows)
            for row in zip(*(column[order].tolist() for column in columns), strict=True):
                yield _Piece(*row)

    @property
    def per_epoch(self) -> int:
        """See `Windows.per_epoch`."""
        whole = _Round(self._drawn(self.cursor.epoch), self.streams)
        while whole.take_next():
            pass
        return whole.windows

    def _goes_on(self, position: int) -> bool:
        return self._round.goes_on(position // self.window)

    def _span(self, stream: int) -> tuple[int, int, bool]:
        if (taken := self._taken(stream)) is None:  # more streams than pieces
            return 0, 0, True
        start, piece = taken
        window = self.cursor.position // self.window
        first = piece.begin + (window - start) * self.window
        return first, max(first, min(first + self.window + 1, piece.end)), window == start

    def _learned(self, stream: int, read: NDArray[Any]) -> NDArray[Any]:
        if self._seed is None or self._variants is None or (taken := self._taken(stream)) is None:
            return read
        return np.asarray(self._variants[taken[1].variant][read])

    def _taken(self, stream: int) -> tuple[int, _Piece] | None:
        """The piece that a stream reads at the cursor, and the window at which it began."""
        if self._arranged != self.cursor.epoch:
            self._arrange()
        return self._round.at(stream, self.cursor.position // self.window)


class _Round:
    """Pieces as they are given out to streams in an epoch, no further than anybody has looked.

    Attributes:
        windows: Up to where the pieces given out so far are read.
    """

    def __init__(self, pieces: Iterator[_Piece], streams: int) -> None:
        self._pieces = pieces
        self._waiting = next(pieces, None)
        self._free = [(0, stream) for stream in range(streams)]
        self._taken: list[tuple[int, _Piece] | None] = [None] * streams
        self.windows = 0

    def at(self, stream: int, window: int) -> tuple[int, _Piece] | None:
        """What a stream reads at a window, and at which it began; windows are asked for in order."""
        while self._free[0][0] <= window and self.take_next():
            pass
        return self._taken[stream]

    def goes_on(self, window: int) -> bool:
        """Whether anything is read at a window, that after the last one asked for."""
        return self._waiting is not None or window < self.windows

    def take_next(self) -> bool:
        """Give the next piece to the stream that is free first; False where there is none."""
        if self._waiting is None:
            return False
        start, stream = self._free[0]
        self._taken[stream] = (start, self._waiting)
        heapq.heapreplace(self._free, (start + self._waiting.windows, stream))
        self.windows = max(self.windows, start + self._waiting.windows)
        self._waiting = next(self._pieces, None)
        return True


def windows_of(
    file: TokenFile,
    streams: int,
    window: int,
    *,
    seed: int | None = None,
    variants: NDArray[np.int32] | None = None,
    limit: int | None = None,
    cursor: Cursor | None = None,
) -> Windows:
    """The reader that suits a file; see `Contiguous` and `Pieces`."""
    if file.pieces:
        return Pieces(file, streams, window, seed=seed, variants=variants, limit=limit, cursor=cursor)
    return Contiguous(file, streams, window, seed=seed, limit=limit, cursor=cursor)
