"""Notation that is out to do harm, and damage of all sorts: it is read, or refused in one short line."""

import random

import pytest

from gen.corpus.notation import Notated, read_notation
from gen.corpus.piece import UnreadableError
from tests.corpus.hostile_notation import HOSTILE
from tests.corpus.mutations import ARCHIVE, mutated, seeds

LONGEST_REASON = 300


def is_short_line(text: str) -> bool:
    return text.isprintable() and 0 < len(text) <= LONGEST_REASON


def read_or_refused(content: bytes, ending: str) -> Notated | None:
    """What is in a file; any other exception than a refusal fails the test."""
    try:
        found = read_notation(content, ending)
    except UnreadableError as error:
        assert is_short_line(str(error))
        return None
    assert all(len(piece.score.notes) and piece.title.isprintable() for piece in found.pieces)
    assert all(map(is_short_line, found.refused))
    return found


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_read_or_refused_with_the_reason(name: str) -> None:
    ending, content, words = HOSTILE[name]
    if not words:
        assert read_or_refused(content, ending)
        return
    with pytest.raises(UnreadableError, match=words) as refused:
        read_notation(content, ending)
    assert is_short_line(str(refused.value))


@pytest.mark.parametrize(
    ("ending", "number"), [(".musicxml", 60), (ARCHIVE, 40), (".abc", 200), (".krn", 80)]
)
def test_damaged_files_are_read_or_refused(ending: str, number: int) -> None:
    assert all(read_or_refused(content, ending) for content in seeds(ending))
    dice = random.Random(ending)
    read = sum(read_or_refused(mutated(ending, dice), ending) is not None for _ in range(number))
    assert number / 20 < read < number * 19 / 20  # both happen
