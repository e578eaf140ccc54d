import pytest

from gen.tokenizer import ranges
from gen.tokenizer.ranges import EVERY_PITCH, playable_range


@pytest.mark.parametrize("program", range(128))
def test_every_program_has_a_range_of_an_octave_at_least(program: int) -> None:
    low, high = playable_range(program)
    assert low >= 0
    assert high <= 127
    assert high - low >= 12


def test_no_program_stands_twice_in_the_table() -> None:
    programs = [program for each, _ in ranges._RANGES for program in each]
    assert programs == list(range(112))


@pytest.mark.parametrize(
    ("program", "lowest", "highest"),
    [
        (0, 21, 108),  # a piano's 88 keys
        (40, 55, 103),  # the violin's G string
        (41, 48, 91),  # the viola's C string
        (42, 36, 84),  # the cello's, an octave lower
        (24, 40, 88),  # the guitar's E string
        (33, 28, 67),  # the bass's, an octave lower
        (73, 59, 98),  # the flute's B foot
    ],
)
def test_known_instruments_end_where_their_strings_and_keys_do(
    program: int, lowest: int, highest: int
) -> None:
    assert playable_range(program) == (lowest, highest)


def test_sound_effects_play_any_pitch() -> None:
    assert playable_range(127) == EVERY_PITCH == (0, 127)
