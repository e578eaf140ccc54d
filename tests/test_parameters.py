import click
import pytest

from gen.export.roll import pitch_name
from gen.parameters import PitchRange


def read(value: str) -> tuple[int, int]:
    return PitchRange().convert(value, None, None)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("C4-C6", (60, 84)),
        ("c4-c6", (60, 84)),
        ("60-84", (60, 84)),
        ("Bb3-F#5", (58, 78)),
        ("A-1-G9", (9, 127)),
    ],
)
def test_a_range_is_said_by_names_or_numbers(said: str, meant: tuple[int, int]) -> None:
    assert read(said) == meant


def test_names_are_those_that_the_piano_roll_shows() -> None:
    for pitch in range(128):
        assert read(f"{pitch_name(pitch)}-127") == (pitch, 127)


@pytest.mark.parametrize(
    "said", ["", "C4", "C6-C4", "H4-H5", "C4-C6-C8", "60-200", "-1-5", "C4 - C6", "4C-6C"]
)
def test_anything_else_is_refused(said: str) -> None:
    with pytest.raises(click.BadParameter):
        read(said)
