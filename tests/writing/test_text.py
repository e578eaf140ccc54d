"""New text, as it is made."""

import tracemalloc
from collections import deque
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gen.checkpoint import Model
from gen.errors import TokenizerError
from gen.sampler.choose import Choices
from gen.sampler.forward import Network
from gen.tokenizer.characters import CharacterTokenizer
from gen.writing import text as writing
from gen.writing.text import write_text
from tests.tiny import tiny_model

PLAIN = tiny_model()
SPELLING = tiny_model("\nabc", "é€😀")


def write(model: Model, prompt: str = "", choices: Choices | None = None, **asked: Any) -> list[list[str]]:
    """What each step added to each text."""
    network = Network(model.config, model.weights)
    tokenizer = CharacterTokenizer.from_json(model.tokenizer)
    return list(write_text(network, tokenizer, prompt, choices or Choices((2.0, 2.0)), **asked))


def texts(steps: list[list[str]]) -> list[str]:
    return ["".join(parts) for parts in zip(*steps, strict=True)]


@given(st.integers(0, 40), st.integers(1, 4), st.integers(0, 1000), st.booleans())
def test_each_text_has_exactly_the_characters_asked_for(
    length: int, count: int, seed: int, spells: bool
) -> None:
    steps = write(SPELLING if spells else PLAIN, length=length, count=count, seed=seed)
    assert [len(text) for text in texts(steps)] == [length] * count
    assert all(len(added) <= 1 for step in steps for added in step)


def test_characters_beyond_the_vocabulary_are_spelled_whole() -> None:
    text = "".join(texts(write(SPELLING, choices=Choices((50.0, 50.0)), length=300)))
    assert {len(character.encode()) for character in text} == {1, 2, 3, 4}
    assert "\ufffd" not in text


def test_a_text_does_not_depend_on_how_long_it_is_to_be() -> None:
    assert texts(write(PLAIN, length=60))[0].startswith(texts(write(PLAIN, length=30))[0])


def test_a_long_text_takes_no_more_memory_than_a_short_one() -> None:
    network = Network(PLAIN.config, PLAIN.weights)
    tokenizer = CharacterTokenizer.from_json(PLAIN.tokenizer)
    steps = write_text(network, tokenizer, "", Choices((1.0, 1.0)), length=1 << 40)
    held_bytes = []
    tracemalloc.start()
    try:
        for count in (2000, 8000):
            deque(islice(steps, count), maxlen=0)
            held_bytes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held_bytes[1] - held_bytes[0] < 8000


def test_the_prompt_is_read_and_not_written_again() -> None:
    plain, prompted = (texts(write(PLAIN, prompt, length=40, seed=4))[0] for prompt in ("", "the "))
    assert plain != prompted
    assert len(prompted) == 40


def test_without_a_prompt_a_text_goes_on_as_after_a_line_break() -> None:
    network = Network(PLAIN.config, PLAIN.weights)
    logits, _ = network.step(np.array([PLAIN.tokenizer["tokens"].index("\n")]), network.initial_state(1))
    (first,) = texts(write(PLAIN, choices=Choices((0.0, 0.0)), length=1))
    assert first == PLAIN.tokenizer["tokens"][int(logits.argmax())]


def test_a_prompt_that_cannot_be_said_is_refused() -> None:
    with pytest.raises(TokenizerError, match="'é'"):
        write(PLAIN, "é", length=1)


@pytest.mark.parametrize("length", [1, 2, 9])
def test_the_temperature_is_its_first_at_the_first_character_and_its_last_at_the_last(
    length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []

    def noting(network: Any, prompt: Any, grammar: Any, choices: Choices, *, progress: Any, **_: Any) -> Any:
        while True:
            used.append(float(choices.temperature_at(progress())[0]))
            yield np.zeros(1, np.int32)

    monkeypatch.setattr(writing, "generate", noting)
    write(PLAIN, choices=Choices((0.5, 1.5)), length=length)
    assert used[0] == 0.5
    assert used[-1] == pytest.approx(1.5 if length > 1 else 0.5)
    steps: NDArray[np.float64] = np.array([after - before for before, after in pairwise(used)])
    np.testing.assert_allclose(steps, 1 / max(1, length - 1))
