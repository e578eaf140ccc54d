"""Which units track what can be counted: Pearson's correlation of each unit's memory with each count.

    r = Σ (m_t - m̄)(c_t - c̄) / sqrt(Σ (m_t - m̄)² Σ (c_t - c̄)²)

with m_t = tanh(C_t), the memory as the cell puts it out, and c_t the count after token t. Where the count is
0 or 1 this is the point-biserial correlation.

Of hundreds of units some correlate with anything over a short text. So the first and the second half of the
text are correlated by themselves too: a unit that tracks a count does so in both.

Source: Pearson, "Notes on Regression and Inheritance in the Case of Two Parents" (1895); looking for units
that track quotes, lines and brackets is Karpathy, Johnson and Fei-Fei's, "Visualizing and Understanding
Recurrent Networks" (2015).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BEST = 5


@dataclass(frozen=True)
class Tracking:
    """How the units of a layer follow one count.

    Attributes:
        r: `(H,)`, the correlation of each unit over the whole; 0 for a unit that does not move.
        first_half: `(H,)`, over the first half alone; None where the count does not change in it.
        second_half: `(H,)`, the same of the second half.
    """

    r: NDArray[np.float64]
    first_half: NDArray[np.float64] | None
    second_half: NDArray[np.float64] | None

    def best(self, number: int = BEST) -> list[int]:
        """The units that follow it most closely, up or down, the closest first."""
        ranked: list[int] = np.argsort(-np.abs(self.r), kind="stable")[:number].tolist()
        return ranked


def track(memory: NDArray[Any], counted: dict[str, NDArray[np.float64]]) -> dict[str, Tracking]:
    """How units follow counts, by the counts' names; those that do not change are left out.

    Args:
        memory: C, `(T, H)`.
        counted: Each `(T,)`, not a number where there is nothing to count.
    """
    put_out = np.tanh(memory.astype(np.float64))
    half = len(memory) // 2
    found = {}
    for name, counts in counted.items():
        r = correlations(put_out, counts)
        if r is not None:
            first = correlations(put_out[:half], counts[:half])
            found[name] = Tracking(r, first, correlations(put_out[half:], counts[half:]))
    return found


def correlations(values: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Pearson's r of each column of `values` (T, H) with `counts` (T,), over the rows where that is a number.

    Returns:
        `(H,)`, 0 for a column that does not move; None where the count does not.
    """
    known = np.isfinite(counts)
    if not known.any() or np.ptp(counts[known]) == 0:
        return None
    values = values[known] - values[known].mean(axis=0)
    counts = counts[known] - counts[known].mean()
    spread = np.sqrt((values**2).sum(axis=0) * (counts**2).sum())
    together = counts @ values
    found: NDArray[np.float64] = np.divide(together, spread, out=np.zeros_like(together), where=spread > 0)
    return found
