"""The automaton of byte tokens against Python's own UTF-8 encoder and decoder."""

import sys
from functools import cache
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from gen.tokenizer.characters import CharacterTokenizer

TOKENIZER = CharacterTokenizer.learn(["ab"], ["é"])
BYTES = TOKENIZER.transitions()[:, len(TOKENIZER.characters) :]
FORBIDDEN = -1


def accepted(sequences: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which rows of bytes lead from the start to where a document is complete."""
    states = np.zeros(len(sequences), np.int64)
    for column in sequences.T:
        states = np.where(states == FORBIDDEN, FORBIDDEN, BYTES[states, column])
    complete: NDArray[np.bool_] = states == 0
    return complete


def every_sequence(length: int) -> NDArray[np.uint8]:
    grid = np.indices((256,) * length, np.uint8).reshape(length, -1)
    return np.ascontiguousarray(grid.T)


@cache
def characters_by_length() -> dict[int, bytes]:
    """All characters there are, encoded by Python, joined with those of equal length."""
    codes = [code for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    bounds = [0, 0x80, 0x800, 0x10000, sys.maxunicode + 1]
    return {
        length: "".join(chr(code) for code in codes if bounds[length - 1] <= code < bounds[length]).encode()
        for length in (1, 2, 3, 4)
    }


def number_of_texts(length: int) -> int:
    """How many byte sequences of a length are UTF-8: all the ways to put characters together."""
    sizes = {width: len(encoded) // width for width, encoded in characters_by_length().items()}
    return sum(
        int(np.prod([sizes[width] for width in widths]))
        for count in range(1, length + 1)
        for widths in product(sizes, repeat=count)
        if sum(widths) == length
    )


@pytest.mark.parametrize("length", [1, 2])
def test_each_short_sequence_is_allowed_exactly_where_python_decodes_it(length: int) -> None:
    sequences = every_sequence(length)
    for sequence, allowed in zip(sequences, accepted(sequences), strict=True):
        try:
            sequence.tobytes().decode()
            assert allowed
        except UnicodeDecodeError:
            assert not allowed


def test_the_sequences_of_three_bytes_that_are_allowed_are_those_that_python_decodes() -> None:
    sequences = every_sequence(3)
    found = sequences[accepted(sequences)]
    # a line break after each: an incomplete character cannot be completed by its neighbour
    lines = np.column_stack([found, np.full(len(found), ord("\n"), np.uint8)])
    assert len(lines.tobytes().decode()) > 0
    assert len(found) == number_of_texts(3)


def test_as_many_sequences_of_four_bytes_are_allowed_as_are_utf8() -> None:
    states = len(BYTES)
    steps = np.array([[np.count_nonzero(row == to) for to in range(states)] for row in BYTES])
    assert np.linalg.matrix_power(steps, 4)[0, 0] == number_of_texts(4)


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_every_character_can_be_spelled(length: int) -> None:
    encoded = np.frombuffer(characters_by_length()[length], np.uint8).reshape(-1, length)
    assert accepted(encoded).all()


def test_random_sequences_of_four_bytes_are_allowed_exactly_where_python_decodes_them() -> None:
    generator = np.random.default_rng(0)
    # uniform bytes are hardly ever UTF-8: half of the sequences begin as one and end as another character
    uniform = generator.integers(0, 256, (20_000, 4), np.uint8)
    fours = np.frombuffer(characters_by_length()[4], np.uint8).reshape(-1, 4)
    near = fours[generator.integers(0, len(fours), 20_000)].copy()
    near[np.arange(20_000), generator.integers(0, 4, 20_000)] = generator.integers(0, 256, 20_000, np.uint8)
    sequences = np.concatenate([uniform, near])
    decodes = []
    for sequence in sequences:
        try:
            sequence.tobytes().decode()
            decodes.append(True)
        except UnicodeDecodeError:
            decodes.append(False)
    assert 1000 < sum(decodes) < 39_000
    assert accepted(sequences).tolist() == decodes


def test_characters_of_their_own_come_only_between_characters() -> None:
    own = TOKENIZER.transitions()[:, : len(TOKENIZER.characters)]
    assert (own[0] == 0).all()
    assert (own[1:] == FORBIDDEN).all()


def test_without_byte_tokens_any_character_may_follow_any() -> None:
    assert CharacterTokenizer.learn(["abc"]).transitions().tolist() == [[0, 0, 0]]


def test_from_every_state_the_character_can_be_completed() -> None:
    assert all((row != FORBIDDEN).any() for row in BYTES)


def test_any_walk_along_the_automaton_that_ends_where_it_began_can_be_decoded() -> None:
    generator = np.random.default_rng(1)
    table = TOKENIZER.transitions()
    for _ in range(300):
        state = 0
        ids: list[int] = []
        while not ids or state != 0 or len(ids) < 8:
            ids.append(int(generator.choice(np.flatnonzero(table[state] != FORBIDDEN))))
            state = int(table[state, ids[-1]])
        assert TOKENIZER.decode(np.array(ids, np.int32))
