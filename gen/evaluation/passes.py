"""A full pass: every token of a part predicted once; a text in contiguous streams, music piece by piece.

Each stream and each piece starts fresh. The first token of a text, and of every piece, has nothing before it
and is not predicted.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gen.dataset.pieces import windows_of
from gen.dataset.token_file import TokenFile
from gen.dataset.windows import Window, Windows
from gen.model.backend import import_tensorflow
from gen.model.network import Network, State
from gen.model.parts import read_window
from gen.model.products import Tensor

tf = import_tensorflow()

MAX_STREAMS = 16
TOKENS_A_STREAM = 4096
WINDOW = 256


@dataclass(frozen=True)
class Score:
    """What a pass found.

    Attributes:
        tokens: Predictions made.
        nats: Their negative log likelihoods, summed.
    """

    tokens: int
    nats: float

    @property
    def nats_per_token(self) -> float:
        """The mean negative log likelihood."""
        return self.nats / self.tokens

    @property
    def bits_per_token(self) -> float:
        """The same in bits."""
        return self.nats_per_token / math.log(2)

    @property
    def perplexity(self) -> float:
        """How many equally likely tokens would be as hard to guess."""
        return math.exp(min(self.nats_per_token, 700.0))


def total(scores: Iterable[Score]) -> Score:
    """The score of all windows together."""
    tokens, nats = 0, 0.0
    for score in scores:
        tokens += score.tokens
        nats += score.nats
    return Score(tokens, nats)


class Evaluator:
    """Scores a network on ids.

    Args:
        network: The model; its variables are read at each pass.
        parts: Independent parts the batch is split into, one a core.
        share: Of so many streams, the first and the last (exclusive) that are read here; None reads all.
    """

    def __init__(
        self, network: Network, parts: int, share: Callable[[int], tuple[int, int]] | None = None
    ) -> None:
        self._network = network
        self._parts = parts
        self._share = share
        self._compiled = tf.function(self._read, autograph=False)

    def score(self, file: TokenFile, limit: int | None = None) -> Score:
        """A full pass over a file of ids, or over its first `limit` tokens.

        Raises:
            ValueError: There are fewer than two tokens.
        """
        return total(self.score_by_window(file, limit))

    def score_by_window(self, file: TokenFile, limit: int | None = None) -> Iterator[Score]:
        """The pass of `score` a window at a time, for those who show progress or may stop it."""
        windows = pass_windows(file, limit)
        if self._share is not None:
            windows = windows.narrowed(self._share(windows.streams))
        first, last = windows.block
        if first == last:  # fewer streams than there are to share them
            return
        state = self._network.initial_state(last - first)
        for window in windows.one_pass():
            nats, state = self._compiled(*tensors(window), state)
            yield Score(int(window.weights.sum()), float(nats))

    def _read(self, ids: Tensor, weights: Tensor, fresh: Tensor, state: State) -> tuple[Tensor, State]:
        reading = read_window(self._network, ids, weights, fresh, state, self._parts)
        return reading.nats, reading.state


def pass_windows(file: TokenFile, limit: int | None = None, window: int = WINDOW) -> Windows:
    """The windows of a full pass: over pieces one by one, over a text in contiguous streams.

    Of these there are as many as leave each at least `TOKENS_A_STREAM` tokens.

    Raises:
        ValueError: There are fewer than two tokens.
    """
    tokens = file.tokens if limit is None else min(limit, file.tokens)
    streams = min(MAX_STREAMS, file.pieces or max(1, tokens // TOKENS_A_STREAM))
    return windows_of(file, streams, min(window, max(1, tokens - 1)), limit=limit)


def tensors(window: Window) -> tuple[Tensor, Tensor, Tensor]:
    """A window's arrays for a compiled function."""
    return tf.constant(window.ids), tf.constant(window.weights), tf.constant(window.fresh)
