"""An n-gram with interpolated modified Kneser-Ney smoothing: what counting alone can predict.

Source: Chen and Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling" (1999):

    P(w | c) = (a(c w) - D(a(c w))) / a(c ·) + leftover(c) P(w | c without its first token)

`a` of an n-gram of the full order is how often it occurs, of a shorter one after how many different tokens.
The discounts D come from how many n-grams have an `a` of 1 to 4; `leftover` is the share of a context's
counts that they free; below single tokens lies the uniform distribution. What begins a piece stands after
nothing, so there an n-gram counts as often as it occurs: Heafield, Pouzyrevsky, Clark and Koehn, "Scalable
Modified Kneser-Ney Language Model Estimation" (2013), on adjusted counts.

The n-grams of k tokens are one sorted array, and each is known by its place in it. Its key is a whole number:
the place of its first k - 1 tokens, and its last token. So nothing is hashed, and no vocabulary is too large.
Each order costs a sort.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.dataset.windows import Window

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_ABSENT = -1
# for orders with too few n-grams to estimate them
_DISCOUNTS = (0.0, 0.5, 1.0, 1.5)


@dataclass(frozen=True)
class _Order:
    """The n-grams of one length.

    The last entries of `shares` and of `leftovers`, which `_ABSENT` finds, are for what never occurred.

    Shapes (M n-grams, L of them one token shorter):
        keys: `(M,)`, ascending: the place of the context times the base, plus the last token.
        shares: `(M + 1,)`, the first term of the equation.
        leftovers: `(L + 1,)` by the place of the context, the factor of the second.
    """

    keys: Ints
    shares: Floats
    leftovers: Floats

    def find(self, keys: Ints) -> Ints:
        """The places of n-grams, or `_ABSENT`."""
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, _ABSENT)


class NGram:
    """The distribution of the next token after the last few.

    Args:
        ids: What to learn from, piece after piece.
        begins: Where the pieces begin; no n-gram reaches from one into the next.
        order: How many tokens an n-gram has.
        vocabulary_size: V; `ids` are below it.

    Raises:
        ValueError: There is nothing to learn, or the order is below 1.
    """

    def __init__(self, ids: NDArray[Any], begins: Ints, order: int, vocabulary_size: int) -> None:
        if order < 1 or not len(ids):
            raise ValueError(f"an n-gram of order {order} from {len(ids)} tokens")
        self.order = order
        self.vocabulary_size = vocabulary_size
        self._begin = vocabulary_size  # what stands before the first token of a piece
        self._base = vocabulary_size + 1
        self._orders = self._learned(np.insert(ids.astype(np.int64), begins, self._begin))

    def _learned(self, tokens: Ints) -> list[_Order]:
        positions = np.arange(len(tokens))
        depths = positions - np.maximum.accumulate(np.where(tokens == self._begin, positions, 0))
        longest = min(self.order, 1 + int(depths.max()))  # where pieces are shorter, nothing longer occurs
        ends = positions  # where n-grams of the length at hand end
        keys, places = np.arange(self._base), tokens
        orders = []
        contexts = 1
        for length in range(1, longest):
            ends = ends[depths[ends] >= length]
            longer, first, longer_places = _distinct(places[ends - 1] * self._base + tokens[ends])
            # one for each different token before it, and one for each time that it begins a piece
            counts = np.bincount(places[ends[first]], minlength=len(keys))
            if length > 1:
                counts += np.bincount(places[depths == length - 1], minlength=len(keys))
            orders.append(self._smoothed(keys, counts, contexts))
            contexts = len(keys)
            keys, places = longer, np.full(len(tokens), _ABSENT)
            places[ends] = longer_places
        occurring = places[depths >= max(1, longest - 1)]
        return [*orders, self._smoothed(keys, np.bincount(occurring, minlength=len(keys)), contexts)]

    def _smoothed(self, keys: Ints, counts: Ints, contexts: int) -> _Order:
        discounts = _discounts(counts)[np.minimum(counts, 3)]
        parents = keys // self._base
        totals = np.bincount(parents, counts, contexts)
        shares = (counts - discounts) / totals[parents]
        taken = np.bincount(parents, discounts, contexts)
        leftovers = np.divide(taken, totals, out=np.ones(contexts), where=totals > 0)
        return _Order(keys, np.append(shares, 0.0), np.append(leftovers, 1.0))

    def probabilities(self, ids: Ints) -> Floats:
        """How likely each token is after those to the left of it.

        Shapes:
            ids: `(N, T)`; V before what begins a piece, -1 where nothing is known.
            returns: `(N, T)`; what it holds for a V or a -1 means nothing.
        """
        likely = np.full(ids.shape, 1 / self.vocabulary_size)
        contexts = np.zeros_like(ids)
        for order in self._orders:
            places = order.find(contexts * self._base + ids)
            likely = order.shares[places] + order.leftovers[contexts] * likely
            contexts = np.full_like(ids, _ABSENT)
            contexts[:, 1:] = places[:, :-1]
        return likely

    def nats_by_window(self, windows: Iterable[Window]) -> Iterator[tuple[int, float]]:
        """Read the windows of a pass: of each, how many predictions count, and their nats, summed."""
        before: Ints | None = None
        for window in windows:
            streams, steps = window.weights.shape
            if before is None:
                before = np.full((streams, self.order), _ABSENT)
            before[window.fresh, -1] = self._begin  # which no n-gram reaches across
            read = np.concatenate([before, window.ids], axis=1)
            counting = window.weights > 0
            likely = self.probabilities(read)[:, -steps:][counting]
            yield int(counting.sum()), -float(np.log(likely).sum())
            before = read[:, steps : steps + self.order]


def _distinct(keys: Ints) -> tuple[Ints, Ints, Ints]:
    """The distinct keys, ascending; where each occurs, once; and for every key its place among them."""
    order = np.argsort(keys)
    ascending = keys[order]
    is_new = np.ones(len(keys), bool)
    is_new[1:] = ascending[1:] != ascending[:-1]
    places = np.empty(len(keys), np.int64)
    places[order] = np.cumsum(is_new) - 1
    return ascending[is_new], order[is_new], places


def _discounts(counts: Ints) -> Floats:
    """What is taken from a count of 0, 1, 2, and 3 or more."""
    n1, n2, n3, n4 = (int(np.count_nonzero(counts == count)) for count in (1, 2, 3, 4))
    if not (n1 and n2 and n3):
        return np.array(_DISCOUNTS)
    y = n1 / (n1 + 2 * n2)
    estimated = np.array([0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
    # a discount of nothing would leave what is new after some contexts impossible
    return estimated if np.all(estimated[1:] > 0) else np.array(_DISCOUNTS)
