"""Kinds of values that options take, beyond those click has."""

import math
import re
from typing import TYPE_CHECKING

import click

PICTURES = ("roll", "score")  # what a picture can show of music

if TYPE_CHECKING:
    Pair = click.ParamType[tuple[float, float]]
    Pitches = click.ParamType[tuple[int, int]]
else:  # the class takes a type argument only since a late release of click
    Pair = Pitches = click.ParamType


class Real(click.FloatRange):
    """A number in a range, and nothing else: `nan` passes every comparison that a range makes."""

    def convert(self, value: float | str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """As `FloatRange` does, and refuse what is not a number or infinite."""
        # click's own signature asks for less than the strings it is called with
        number = float(super().convert(value, param, ctx))  # type: ignore[arg-type]
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class Temperature(Pair):
    """One number, or two with a colon between: from the first to the second over the text."""

    name = "X or X:Y"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """`0.5` is (0.5, 0.5), `0.5:1.1` is (0.5, 1.1)."""
        try:
            numbers = [float(part) for part in str(value).split(":")]
        except ValueError:
            numbers = []
        if len(numbers) not in (1, 2) or not all(0 <= number < math.inf for number in numbers):
            self.fail(f"{value!r} is neither a number from 0 up, nor two such as 0.5:1.1.", param, ctx)
        return numbers[0], numbers[-1]


class PitchRange(Pitches):
    """Two pitches by name, `C4-C6`, or by MIDI number, `60-84`."""

    name = "LOW-HIGH"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """`C4-C6` is (60, 84)."""
        words = re.fullmatch(r"(-?\d+|[A-Ga-g][#b]?-?\d)-(-?\d+|[A-Ga-g][#b]?-?\d)", str(value))
        low, high = (_pitch(word) for word in words.groups()) if words else (0, -1)
        if not 0 <= low <= high <= 127:
            self.fail(f"{value!r} is no range of pitches such as C4-C6 or 60-84.", param, ctx)
        return low, high


def _pitch(word: str) -> int:
    """The MIDI number of a pitch: middle C, `C4`, is 60."""
    named = re.fullmatch(r"([A-Ga-g])([#b]?)(-?\d)", word)
    if named is None:
        return int(word)
    letter, accidental, octave = named.groups()
    step = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[letter.upper()]
    return step + {"": 0, "#": 1, "b": -1}[accidental] + 12 * (int(octave) + 1)
