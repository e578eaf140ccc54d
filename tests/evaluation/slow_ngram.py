"""Interpolated modified Kneser-Ney in dictionaries, written from the equations, one n-gram at a time."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

Gram = tuple[int, ...]

BEGIN = -7  # before the first token of a piece
TOO_FEW = (0.5, 1.0, 1.5)


class SlowNGram:
    def __init__(self, pieces: Sequence[Sequence[int]], order: int, vocabulary_size: int) -> None:
        self.order = order
        self.vocabulary_size = vocabulary_size
        self.counts = {length: self._adjusted(pieces, length) for length in range(1, order + 1)}
        self.discounts = {length: self._discounts(counts) for length, counts in self.counts.items()}
        self.followers: dict[Gram, dict[int, int]] = defaultdict(dict)
        for counts in self.counts.values():
            for gram, count in counts.items():
                self.followers[gram[:-1]][gram[-1]] = count

    def _adjusted(self, pieces: Sequence[Sequence[int]], length: int) -> dict[Gram, int]:
        occurrences: Counter[Gram] = Counter()
        before: dict[Gram, set[int]] = defaultdict(set)
        for piece in pieces:
            tokens = (BEGIN, *piece)
            for first in range(len(tokens) - length + 1):
                gram = tokens[first : first + length]
                if gram == (BEGIN,):
                    continue
                occurrences[gram] += 1
                if first:
                    before[gram].add(tokens[first - 1])
        if length == self.order:
            return dict(occurrences)
        return {
            gram: number if gram[0] == BEGIN else len(before[gram]) for gram, number in occurrences.items()
        }

    def _discounts(self, counts: dict[Gram, int]) -> tuple[float, ...]:
        n = Counter(counts.values())
        if not (n[1] and n[2] and n[3]):
            return TOO_FEW
        y = n[1] / (n[1] + 2 * n[2])
        found = tuple(k - (k + 1) * y * n[k + 1] / n[k] for k in (1, 2, 3))
        return found if all(0 < each <= k for k, each in zip((1, 2, 3), found, strict=True)) else TOO_FEW

    def probability(self, context: Sequence[int], token: int) -> float:
        """Of a token after all that stands before it in its piece; `BEGIN` included."""
        return self._probability(tuple(context)[-(self.order - 1) :] if self.order > 1 else (), token)

    def _probability(self, context: Gram, token: int) -> float:
        shorter = self._probability(context[1:], token) if context else 1 / self.vocabulary_size
        followers = self.followers.get(context)
        if not followers:
            return shorter
        discounts = self.discounts[len(context) + 1]
        total = sum(followers.values())
        taken = {follower: discounts[min(count, 3) - 1] for follower, count in followers.items()}
        share = (followers[token] - taken[token]) / total if token in followers else 0.0
        return share + sum(taken.values()) / total * shorter


def cut(ids: Sequence[int], begins: Sequence[int]) -> list[Sequence[int]]:
    return [ids[first:last] for first, last in pairwise([*begins, len(ids)])]
