"""Numbers on the command line."""

import math

import click


class Real(click.FloatRange):
    """A number in a range, and nothing else: `nan` passes every comparison that a range makes."""

    def convert(self, value: float | str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """As `FloatRange` does, and refuse what is not a number or infinite."""
        number = float(super().convert(value, param, ctx))  # type: ignore[arg-type]
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number
