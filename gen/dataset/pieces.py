"""Windows over a corpus of pieces: each is read from its beginning, from a fresh state, by one stream.

A stream takes the next piece as soon as it has read its own to the end. Which piece that is follows from the
seed and the epoch alone, so here too a reader's whole state is its cursor.
"""

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.dataset.token_file import TokenFile
from gen.dataset.windows import Contiguous, Cursor, Windows


class Pieces(Windows):
    """N streams that read piece after piece, each piece from a window's beginning, once an epoch.

    Args:
        file: The ids, with pieces.
        streams: N.
        window: T.
        seed: Decides, with the epoch, the order and each piece's variant; None reads every piece as it is,
            the longest first, which leaves streams idle least.
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
        super().__init__(file, streams, window, cursor)
        self._begins, self._ends = file.bounds(limit)
        self._variant_bounds = file.piece_table()[: len(self._begins), 1:]
        # a piece of one token has nothing to predict, and takes a window all the same
        self._windows_needed = np.maximum(1, -(-(self._ends - self._begins - 1) // window))
        self._seed = seed
        self._variants = variants
        self._arrange(self.cursor.epoch)

    def _arrange(self, epoch: int) -> None:
        """Give the pieces of an epoch out to the streams."""
        self._arranged = epoch
        if self._seed is None:
            order = np.argsort(-self._windows_needed, kind="stable")
        else:
            generator = np.random.default_rng((self._seed, epoch))
            order = generator.permutation(len(self._begins))
            first, last = self._variant_bounds.T
            drawn = generator.random(len(order))
            self._variant = first + np.floor(drawn * (last - first + 1)).astype(np.int64)
        self._taken: list[tuple[list[int], list[int]]] = [([], []) for _ in range(self.streams)]
        free = [(0, stream) for stream in range(self.streams)]
        for piece in order.tolist():
            window, stream = free[0]
            starts, pieces = self._taken[stream]
            starts.append(window)
            pieces.append(piece)
            heapq.heapreplace(free, (window + int(self._windows_needed[piece]), stream))
        self._windows = max(window for window, _ in free)

    def _length(self) -> int:
        if self._arranged != self.cursor.epoch:
            self._arrange(self.cursor.epoch)
        return self._windows * self.window

    def _read(self, stream: int, ids: NDArray[Any]) -> tuple[NDArray[Any], bool]:
        if (place := self._place(stream)) is None:
            return ids[:0], True
        piece, offset = place
        first = self._begins[piece] + offset
        return ids[first : max(first, min(first + self.window + 1, self._ends[piece]))], offset == 0

    def _learned(self, stream: int, read: NDArray[Any]) -> NDArray[Any]:
        place = self._place(stream)
        if self._seed is None or self._variants is None or place is None:
            return read
        return np.asarray(self._variants[self._variant[place[0]]][read])

    def _place(self, stream: int) -> tuple[int, int] | None:
        """The piece that a stream reads at the cursor, and from where in it; None where it has none left."""
        self._length()
        window = self.cursor.position // self.window
        starts, pieces = self._taken[stream]
        taken = int(np.searchsorted(starts, window, "right")) - 1
        if taken < 0:  # more streams than pieces
            return None
        return pieces[taken], (window - starts[taken]) * self.window


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
    """The reader that suits a file; see `Contiguous`, which needs no seed, and `Pieces`."""
    if file.pieces:
        return Pieces(file, streams, window, seed=seed, variants=variants, limit=limit, cursor=cursor)
    return Contiguous(file, streams, window, limit=limit, cursor=cursor)
