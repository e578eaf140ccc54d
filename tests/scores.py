"""Random music for properties: scores in canonical form, of several parts or of a single melody."""

import numpy as np
from hypothesis import strategies as st

from gen.score import MODES, Key, Metre, Part, Score, Tempo, make_score

# common ones, odd ones, very short ones (a sixteenth) and one of a length that no other divides
METRES = ((4, 4), (3, 4), (2, 4), (6, 8), (5, 8), (3, 2), (1, 16), (7, 32))

parts = st.one_of(st.integers(0, 127).map(Part), st.sampled_from([Part(0), Part(40), Part(0, is_drums=True)]))
onsets = st.one_of(st.integers(0, 16).map(lambda beat: 12 * beat), st.integers(0, 300))
durations = st.one_of(st.sampled_from([3, 6, 8, 12, 24, 48, 96]), st.integers(1, 120))
pitches = st.one_of(st.integers(55, 79), st.integers(0, 127))
velocities = st.one_of(st.sampled_from([40, 72, 104]), st.integers(1, 127))
modes = st.sampled_from(list(MODES))


@st.composite
def metres(draw: st.DrawFn) -> list[Metre]:
    first = st.sampled_from(METRES[:4])
    later = st.lists(st.tuples(onsets, st.sampled_from(METRES)), max_size=2)
    return [Metre(0, *draw(first)), *(Metre(onset, *metre) for onset, metre in draw(later))]


@st.composite
def scores(draw: st.DrawFn, *, max_notes: int = 16, max_parts: int = 3, most_ticks: int = 120) -> Score:
    """Scores with parts, drums, chords, held notes, silences, and changes of tempo, metre and key.

    Args:
        draw: Given by hypothesis.
        max_notes: Notes that are drawn; fewer may stay, and none is possible.
        max_parts: Parts that are drawn; those without a note go.
        most_ticks: The longest note.
    """
    players = draw(st.lists(parts, min_size=1, max_size=max_parts))
    note = st.tuples(
        onsets,
        durations.map(lambda ticks: min(ticks, most_ticks))
        if most_ticks <= 120
        else st.integers(1, most_ticks),
        pitches,
        velocities,
        st.integers(0, len(players) - 1),
    )
    notes = draw(st.lists(note, max_size=max_notes))
    tempos = draw(st.lists(st.builds(Tempo, onsets, st.integers(10, 400)), max_size=3))
    keys = draw(st.lists(st.builds(Key, onsets, st.integers(-7, 7), modes), max_size=3))
    return make_score(notes, players, tempos=tempos, metres=draw(metres()), keys=keys).score


@st.composite
def melodies(draw: st.DrawFn, *, min_notes: int = 1, max_notes: int = 24) -> Score:
    """One part, one note at a time, with rests, a metre, and perhaps a key and a tempo."""
    steps = draw(
        st.lists(
            st.tuples(st.sampled_from([0, 0, 0, 6, 24]), durations, st.integers(48, 90)),
            min_size=min_notes,
            max_size=max_notes,
        )
    )
    rests, lengths, heights = (np.array(column, np.int32) for column in zip(*steps, strict=True))
    begins = np.cumsum(rests + lengths) - lengths
    notes = np.stack([begins, lengths, heights, np.full(len(steps), 72), np.zeros(len(steps))], axis=1)
    keys = draw(st.lists(st.builds(Key, st.just(0), st.integers(-7, 7), modes), max_size=1))
    tempos = draw(st.lists(st.builds(Tempo, st.just(0), st.sampled_from([60, 96, 120])), max_size=1))
    return make_score(
        notes, [Part(draw(st.sampled_from([0, 40, 73])))], tempos=tempos, metres=draw(metres()), keys=keys
    ).score
