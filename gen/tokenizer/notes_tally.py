"""What a vocabulary of music is learned from: which symbols were met, and whether all were melodies."""

from typing import Any, Self

from gen.errors import TokenizerError
from gen.score import Score
from gen.tokenizer.base import Tally
from gen.tokenizer.grid import on_grid
from gen.tokenizer.spelling import spell
from gen.tokenizer.symbols import Group, Symbol, read_symbol, write_symbol
from gen.tokenizer.transposition import transposed_symbols


class NotesTally(Tally[Score]):
    """The symbols of the scores seen.

    Velocities are always among them, unless the user does not want them: whether they are said depends on
    what the whole training part has.

    Args:
        transpose: Whether pieces are learned in other keys too.
        velocity: What the user says of velocities; None leaves it open.
        melody: What the user says of melodies; None leaves it open.

    Attributes:
        symbols: What the scores say as they are.
        transposed: What a training part says in other keys besides.
        melodies: Whether every score is a melody.
    """

    def __init__(self, *, transpose: bool, velocity: bool | None, melody: bool | None) -> None:
        self._transpose = transpose
        self._velocity = velocity is not False
        self._melody = melody is True
        self.symbols: set[Symbol] = set()
        self.transposed: set[Symbol] = set()
        self.melodies = True

    def add(self, document: Score) -> None:
        """See `Tally.add`."""
        self.melodies = self.melodies and document.is_pitched_melody
        kept, _ = on_grid(document, velocity=self._velocity, melody=self._melody)
        self.symbols.update(map(read_symbol, set(spell(kept, velocity=True))))
        if self._transpose:
            self.transposed.update(transposed_symbols(kept))

    def merge(self, other: Self) -> None:
        """See `Tally.merge`."""
        self.symbols |= other.symbols
        self.transposed |= other.transposed
        self.melodies = self.melodies and other.melodies

    def to_json(self) -> dict[str, Any]:
        """See `Tally.to_json`."""
        return {
            "symbols": [write_symbol(symbol) for symbol in sorted(self.symbols)],
            "transposed": [write_symbol(symbol) for symbol in sorted(self.transposed)],
            "melodies": self.melodies,
        }

    def read(self, fields: Any) -> None:
        """See `Tally.read`."""
        try:
            self.symbols.update(map(read_symbol, fields["symbols"]))
            self.transposed.update(map(read_symbol, fields["transposed"]))
            self.melodies = self.melodies and bool(fields["melodies"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no tally of music: {error}") from error


def choices_with(
    base: dict[str, bool] | None, transpose: bool, velocity: bool | None, melody: bool | None
) -> dict[str, Any]:
    """The choices to learn a vocabulary with, if it extends one made with the choices of `base`.

    Raises:
        TokenizerError: The base was made with another choice.
    """
    if base is None:
        return {"transpose": transpose, "velocity": velocity, "melody": melody}
    for name, wished in (("velocity", velocity), ("melody", melody)):
        if wished not in (None, base[name]):
            raise TokenizerError(
                f"The vocabulary to extend was made {'without' if wished else 'with'} {name}.",
                f"Leave the option for {name} out.",
            )
    return {"transpose": transpose, "velocity": base["velocity"], "melody": base["melody"]}


def found_together(
    training: NotesTally, others: NotesTally, velocity: bool | None, melody: bool | None
) -> tuple[set[Symbol], bool, bool]:
    """The symbols that two parts need, whether velocities are said, and whether parts are merged to one.

    What the user leaves open, the corpus decides: velocities the training part, melodies the whole.
    """
    found = training.symbols | training.transposed
    if velocity is None:
        velocity = sum(symbol.group is Group.VELOCITY for symbol in found) > 1
    found |= others.symbols
    if melody is None:  # of melodies alone, the same was found as if they had been merged
        melody = training.melodies and others.melodies
    if not velocity:
        found = {symbol for symbol in found if symbol.group is not Group.VELOCITY}
    return found, velocity, melody
