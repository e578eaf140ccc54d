"""What is remembered of a prompt is the very state that reading it gives."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gen.config import ModelConfig
from gen.sampler import generate as generating
from gen.sampler.choose import Choices
from gen.sampler.forward import Network
from gen.sampler.generate import generate, read_in_parts
from gen.sampler.memory import Known, Memory
from gen.tokenizer.base import Automaton
from tests.tiny import random_weights

V = 10
CONFIG = ModelConfig(V, 4, 7, 2)
NETWORK = Network(CONFIG, random_weights(CONFIG, seed=2))
ids = st.lists(st.integers(0, V - 1), min_size=1, max_size=12).map(lambda found: np.array(found, np.int32))


def same(one: Known, other: Known) -> bool:
    pairs = zip(one.state, other.state, strict=True)
    return np.array_equal(one.logits, other.logits) and all(
        np.array_equal(mine, others) for layers in pairs for mine, others in zip(*layers, strict=True)
    )


def read(prompt: NDArray[np.int32], memory: Memory | None = None) -> Known:
    *_, last = read_in_parts(NETWORK, prompt, memory)
    return last


@given(st.lists(ids, min_size=1, max_size=8), st.integers(1, 3))
def test_reading_on_from_what_is_remembered_is_reading_from_the_start(
    prompts: list[NDArray[np.int32]], most: int
) -> None:
    memory = Memory(most)
    for prompt in (*prompts, *(np.concatenate([prompts[0], prompt]) for prompt in prompts)):
        logits, state = NETWORK.read(prompt, NETWORK.initial_state(1))
        assert same(read(prompt, memory), Known(logits, state))


def test_what_is_remembered_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    numbers: list[int] = []
    step = Network.step

    def counted(self: Network, ids: NDArray[np.int32], state: object) -> object:
        numbers.extend(ids.tolist())
        return step(self, ids, state)  # type: ignore[arg-type]

    monkeypatch.setattr(Network, "step", counted)
    read(np.array([1, 2, 3], np.int32), memory)
    read(np.array([1, 2], np.int32), memory)
    read(np.array([1, 2, 3, 4], np.int32), memory)
    read(np.array([1, 2, 3, 4], np.int32), memory)
    assert numbers == [1, 2, 3, 1, 2, 4]


def test_only_so_many_are_remembered_and_those_used_last() -> None:
    memory = Memory(2)
    one, two, three = (np.array([number], np.int32) for number in (1, 2, 3))
    for prompt in (one, two, one, three):
        read(prompt, memory)
    assert [memory.recall(prompt)[0] for prompt in (one, two, three)] == [1, 0, 1]


@given(st.integers(1, 700))
def test_a_prompt_is_read_in_parts_none_of_them_long(length: int) -> None:
    prompt = np.random.default_rng(length).integers(0, V, length).astype(np.int32)
    parts = list(read_in_parts(NETWORK, prompt))
    assert len(parts) == -(-length // generating._READ_AT_ONCE)
    logits, state = NETWORK.read(prompt, NETWORK.initial_state(1))
    assert same(parts[-1], Known(logits, state))


@pytest.mark.parametrize("streams", [1, 3])
def test_whoever_watches_sees_the_logits_as_they_are_and_what_was_drawn(streams: int) -> None:
    prompt = np.array([3, 1, 4], np.int32)
    transitions = np.zeros((1, V), np.int16)
    transitions[0, 5:] = -1  # forbidden, and seen nevertheless
    seen: list[tuple[NDArray[np.float32], NDArray[np.int32]]] = []
    drawn = list(
        islice(
            generate(
                NETWORK,
                prompt,
                Automaton(transitions, streams),
                Choices((2.0, 2.0)),
                streams=streams,
                watch=lambda logits, ids: seen.append((logits.copy(), ids.copy())),
            ),
            20,
        )
    )
    assert np.array_equal([ids for _, ids in seen], drawn)
    for stream in range(streams):
        state = NETWORK.initial_state(1)
        logits, state = NETWORK.read(prompt, state)
        for said, ids in seen:
            np.testing.assert_allclose(said[stream], logits[0], atol=1e-5)
            assert np.isfinite(said).all()
            assert ids[stream] < 5
            logits, state = NETWORK.step(ids[stream : stream + 1], state)
