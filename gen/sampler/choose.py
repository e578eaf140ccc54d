"""From logits to the next id: temperature, the restrictions k, p and min-p, and one draw a stream.

Sources: top-k, Fan, Lewis and Dauphin, "Hierarchical Neural Story Generation" (2018); top-p, Holtzman et al.,
"The Curious Case of Neural Text Degeneration" (2020); min-p, Nguyen et al., "Turning Up the Heat" (2024).
They apply in this order to the distribution after the temperature; the likeliest id always stays.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# below it a difference of logits over the temperature could overflow; nothing but the likeliest comes anyway
_LEAST_TEMPERATURE = 1e-200


@dataclass(frozen=True)
class Choices:
    """How to choose.

    Attributes:
        temperature: At the first and at the last id, linear between them. Below 1 the likely becomes
            likelier, above 1 less so; at 0 the likeliest id is taken.
        top_k: Only the k likeliest ids may come.
        top_p: Only the fewest likeliest ids that have this share of the probability may come.
        min_p: Only ids at least this share as likely as the likeliest may come.

    Raises:
        ValueError: A number out of its range; the message names it.
    """

    temperature: tuple[float, float] = (1.0, 1.0)
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None

    def __post_init__(self) -> None:
        if not all(0 <= value < np.inf for value in self.temperature):
            raise ValueError(f"temperature is a number from 0 up, not {self.temperature}")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"top-k is a whole number from 1 up, not {self.top_k}")
        if self.top_p is not None and not 0 <= self.top_p <= 1:
            raise ValueError(f"top-p is a share from 0 to 1, not {self.top_p}")
        if self.min_p is not None and not 0 <= self.min_p <= 1:
            raise ValueError(f"min-p is a share from 0 to 1, not {self.min_p}")

    @property
    def steady(self) -> bool:
        """Whether the temperature stays the same over a text."""
        first, last = self.temperature
        return first == last

    def temperature_at(self, progress: NDArray[np.float64]) -> NDArray[np.float64]:
        """The temperatures where shares `progress` (0 to 1) of the texts are written."""
        first, last = self.temperature
        temperatures: NDArray[np.float64] = first + (last - first) * np.minimum(1.0, progress)
        return temperatures


def probabilities(
    logits: NDArray[np.floating], temperature: float | NDArray[np.float64], choices: Choices
) -> NDArray[np.float64]:
    """The distribution that ids are drawn from.

    Shapes:
        logits and result: `(N, V)`. A logit of minus infinity is an id that may not come; each row has
        at least one that may. Rows are not normalised: the likeliest id of each has 1.
        temperature: one for all rows, or `(N,)`.
    """
    # with one stream the calls are what costs, not the numbers: few of them, and none that wraps another
    likeliest = np.maximum.reduce(logits, axis=1, keepdims=True)
    p: NDArray[np.float64] = np.subtract(logits, likeliest, dtype=np.float64)
    if isinstance(temperature, int | float):
        p /= max(temperature, _LEAST_TEMPERATURE)
        some_at_0 = temperature == 0
    else:
        p /= np.maximum(temperature, _LEAST_TEMPERATURE)[:, None]
        some_at_0 = not temperature.all()
    np.exp(p, out=p)
    if some_at_0:  # of equals only the first may come
        coldest = np.broadcast_to(np.equal(temperature, 0), len(p))
        p[coldest] = np.arange(p.shape[1]) == p[coldest].argmax(axis=1)[:, None]
    if choices.top_k is not None and choices.top_k < p.shape[1]:
        p = _keep_ranked(p, np.arange(p.shape[1]) < choices.top_k)
    if choices.top_p is not None and choices.top_p < 1:
        ranked = -np.sort(-p, axis=1)
        before = np.cumsum(ranked, axis=1) - ranked
        keep = before < choices.top_p * ranked.sum(axis=1, keepdims=True)
        keep[:, 0] = True
        p = _keep_ranked(p, keep)
    if choices.min_p is not None:
        p[p < choices.min_p] = 0
    return p


def draw(p: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.int32]:
    """One id a row, by inversion.

    Shapes:
        p: `(N, V)`, each row a distribution, not necessarily normalised.
        uniform: `(N,)`, draws from [0, 1).
    """
    cumulative = np.add.accumulate(p, axis=1)
    # targets lie in (0, sum]: an id of probability 0 has an empty interval, and no target is past the end
    targets = (1 - uniform[:, None]) * cumulative[:, -1:]
    ids: NDArray[np.int32] = (cumulative >= targets).argmax(axis=1).astype(np.int32)
    return ids


def _keep_ranked(p: NDArray[np.float64], keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    """`p` with zero where the id's rank, the likeliest first, is not kept; the lower id wins a tie."""
    order = np.argsort(-p, axis=1, kind="stable")
    kept = np.zeros(p.shape, bool)
    np.put_along_axis(kept, order, np.broadcast_to(keep, p.shape), axis=1)
    return np.where(kept, p, 0)
