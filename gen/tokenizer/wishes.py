"""What new music is to be like, checked against what a vocabulary can say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from gen.errors import TokenizerError
from gen.score import Metre
from gen.tokenizer.symbols import Group, Symbol, read_symbol, write_symbol

_SHOWN = 24
_Value = TypeVar("_Value", int, tuple[int, int])
_NO_MUSIC = "Use a model that was trained on music."


@dataclass(frozen=True)
class Wishes:
    """What the user asks of new music; None where all is well.

    Attributes:
        bars: Exactly so many.
        most_bars: So many at the most, where `bars` is None.
        key: Such as `G` or `Em`.
        metre: Such as `3/4`.
        pitch_range: The lowest and the highest pitch, as MIDI numbers; drums may play any.
    """

    bars: int | None = None
    most_bars: int = 64
    key: str | None = None
    metre: str | None = None
    pitch_range: tuple[int, int] | None = None


class Scale(Generic[_Value]):
    """Values of one group, rising, with their ids.

    Attributes:
        places: Ids by value.
        values: The values, rising.
        ids: Their ids, in the same order.
    """

    def __init__(self, places: dict[_Value, int]) -> None:
        self.places: dict[_Value, int] = places
        self.values: list[_Value] = sorted(places)
        self.ids = np.array([places[value] for value in self.values], np.int64)

    def has_others(self, running: _Value | None) -> bool:
        """Whether there are values besides one."""
        return len(self.values) > (running in self.places)

    def allow_others(self, row: NDArray[np.bool_], running: _Value | None) -> None:
        """Set the ids of all values but one in a row of V."""
        row[self.ids] = True
        if running in self.places:
            row[self.places[running]] = False


class Repertoire:
    """What of a vocabulary may be drawn under wishes, by group.

    Args:
        symbols: The vocabulary.
        wishes: What it is to say; of metres and keys a wished one alone is kept.
        velocity: Whether it says velocities.
        melody: Whether it says melodies only.

    Attributes:
        metres: Ids by value (as in `Symbol`) of the metres in which a note has room.
        metre_ticks: How long their bars are.
        most_bars: How many bars may be written.
        shortest: The shortest duration in ticks.

    Raises:
        TokenizerError: A wish that the vocabulary cannot say, or that leaves it nothing to say.
    """

    def __init__(self, symbols: Sequence[Symbol], wishes: Wishes, *, velocity: bool, melody: bool) -> None:
        found: dict[Group, dict[int, int]] = {group: {} for group in Group}
        pairs: dict[Group, dict[tuple[int, int], int]] = {Group.METRE: {}, Group.KEY: {}}
        for place, (group, value) in enumerate(symbols):
            if isinstance(value, tuple):
                pairs[group][value] = place
            else:
                found[group][value] = place
        self.end, self.bar = found[Group.END][0], found[Group.BAR][0]
        self.parts = found[Group.PART]
        self.positions = Scale(found[Group.POSITION])
        self.durations = Scale(found[Group.DURATION])
        self.velocities = Scale(found[Group.VELOCITY])
        self.pitches = Scale(_within(found[Group.PITCH], wishes.pitch_range))
        self.drum_pitches = Scale({} if melody else found[Group.DRUM])
        self.drums = list(found[Group.DRUMS].values()) if self.drum_pitches.values else []
        self.programs = list(found[Group.PROGRAM].values()) if self.pitches.values else []
        keys = _wished(Group.KEY, wishes.key, pairs[Group.KEY])
        self.key_is_wished = keys is not None
        self.tempos = Scale(found[Group.TEMPO])
        self.keys = Scale(pairs[Group.KEY] if keys is None else keys)
        if keys and 0 not in self.positions.places:
            raise TokenizerError("This model cannot say a key where a bar begins.", "Leave the key out.")
        self.most_bars = wishes.most_bars if wishes.bars is None else wishes.bars
        if self.most_bars < 1:
            raise TokenizerError(f"Music has one bar or more, not {self.most_bars}.", "Ask for more bars.")
        scales = (self.positions, self.durations, *((self.velocities,) if velocity else ()))
        players = self.programs or self.drums
        if not players or 1 not in self.parts or not all(scale.values for scale in scales):
            raise TokenizerError("With this vocabulary no note can be said.", _NO_MUSIC)
        self.shortest = self.durations.values[0]
        self._keep_metres(_wished(Group.METRE, wishes.metre, pairs[Group.METRE]), pairs[Group.METRE])

    def _keep_metres(
        self, wished: dict[tuple[int, int], int] | None, known: dict[tuple[int, int], int]
    ) -> None:
        room = self.positions.values[0] + self.shortest
        lengths = {value: Metre(0, *value).bar_ticks for value in (known if wished is None else wished)}
        self.metre_ticks = {value: ticks for value, ticks in lengths.items() if ticks >= room}
        self.metres = {value: known[value] for value in self.metre_ticks}
        if not self.metres:
            raise TokenizerError(
                "No note that this model knows has room in a bar of the metre.", "Ask for another metre."
            )


def _within(pitches: dict[int, int], wished: tuple[int, int] | None) -> dict[int, int]:
    if wished is None:
        return pitches
    kept = {pitch: place for pitch, place in pitches.items() if wished[0] <= pitch <= wished[1]}
    if not kept:
        known = f"{min(pitches)} to {max(pitches)}" if pitches else "none"
        raise TokenizerError(
            f"This model has no pitch from {wished[0]} to {wished[1]}.", f"The pitches it knows are {known}."
        )
    return kept


def _wished(group: Group, said: str | None, known: dict[_Value, int]) -> dict[_Value, int] | None:
    """The value that is wished for, with its id; None without a wish."""
    if said is None:
        return None
    try:
        symbol = read_symbol(f"{group.word}_{said}")
    except ValueError:
        symbol = None
    for value, place in known.items():
        if symbol is not None and value == symbol.value:
            return {value: place}
    names = [write_symbol(Symbol(group, value)).partition("_")[2] for value in sorted(known)]
    shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    raise TokenizerError(
        f"This model knows no {group.name.lower()} {said!r}.",
        f"It knows: {shown}." if names else "It knows none; leave the wish out.",
    )
