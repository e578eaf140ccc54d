"""The suffixes of a sequence in order, and how much neighbours have in common."""

import numpy as np
from numpy.typing import NDArray

Symbols = NDArray[np.uint32]


def suffix_order(symbols: Symbols) -> NDArray[np.int64]:
    """Where the suffixes begin, the least first; one that begins another is less.

    Prefixes of 1, 2, 4, … symbols are ranked, each by the two of half its length: Manber and Myers, "Suffix
    arrays: a new method for on-line string searches" (1993).
    """
    length = len(symbols)
    rank = np.unique(symbols, return_inverse=True)[1].astype(np.int64)
    step = 1
    while True:
        following = np.zeros(length, np.int64)
        following[: max(0, length - step)] = rank[step:] + 1
        key = rank * (length + 1) + following
        order = np.argsort(key, kind="stable")
        rank[order] = np.cumsum(np.diff(key[order], prepend=key[order[:1]]) != 0)
        if length == 0 or rank[order[-1]] == length - 1:
            return order
        step *= 2


def common_prefixes(symbols: Symbols, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many symbols each suffix, in order, has in common with the one before it; 0 for the first.

    Kasai and others, "Linear-time longest-common-prefix computation in suffix arrays and its
    applications" (2001).
    """
    values, places = symbols.tolist(), order.tolist()
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    found = np.zeros(len(order), np.int64)
    common = 0
    for start, rank in enumerate(ranks.tolist()):
        if rank == 0:
            common = 0
            continue
        before = places[rank - 1]
        most = len(values) - max(start, before)
        while common < most and values[start + common] == values[before + common]:
            common += 1
        found[rank] = common
        common = max(0, common - 1)
    return found
