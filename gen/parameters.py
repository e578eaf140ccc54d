"""Kinds of values that options take, beyond those click has."""

import math
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    Pair = click.ParamType[tuple[float, float]]
else:  # the class takes a type argument only since a late release of click
    Pair = click.ParamType


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
