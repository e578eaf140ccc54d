"""Which pieces of music are held out, and where a single piece is cut in two.

The choice depends on what the pieces are, not on their names or order. A group of pieces that are alike is
held out as one, and one of them decides: the one with the smallest end of its fingerprint, by the beginning.
Taken as a number from 0 to 1, that is below 0.1 for a tenth of all groups, whatever their size, since it has
nothing to do with what the one was chosen by.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from gen.corpus.alike import Signature, groups
from gen.score import DURATION, ONSET, Change, Score, change_at, make_score

HELD_OUT = 0.1
FEW = 10  # with fewer pieces than this, exactly one is held out
_BYTES = 8  # of a fingerprint's 32 at its beginning and at its end


def sides(fingerprints: Sequence[bytes], signatures: Sequence[Signature]) -> list[bool | None]:
    """Of each piece whether it is held out; None where an earlier piece is the same.

    Whatever the fingerprints say, something is held out and something is left; a group of more than half of
    all pieces is always left.
    """
    first: dict[bytes, int] = {}
    for number, fingerprint in enumerate(fingerprints):
        first.setdefault(fingerprint, number)
    # in this order, so that the first of a group is the same whatever the order of the pieces
    ordered = sorted(first)
    held = _held(ordered, groups([signatures[first[fingerprint]] for fingerprint in ordered]))
    return [
        fingerprint in held if first[fingerprint] == number else None
        for number, fingerprint in enumerate(fingerprints)
    ]


def _held(ordered: list[bytes], group_of: list[int]) -> set[bytes]:
    size = Counter(group_of)
    candidates = [group for group in sorted(size) if size[group] <= len(ordered) / 2]
    if len(ordered) < FEW or not candidates:
        # one piece, and one to which none of the others is alike if there is such a one
        alone = [group for group in sorted(size) if size[group] == 1]
        return {ordered[(alone or [0])[0]]}
    shares = _shares(ordered, group_of)
    candidates.sort(key=lambda group: shares[group])
    chosen = [group for group in candidates if shares[group] < HELD_OUT] or candidates[:1]
    if len(chosen) == len(size):
        chosen.pop()
    return {fingerprint for fingerprint, group in zip(ordered, group_of, strict=True) if group in chosen}


def _shares(ordered: Sequence[bytes], group_of: Sequence[int]) -> dict[int, float]:
    """For each group the number from 0 to 1 that says whether it is held out."""
    deciding: dict[int, bytes] = {}
    for fingerprint, group in zip(ordered, group_of, strict=True):
        # the smallest beginning would be below a bound the more often, the larger the group
        deciding[group] = min(deciding.get(group, fingerprint), fingerprint, key=lambda each: each[-_BYTES:])
    return {group: int.from_bytes(each[:_BYTES]) / (1 << 8 * _BYTES) for group, each in deciding.items()}


def cut_in_two(score: Score) -> tuple[Score, Score] | None:
    """A piece without its last tenth of bars, one bar at least, and these; None where one would be silent.

    A note that sounds over the cut ends there. Tempo, metre and key go on in the second part.
    """
    starts = [bar.start for bar in score.bars()]
    onsets = score.notes[:, ONSET]
    bars_left = min(len(starts) - 1, int(len(starts) * (1 - HELD_OUT)))
    # later bars in which nothing begins would make a second part of silence
    for cut in reversed(starts[1 : bars_left + 1]):
        before = onsets < cut
        if before.all():
            continue
        if not before.any():
            break
        learned = score.notes[before]
        learned[:, DURATION] = np.minimum(learned[:, DURATION], cut - learned[:, ONSET])
        held = score.notes[~before]
        held[:, ONSET] -= cut
        whole = make_score(
            learned, score.parts, tempos=score.tempos, metres=score.metres, keys=score.keys
        ).score
        return whole, make_score(
            held,
            score.parts,
            tempos=_from(score.tempos, cut),
            metres=_from(score.metres, cut),
            keys=_from(score.keys, cut),
        ).score
    return None


def _from(changes: Sequence[Change], cut: int) -> list[Change]:
    """The changes in force at `cut` and after it, counted from there."""
    now = change_at(changes, cut)
    later = [change for change in changes if change.onset > cut]
    return [change._replace(onset=max(0, change.onset - cut)) for change in ([now] if now else []) + later]
