"""What a network knows after ids that it has read, so that it need not read the same beginning twice."""

import threading
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gen.sampler.forward import Array, State


class Known(NamedTuple):
    """What a network knows after it has read something, on one stream: the next logits, and its state."""

    logits: Array
    state: State


class Memory:
    """Of one network, after the prompts that it has read last; it may be asked from several threads.

    Reading on from what is known gives the very numbers that reading from the start gives.

    Args:
        most: How many prompts are remembered.
    """

    def __init__(self, most: int = 32) -> None:
        self._most = most
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, ids: NDArray[np.int32]) -> tuple[int, Known | None]:
        """How many of the first ids have been read, as far as is remembered, and what is known after them."""
        wanted = ids.astype("<i4").tobytes()
        with self._lock:
            found = max((read for read in self._known if wanted.startswith(read)), key=len, default=None)
            if found is None:
                return 0, None
            self._known.move_to_end(found)
            return len(found) // 4, self._known[found]

    def keep(self, ids: NDArray[np.int32], known: Known) -> None:
        """Remember what is known after ids."""
        read = ids.astype("<i4").tobytes()
        with self._lock:
            self._known[read] = known
            self._known.move_to_end(read)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
