"""What each token of music says: a group and a value, `Pitch_60` or `Metre_3/4`, and back to the string."""

import bisect
import re
from enum import IntEnum
from typing import NamedTuple

from gen.score import MODES, TICKS_PER_QUARTER, Key, Metre

LONGEST_BAR_TICKS = 1 << 20  # beyond any metre, and well within 32 bits for many bars
LONGEST_NOTE_TICKS = 16 * TICKS_PER_QUARTER
VELOCITY_BIN = 16
MAX_PARTS = 1 << 16
# beats a minute; steps of 3 % on the average, as whole numbers, with the marks of a metronome among them
TEMPOS: tuple[int, ...] = (*range(20, 40), *range(40, 120, 2), *range(120, 301, 5))

Value = int | tuple[int, int]


class Group(IntEnum):
    """The groups of tokens, in the order in which a vocabulary holds them."""

    START = 0
    END = 1
    BAR = 2
    METRE = 3
    POSITION = 4
    KEY = 5
    TEMPO = 6
    PART = 7
    PROGRAM = 8
    DRUMS = 9
    DURATION = 10
    VELOCITY = 11
    PITCH = 12
    DRUM = 13

    @property
    def word(self) -> str:
        """How the group is written: `Position`."""
        return self.name.capitalize()


class Symbol(NamedTuple):
    """A token's meaning.

    Attributes:
        group: What it speaks of.
        value: A number; numerator and denominator of a metre; sharps and the mode's place of a key; 0 where
            the group says all.
    """

    group: Group
    value: Value = 0


_PLAIN = {group.word: group for group in (Group.START, Group.END, Group.BAR, Group.DRUMS)}
# the smallest value and the largest
_BOUNDS = {
    Group.POSITION: (0, LONGEST_BAR_TICKS - 1),
    Group.TEMPO: (TEMPOS[0], TEMPOS[-1]),
    Group.PART: (1, MAX_PARTS),
    Group.PROGRAM: (0, 127),
    Group.DURATION: (1, LONGEST_NOTE_TICKS),
    Group.VELOCITY: (0, 128 // VELOCITY_BIN - 1),
    Group.PITCH: (0, 127),
    Group.DRUM: (0, 127),
}
_NUMBERED = {group.word: group for group in _BOUNDS}
_MODES = tuple(MODES)
_KEYS = {
    Key(0, fifths, mode).name: (fifths, place) for place, mode in enumerate(_MODES) for fifths in range(-7, 8)
}
_NAMES = {value: name for name, value in _KEYS.items()}
_NUMBER = re.compile(r"0|[1-9][0-9]{0,6}", re.ASCII)


def read_symbol(token: str) -> Symbol:
    """The meaning of a token.

    Raises:
        ValueError: It has none.
    """
    if token in _PLAIN:
        return Symbol(_PLAIN[token])
    word, _, said = token.partition("_")
    if word == "Key" and said in _KEYS:
        return Symbol(Group.KEY, _KEYS[said])
    numbers = said.split("/")
    if all(map(_NUMBER.fullmatch, numbers)):
        if word == "Metre" and len(numbers) == 2:
            metre = Metre(0, int(numbers[0]), int(numbers[1]))
            if metre.is_whole and metre.bar_ticks <= LONGEST_BAR_TICKS:
                return Symbol(Group.METRE, metre[1:])
        elif word in _NUMBERED and len(numbers) == 1:
            group, value = _NUMBERED[word], int(said)
            if _BOUNDS[group][0] <= value <= _BOUNDS[group][1] and (word != "Tempo" or value in TEMPOS):
                return Symbol(group, value)
    raise ValueError(f"{token!r} says nothing about music")


def write_symbol(symbol: Symbol) -> str:
    """The token that says it."""
    group, value = symbol
    if isinstance(value, tuple):
        return f"Key_{_NAMES[value]}" if group is Group.KEY else f"Metre_{value[0]}/{value[1]}"
    return f"{group.word}_{value}" if group in _BOUNDS else group.word


def key_value(key: Key) -> tuple[int, int]:
    """The value of a key's symbol."""
    return key.fifths, _MODES.index(key.mode)


def key_at(onset: int, value: tuple[int, int]) -> Key:
    """The key that a symbol's value stands for, from `onset` (ticks)."""
    return Key(onset, value[0], _MODES[value[1]])


def key_named(name: str) -> tuple[int, int] | None:
    """The value of the key of a name such as `Em`; None where there is no such key."""
    return _KEYS.get(name)


def tempo_bin(bpm: int) -> int:
    """The nearest of `TEMPOS`; the slower of two as near."""
    place = bisect.bisect_left(TEMPOS, bpm)
    near = TEMPOS[max(0, place - 1) : place + 1]
    return near[0] if bpm - near[0] <= near[-1] - bpm else near[-1]
