"""How often what occurs, in an output and in the corpus, and how far the two are apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Histogram:
    """The counts of one thing.

    Attributes:
        name: What is counted, in the plural: `lengths of words`.
        unit: What the labels say; empty where they say what they are.
        labels: What each count is of.
        output: Counts in the output.
        corpus: Counts in the corpus; None where it is not there.
        distance: Total variation between the two, over all values, shown or not; None without a corpus.
        held_out_distance: That between as much of the part held out and the corpus: how near the corpus
            comes to itself; None where there is none.
    """

    name: str
    unit: str
    labels: tuple[str, ...]
    output: tuple[int, ...]
    corpus: tuple[int, ...] | None = None
    distance: float | None = None
    held_out_distance: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As `gen report --json` has it."""
        return {
            "unit": self.unit,
            "labels": list(self.labels),
            "output": list(self.output),
            "corpus": None if self.corpus is None else list(self.corpus),
            "total_variation": self.distance,
            "total_variation_held_out": self.held_out_distance,
        }


def total_variation(one: ArrayLike, other: ArrayLike) -> float:
    """Half the sum of the differences of the shares: 0 where histograms are alike, 1 with nothing in common.

    Where one of them has nothing in it, it is 1, where both have, 0.
    """
    first, second = np.asarray(one, np.float64), np.asarray(other, np.float64)
    sums = first.sum(), second.sum()
    if not all(sums):
        return float(any(sums))
    return float(np.abs(first / sums[0] - second / sums[1]).sum() / 2)


def histogram(
    name: str,
    unit: str,
    labels: Sequence[str],
    output: ArrayLike,
    corpus: ArrayLike | None,
    held_out: ArrayLike | None,
    shown: ArrayLike | None = None,
) -> Histogram:
    """A histogram from counts of all values; what never occurs is not shown at its end.

    Args:
        name: What is counted.
        unit: What the labels say.
        labels: Of the values that are shown one by one.
        output: Counts, `(n,)`.
        corpus: Counts, `(n,)`, if there is a corpus.
        held_out: Counts, `(n,)`, of a part held out, if there is one.
        shown: Which values are shown, in this order; the others stand together as `others`. None for all.
    """

    def picked(counts: ArrayLike) -> list[int]:
        every = np.asarray(counts, np.int64)
        if shown is None:
            return [int(count) for count in every]
        kept = every[np.asarray(shown, np.int64)]
        return [*kept.tolist(), int(every.sum() - kept.sum())]

    words = tuple(labels) if shown is None else (*labels, "others")
    ours, theirs = picked(output), None if corpus is None else picked(corpus)
    occurs = [place for place in range(len(words)) if ours[place] or (theirs and theirs[place])]
    end = max(occurs, default=0) + 1
    if corpus is None or theirs is None:
        return Histogram(name, unit, words[:end], tuple(ours[:end]))
    near = None if held_out is None else total_variation(held_out, corpus)
    distance = total_variation(output, corpus)
    return Histogram(name, unit, words[:end], tuple(ours[:end]), tuple(theirs[:end]), distance, near)
