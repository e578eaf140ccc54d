"""A score, as tokens say it (see `gen.tokenizer.grid`), to strings; and a score less what cannot be said."""

from collections.abc import Collection, Sequence

import numpy as np

from gen.score import DURATION, ONSET, PART, PITCH, VELOCITY, Metre, Score, make_score
from gen.tokenizer.symbols import VELOCITY_BIN, Group, Symbol, key_value


def spell(score: Score, *, velocity: bool) -> list[str]:
    """The tokens of a score whose parts stand in the order in which they appear."""
    beginning = _tokens_by_tick(score, velocity)
    ticks = sorted(beginning)
    tokens, place, metre = ["Start"], 0, None
    for bar in score.bars():
        tokens.append("Bar")
        if bar.metre is not metre:
            metre = bar.metre
            tokens.append(f"Metre_{metre.numerator}/{metre.denominator}")
        end = bar.start + metre.bar_ticks
        while place < len(ticks) and ticks[place] < end:
            tokens.append(f"Position_{ticks[place] - bar.start}")
            tokens += beginning[ticks[place]]
            place += 1
    tokens.append("End")
    return tokens


def _tokens_by_tick(score: Score, velocity: bool) -> dict[int, list[str]]:
    """What follows each position, by its tick from the beginning."""
    beginning: dict[int, list[str]] = {}
    for key in score.keys:
        beginning[key.onset] = [f"Key_{key.name}"]
    for tempo in score.tempos:
        beginning.setdefault(tempo.onset, []).append(f"Tempo_{tempo.bpm}")
    durations = [0] * len(score.parts)
    bins = [-1] * len(score.parts)
    running = -1
    for onset, duration, pitch, loudness, part in score.notes.tolist():
        tokens = beginning.setdefault(onset, [])
        player = score.parts[part]
        if part != running:
            running = part
            tokens.append(f"Part_{part + 1}")
            if not durations[part]:
                tokens.append("Drums" if player.is_drums else f"Program_{player.program}")
        if duration != durations[part]:
            durations[part] = duration
            tokens.append(f"Duration_{duration}")
        if velocity and loudness // VELOCITY_BIN != bins[part]:
            bins[part] = loudness // VELOCITY_BIN
            tokens.append(f"Velocity_{bins[part]}")
        tokens.append(f"Drum_{pitch}" if player.is_drums else f"Pitch_{pitch}")
    return beginning


def without(score: Score, unseen: Collection[Symbol], metres: Sequence[tuple[int, int]]) -> Score:
    """A score less the notes and changes that some symbols are needed for.

    Args:
        score: Whose parts stand in the order in which they appear.
        unseen: The symbols.
        metres: Numerators and denominators that may be used; the first takes the place of a first metre that
            cannot be said. If there are none, nothing is left.
    """
    if not metres:
        return make_score([], ()).score
    starts = np.array([bar.start for bar in score.bars()])

    def has_place(onset: int) -> bool:
        start = int(starts[np.searchsorted(starts, onset, "right") - 1])
        return Symbol(Group.POSITION, onset - start) not in unseen

    drums = [part.is_drums for part in score.parts]
    players = [
        Symbol(Group.PART, place + 1) in unseen
        or (Symbol(Group.DRUMS) if part.is_drums else Symbol(Group.PROGRAM, part.program)) in unseen
        for place, part in enumerate(score.parts)
    ]
    kept = [
        note
        for note in score.notes.tolist()
        if not players[note[PART]]
        and Symbol(Group.DURATION, note[DURATION]) not in unseen
        and Symbol(Group.VELOCITY, note[VELOCITY] // VELOCITY_BIN) not in unseen
        and Symbol(Group.DRUM if drums[note[PART]] else Group.PITCH, note[PITCH]) not in unseen
        and has_place(note[ONSET])
    ]
    known = [metre for metre in score.metres if Symbol(Group.METRE, metre[1:]) not in unseen]
    return make_score(
        kept,
        score.parts,
        tempos=[t for t in score.tempos if Symbol(Group.TEMPO, t.bpm) not in unseen and has_place(t.onset)],
        metres=known if known and known[0].onset == 0 else [Metre(0, *metres[0]), *known],
        keys=[k for k in score.keys if Symbol(Group.KEY, key_value(k)) not in unseen and has_place(k.onset)],
    ).score
