from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from gen.config import ModelConfig
from gen.sampler.choose import Choices, draw, probabilities
from gen.sampler.forward import Network
from gen.sampler.generate import generate as generate_by
from gen.tokenizer.base import Automaton
from tests.tiny import random_weights

V = 10
FREE = np.zeros((1, V), np.int16)
PROMPT = np.array([3, 1, 4], np.int32)


def network(layers: int = 2) -> Network:
    config = ModelConfig(V, 4, 7, layers)
    return Network(config, random_weights(config, seed=2))


class Indifferent:
    """A network that likes all ids alike, whatever it reads: its texts are the draws themselves."""

    def initial_state(self, streams: int) -> list[Any]:
        return [(np.zeros((1, streams)), np.zeros((1, streams)))]

    def step(self, ids: NDArray[np.int32], state: Any) -> tuple[NDArray[np.float32], Any]:
        return np.zeros((len(ids), V), np.float32), state

    def read(self, ids: NDArray[np.int32], state: Any) -> tuple[NDArray[np.float32], Any]:
        return np.zeros((1, V), np.float32), state


def generate(
    network: Network,
    prompt: NDArray[np.int32],
    transitions: NDArray[np.int16],
    choices: Choices,
    *,
    streams: int = 1,
    **asked: Any,
) -> Iterator[NDArray[np.int32]]:
    grammar = Automaton(transitions, streams)
    return generate_by(network, prompt, grammar, choices, streams=streams, **asked)


def texts(ids: Iterator[NDArray[np.int32]], length: int) -> NDArray[np.int32]:
    return np.stack(list(islice(ids, length)), axis=1)


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_it_writes_what_stepping_by_hand_writes(temperature: float) -> None:
    length = 1100
    choices = Choices((temperature, temperature), top_k=6, min_p=0.01)
    found = texts(generate(network(), PROMPT, FREE, choices, seed=9), length)[0]
    by_hand = network()
    generator = np.random.default_rng((9, 0))
    state = by_hand.initial_state(1)
    for number in PROMPT:
        logits, state = by_hand.step(np.array([number]), state)
    expected = []
    for _ in range(length):
        ids = draw(probabilities(logits, temperature, choices), generator.random(1))
        expected.append(int(ids[0]))
        logits, state = by_hand.step(ids, state)
    assert found.tolist() == expected


def test_the_same_seed_writes_the_same_and_another_another() -> None:
    first, again, other = (
        texts(generate(network(), PROMPT, FREE, Choices(), streams=2, seed=seed), 60) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any(axis=1).all()
    assert (first[0] != first[1]).any()


def test_a_stream_draws_the_same_however_many_are_beside_it() -> None:
    indifferent = cast(Network, Indifferent())
    many = texts(generate(indifferent, PROMPT, FREE, Choices(), streams=5, seed=3), 1500)
    few = texts(generate(indifferent, PROMPT, FREE, Choices(), streams=2, seed=3), 1500)
    np.testing.assert_array_equal(many[:2], few)
    assert len({tuple(row) for row in many.tolist()}) == 5


def test_stream_k_draws_from_the_generator_seeded_with_the_seed_and_k() -> None:
    indifferent = cast(Network, Indifferent())
    found = texts(generate(indifferent, PROMPT, FREE, Choices(), streams=3, seed=7), 1500)
    for stream, text in enumerate(found):
        uniform = np.random.default_rng((7, stream)).random(1500)
        np.testing.assert_array_equal(text, draw(np.ones((1500, V)), uniform))


def test_streams_do_not_draw_in_step() -> None:
    indifferent = cast(Network, Indifferent())
    drawn = texts(generate(indifferent, PROMPT, FREE, Choices(), streams=4, seed=0), 4000)
    for stream in range(1, 4):
        # ten equally likely ids agree by chance in a tenth of the draws, give or take 0.005
        assert abs((drawn[0] == drawn[stream]).mean() - 0.1) < 0.025


@pytest.mark.parametrize("seed", range(10))
def test_an_automaton_is_always_obeyed(seed: int) -> None:
    generator = np.random.default_rng(seed)
    table = generator.integers(0, 4, (4, V)).astype(np.int16)
    table[generator.random((4, V)) < 0.7] = -1
    table[:, 5] = np.maximum(table[:, 5], 0)
    prompt = np.array([5, 5], np.int32)
    choices = Choices((50.0, 50.0), top_k=V)
    for text in texts(generate(network(), prompt, table, choices, streams=3, seed=seed), 80):
        place = 0
        for number in (*prompt, *text):
            place = table[place, number]
            assert place >= 0


def test_what_may_come_is_still_drawn_by_its_likelihood() -> None:
    table = np.full((1, V), -1, np.int16)
    table[0, [2, 7]] = 0
    drawn = texts(generate(cast(Network, Indifferent()), PROMPT[:0], table, Choices()), 4000)
    assert set(drawn.flat) == {2, 7}
    assert abs((drawn == 2).mean() - 0.5) < 0.04


def test_a_prompt_that_the_automaton_forbids_is_refused() -> None:
    table = FREE.copy()
    table[0, 4] = -1
    with pytest.raises(ValueError, match="may not come"):
        next(generate(network(), PROMPT, table, Choices()))


def test_the_prompt_decides_what_follows() -> None:
    first, other = (
        texts(generate(network(), np.array(prompt, np.int32), FREE, Choices((0.5, 0.5))), 40)
        for prompt in ([1, 2, 3], [1, 2, 9])
    )
    assert (first != other).any()


def test_the_temperature_is_asked_for_at_each_draw() -> None:
    asked = iter([np.array([0.0, 1.0]), np.array([0.25, 0.25]), np.array([1.0, 0.0])])
    choices = Choices((0.0, 1e9))
    indifferent = cast(Network, Indifferent())
    ids = generate(indifferent, PROMPT, FREE, choices, streams=2, seed=1, progress=lambda: next(asked))
    first = next(ids)
    assert first[0] == 0  # at temperature 0 the first of equals
    assert first[1] > 0  # and each text has a temperature of its own
    assert len(list(islice(ids, 2))) == 2
    assert next(asked, None) is None


def test_a_temperature_that_stays_is_the_same_whatever_is_written() -> None:
    def halves() -> NDArray[np.float64]:
        return np.full(2, 0.5)

    choices = Choices((0.7, 0.7))
    told, untold = (
        texts(generate(network(), PROMPT, FREE, choices, streams=2, seed=4, progress=progress), 60)
        for progress in (halves, None)
    )
    np.testing.assert_array_equal(told, untold)
