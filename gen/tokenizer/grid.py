"""What tokens keep of a score: parts by first appearance, velocities and tempos in bins, no very long notes.

Each step says how many places it changed, so that nothing is lost in silence.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gen.score import (
    DEFAULT_VELOCITY,
    DURATION,
    ONSET,
    PART,
    PITCH,
    VELOCITY,
    Key,
    Metre,
    Part,
    Score,
    Tempo,
    make_score,
)
from gen.tokenizer.symbols import LONGEST_NOTE_TICKS, VELOCITY_BIN, tempo_bin


def on_grid(score: Score, *, velocity: bool, melody: bool) -> tuple[Score, Counter[str]]:
    """A score as tokens say it, and how often what was changed for it.

    Args:
        score: Any score.
        velocity: Whether velocities are kept, in bins of 16; otherwise all are `DEFAULT_VELOCITY`.
        melody: Whether the parts are merged to one voice: of the notes struck at once the highest, cut where
            the next is struck; drums go.
    """
    losses: Counter[str] = Counter()
    notes, parts = score.notes, score.parts
    if melody:
        notes, parts = _top_line(notes, parts, losses)
    notes, parts = _by_appearance(notes, parts, losses)
    notes = notes.copy()
    _put(notes, DURATION, lambda ticks: np.minimum(ticks, LONGEST_NOTE_TICKS), losses, "long notes cut")
    _put(notes, VELOCITY, _binned if velocity else _even, losses, "velocities")
    tempos = [tempo._replace(bpm=tempo_bin(tempo.bpm)) for tempo in score.tempos]
    losses["tempos"] = sum(new != old for new, old in zip(tempos, score.tempos, strict=True))
    # nothing changes in silence: without a note there is no bar to say it in
    known = (tempos, score.metres, score.keys) if len(notes) else ((), (), ())
    made = make_score(notes, parts, tempos=known[0], metres=known[1], keys=known[2]).score
    end = made.length_ticks
    changes: tuple[Tempo | Metre | Key, ...] = (*score.tempos, *score.metres, *score.keys)
    # 4/4 is what an empty score has anyway
    losses["changes in silence"] = sum(change.onset >= end and change != (0, 4, 4) for change in changes)
    return made, +losses


def _binned(velocities: NDArray[np.int32]) -> NDArray[np.int32]:
    return velocities // VELOCITY_BIN * VELOCITY_BIN + VELOCITY_BIN // 2


def _even(velocities: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.full_like(velocities, DEFAULT_VELOCITY)


def _put(
    notes: NDArray[np.int32],
    column: int,
    change: Callable[[NDArray[np.int32]], NDArray[np.int32]],
    losses: Counter[str],
    name: str,
) -> None:
    changed = change(notes[:, column])
    losses[name] = int(np.count_nonzero(changed != notes[:, column]))
    notes[:, column] = changed


def _by_appearance(
    notes: NDArray[np.int32], parts: tuple[Part, ...], losses: Counter[str]
) -> tuple[NDArray[np.int32], tuple[Part, ...]]:
    _, firsts = np.unique(notes[:, PART], return_index=True)
    order = np.argsort(firsts, kind="stable")
    losses["parts in another order"] = int(np.count_nonzero(order != np.arange(len(order))))
    places = np.empty(len(order), np.int32)
    places[order] = np.arange(len(order))
    notes = notes.copy()
    notes[:, PART] = places[notes[:, PART]]
    return notes, tuple(parts[place] for place in order)


def _top_line(
    notes: NDArray[np.int32], parts: tuple[Part, ...], losses: Counter[str]
) -> tuple[NDArray[np.int32], tuple[Part, ...]]:
    drums = np.array([part.is_drums for part in parts], bool)
    heard = notes[~drums[notes[:, PART]]]
    # the last of each onset; of two parts in unison the first
    heard = heard[np.lexsort((-heard[:, PART], heard[:, PITCH], heard[:, ONSET]))]
    last = np.ones(len(heard), bool)
    last[:-1] = heard[1:, ONSET] != heard[:-1, ONSET]
    line = heard[last]
    until_next = np.diff(line[:, ONSET])
    losses["notes merged away"] = len(notes) - len(line)
    losses["notes cut at the next"] = int(np.count_nonzero(line[:-1, DURATION] > until_next))
    line[:-1, DURATION] = np.minimum(line[:-1, DURATION], until_next)
    if not len(line):
        return line, ()
    program = parts[heard[:, PART].min()].program
    losses["programs merged away"] = len(parts) - 1
    line[:, PART] = 0
    return line, (Part(program),)
