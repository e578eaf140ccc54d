"""Which pieces are nearly the same: transposed, or with a few notes changed.

The set of a piece's short phrases, each as intervals and times from note to note, is what transposing leaves
as it is. Pieces that share enough of their phrases are alike, and so are pieces that are alike to a third.
Found in time linear in the number of pieces: A. Z. Broder, "On the resemblance and containment of
documents" (1997), with the banding of J. Leskovec, A. Rajaraman and J. Ullman, "Mining of Massive
Datasets", chapter 3.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gen.score import DURATION, ONSET, PART, PITCH, Score

PHRASE_STEPS = 4  # from note to note, so five notes
ALIKE = 0.3  # share of the phrases of both that are phrases of each
_BANDS, _ROWS = 42, 3  # finds 2 in 3 pairs that share 0.3, 9 in 10 that share 0.4, 1 in 25 that share 0.1
_COMPARED = 8  # in a band with one value; so many copies suffice to tell the next one
_AT_ONCE = 4096
DECIDING = 2  # by one alone a common phrase would decide for many pieces that have nothing else in common

Signature = NDArray[np.uint32]


def signature(score: Score) -> Signature:
    """What tells pieces that are alike: two signatures agree in the share of phrases that pieces share.

    Shapes:
        returns: (126,), the least value of as many hash functions over the piece's phrases.
    """
    phrases = _mixed(_phrases(score))
    least = np.full(len(_MULTIPLIERS), np.iinfo(np.uint32).max, np.uint32)
    for start in range(0, len(phrases), _AT_ONCE):
        hashed = (phrases[start : start + _AT_ONCE, None] * _MULTIPLIERS) >> np.uint64(32)
        least = np.minimum(least, hashed.min(axis=0).astype(np.uint32))
    return least


def share_from(of: Signature, deciding: int = DECIDING) -> float:
    """A number from 0 to 1 that pieces with the same phrases share, and likely those with nearly the same.

    Args:
        of: The signature of a piece.
        deciding: By so many of its values; each that is added parts more of what is alike.
    """
    number = np.zeros(1, np.uint64)
    for value in of[:deciding]:
        number = _mixed(number ^ np.uint64(value))
    return float(number[0]) / 2.0**64


def groups(signatures: Sequence[Signature]) -> list[int]:
    """For each piece the number of the first piece of its group, which may be itself."""
    firsts = list(range(len(signatures)))
    for band in range(_BANDS):
        rows = slice(band * _ROWS, (band + 1) * _ROWS)
        same: dict[bytes, list[int]] = defaultdict(list)
        for number, values in enumerate(signatures):
            others = same[values[rows].tobytes()]
            for other in others:
                if _first(firsts, number) != _first(firsts, other) and (
                    np.mean(values == signatures[other]) >= ALIKE
                ):
                    low, high = sorted((_first(firsts, number), _first(firsts, other)))
                    firsts[high] = low
            if len(others) < _COMPARED:
                others.append(number)
    return [_first(firsts, number) for number in range(len(firsts))]


def _first(firsts: list[int], number: int) -> int:
    while firsts[number] != number:
        firsts[number] = firsts[firsts[number]]  # shortens the way for the next who asks
        number = firsts[number]
    return number


def _phrases(score: Score) -> NDArray[np.uint64]:
    """A number for each phrase of the highest notes, drums left out where anything else plays."""
    notes = score.notes
    if not len(notes):
        return np.zeros(0, np.uint64)
    drums = np.array([part.is_drums for part in score.parts], bool)
    if not drums.all():
        notes = notes[~drums[notes[:, PART]]]
    notes = notes[np.lexsort((notes[:, PITCH], notes[:, ONSET]))]
    highest = np.append(notes[1:, ONSET] != notes[:-1, ONSET], True)
    line = notes[highest].astype(np.int64)
    steps = (np.diff(line[:, PITCH]) << 32) + np.diff(line[:, ONSET])
    if not len(steps):  # one chord at the most: its length is all there is to tell
        steps = line[:, DURATION]
    windows = np.lib.stride_tricks.sliding_window_view(steps, min(PHRASE_STEPS, len(steps)))
    numbers = np.zeros(len(windows), np.uint64)
    for column in windows.T:
        numbers = _mixed(numbers ^ column.astype(np.uint64))
    distinct: NDArray[np.uint64] = np.unique(numbers)
    return distinct


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers spread over 64 bits, each to its own (the finalizer of splitmix64, by S. Vigna)."""
    numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


_MULTIPLIERS = _mixed(np.arange(_BANDS * _ROWS, dtype=np.uint64)) | np.uint64(1)
