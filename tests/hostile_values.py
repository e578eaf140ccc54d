"""Values that JSON can hold and nobody expects."""

from typing import Any

_BOUNDS = (7, 8, 31, 255, 65_535, 65_536, 1 << 31, 1 << 40, (1 << 63) - 1, (1 << 64) - 1, 1 << 70)
NUMBERS = (-1, 0, 1, 2, *_BOUNDS)
_STRINGS = ("\x1b[2J\x1b]0;title\x07", "two\nlines\r", "\ud83d", "\udcff", "\u202e", "\0", "../../etc/passwd")


def _nested(levels: int) -> Any:
    value: Any = "in"
    for level in range(levels):
        value = {"a": value} if level % 2 else [value]
    return value


HOSTILE: list[Any] = [
    *(None, True, False, "", "0", "text", "music", "notes", "characters", [], {}, [[]], {"": {}}),
    *(*NUMBERS, 0.5, -0.0, 1e308, -1e308, 5e-324, 1e22),
    *_STRINGS,
    *("x" * 100_000, ["é"] * 70_000, {str(number): number for number in range(5_000)}),
    *map(_nested, (10, 30, 200)),
]
