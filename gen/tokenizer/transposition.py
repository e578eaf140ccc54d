"""Music in other keys: how a symbol moves, and how far a piece can move and stay playable."""

from collections.abc import Iterable, Iterator

from gen.score import PART, PITCH, Score
from gen.tokenizer.ranges import playable_range
from gen.tokenizer.symbols import Group, Symbol, Value, key_at, key_value

# semitones by which a piece is transposed in training: to every key, by the nearer way
SHIFTS = tuple(range(-5, 7))


def shifted(symbol: Symbol, semitones: int) -> Symbol | None:
    """The symbol in a piece so many semitones higher; None beyond the pitches there are."""
    group, value = symbol
    if group is Group.PITCH and isinstance(value, int):
        return Symbol(group, value + semitones) if 0 <= value + semitones <= 127 else None
    if group is Group.KEY and isinstance(value, tuple):
        return Symbol(group, key_value(key_at(0, value).transposed(semitones)))
    return symbol


def shift_range(notes: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """How many semitones a piece can go down (below zero) and up.

    Each part keeps to what its instrument can play, or to what it plays in this piece where that is more.

    Args:
        notes: Program and pitch of notes of melodic parts; each part and pitch once is enough.
    """
    low, high = SHIFTS[0], SHIFTS[-1]
    pitches: dict[int, list[int]] = {}
    for program, pitch in notes:
        pitches.setdefault(program, []).append(pitch)
    for program, heights in pitches.items():
        playable = playable_range(program)
        low = max(low, min(0, playable.low - min(heights)))
        high = min(high, max(0, playable.high - max(heights)))
    return low, high


def played(piece: Iterable[Symbol]) -> set[tuple[int, int]]:
    """Program and pitch of every note of a melodic part."""
    notes: set[tuple[int, int]] = set()
    programs: dict[Value, int] = {}
    part: Value = 0
    for group, value in piece:
        if group is Group.PART:
            part = value
        elif group is Group.PROGRAM and isinstance(value, int):
            programs[part] = value
        elif group is Group.PITCH and isinstance(value, int):
            notes.add((programs[part], value))
    return notes


def transposed_symbols(score: Score) -> Iterator[Symbol]:
    """The pitches and keys that a score has in all the keys in which it can be played."""
    notes = {
        (score.parts[part].program, pitch)
        for part, pitch in score.notes[:, [PART, PITCH]].tolist()
        if not score.parts[part].is_drums
    }
    low, high = shift_range(notes)
    own = {Symbol(Group.PITCH, pitch) for _, pitch in notes}
    own |= {Symbol(Group.KEY, key_value(key)) for key in score.keys}
    for semitones in range(low, high + 1):
        yield from filter(None, (shifted(symbol, semitones) for symbol in own))
