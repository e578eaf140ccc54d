import math

import numpy as np
import pytest
from numpy.typing import NDArray

from gen.config import ModelConfig
from gen.sampler.forward import Network, State, repeat_state
from tests.sampler.reference import naive_logits
from tests.tiny import random_weights

V, D, H = 11, 6, 9


def network(layers: int) -> tuple[Network, ModelConfig, dict[str, NDArray[np.float32]]]:
    config = ModelConfig(V, D, H, layers)
    weights = random_weights(config, seed=layers)
    return Network(config, weights), config, weights


def random_ids(*shape: int) -> NDArray[np.int32]:
    return np.random.default_rng(5).integers(0, V, shape).astype(np.int32)


def same_state(left: State, right: State) -> bool:
    pairs = zip(left, right, strict=True)
    return all(np.array_equal(a, b) for one, other in pairs for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("streams", [1, 4])
def test_each_step_agrees_with_the_equations_in_float64(layers: int, streams: int) -> None:
    stepping, config, weights = network(layers)
    ids = random_ids(streams, 12)
    expected = naive_logits(config, weights, ids)
    state = stepping.initial_state(streams)
    for step in range(12):
        logits, state = stepping.step(ids[:, step], state)
        assert logits.shape == (streams, V)
        assert logits.dtype == np.float32
        np.testing.assert_allclose(logits, expected[:, step], rtol=0, atol=1e-5)


def test_weights_so_large_that_gates_saturate_agree_too() -> None:
    config = ModelConfig(V, D, H, 2)
    weights = random_weights(config, scale=30)
    weights["output.W"] /= 30
    ids = random_ids(2, 8)
    stepping = Network(config, weights)
    state = stepping.initial_state(2)
    for step in range(8):
        logits, state = stepping.step(ids[:, step], state)
    np.testing.assert_allclose(logits, naive_logits(config, weights, ids)[:, -1], rtol=1e-4, atol=1e-3)


def test_the_largest_weights_of_a_model_file_open_and_close_gates_without_a_word() -> None:
    config = ModelConfig(V, D, H, 1)
    weights = {name: np.zeros_like(array) for name, array in random_weights(config).items()}
    weights["embedding"] += 1
    weights["lstm.0.b_f"] -= 1e6
    weights["lstm.0.b_i"] += 1e6
    weights["lstm.0.b_C"][::2] = 1e6
    weights["lstm.0.b_C"][1::2] = -1e6
    weights["output.W"][0, 0] = weights["output.W"][1, 1] = 1
    stepping = Network(config, weights)
    logits, state = stepping.read(random_ids(3), stepping.initial_state(1))
    np.testing.assert_array_equal(state[0][1][:, 0], np.where(np.arange(H) % 2, -1, 1))
    np.testing.assert_allclose(logits[0, :2], [math.tanh(1) / 2, -math.tanh(1) / 2], atol=1e-6)


def test_a_step_leaves_the_state_it_was_given_and_the_weights_as_they_were() -> None:
    stepping, _, weights = network(2)
    before = {name: array.copy() for name, array in weights.items()}
    _, state = stepping.read(random_ids(3), stepping.initial_state(2))
    kept = [(h.copy(), C.copy()) for h, C in state]
    first, _ = stepping.step(random_ids(2), state)
    again, _ = stepping.step(random_ids(2), state)
    assert same_state(state, kept)
    np.testing.assert_array_equal(first, again)
    assert all(np.array_equal(weights[name], before[name]) for name in weights)


def test_reading_is_stepping_and_can_be_cut_anywhere() -> None:
    stepping, _, _ = network(2)
    ids = random_ids(9)
    logits, state = stepping.read(ids, stepping.initial_state(1))
    stepped = stepping.initial_state(1)
    for number in ids:
        expected, stepped = stepping.step(np.array([number]), stepped)
    np.testing.assert_array_equal(logits, expected)
    assert same_state(state, stepped)
    _, half = stepping.read(ids[:4], stepping.initial_state(1))
    joined, half = stepping.read(ids[4:], half)
    np.testing.assert_array_equal(logits, joined)
    assert same_state(state, half)


def test_streams_read_beside_each_other_do_not_mix() -> None:
    stepping, _, _ = network(2)
    ids = random_ids(3, 6)
    state = stepping.initial_state(3)
    for column in ids.T:
        together, state = stepping.step(column, state)
    for stream in range(3):
        alone, _ = stepping.read(ids[stream], stepping.initial_state(1))
        np.testing.assert_allclose(together[stream], alone[0], rtol=0, atol=1e-6)


def test_a_repeated_state_goes_on_alike_on_every_stream() -> None:
    stepping, _, _ = network(2)
    _, state = stepping.read(random_ids(5), stepping.initial_state(1))
    alone, _ = stepping.step(np.array([3]), state)
    many, _ = stepping.step(np.full(4, 3), repeat_state(state, 4))
    np.testing.assert_allclose(many, np.repeat(alone, 4, axis=0), rtol=0, atol=1e-6)
