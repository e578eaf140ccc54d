from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from gen.checkpoint import weight_shapes
from gen.config import ModelConfig
from gen.dataset.windows import Window
from gen.model.kernels import tf
from gen.model.network import Network
from gen.model.parts import part_bounds, read_window
from tests.training.plain_network import (
    Array,
    Arrays,
    PlainState,
    plain_logits,
    plain_reading,
    random_state,
    random_weights,
)

N, T, V = 5, 7, 6


def make_network(layers: int) -> Network:
    network = Network(ModelConfig(V, embedding_size=3, units=4, layers=layers))
    network.assign(random_weights(weight_shapes(network.config), seed=layers))
    return network


def random_ids(seed: int, time_steps: int = T) -> Array:
    return np.random.default_rng(seed).integers(0, V, (N, time_steps), dtype=np.int32)


def window_of(ids: Array) -> Window:
    return Window(ids, np.ones((N, ids.shape[1] - 1), np.float32), np.zeros(N, bool))


def as_tensors(state: PlainState) -> Any:
    return [(tf.constant(h), tf.constant(C)) for h, C in state]


def read(
    network: Network, window: Window, state: PlainState, parts: int, entropy: bool = False
) -> tuple[float, PlainState, Arrays]:
    """Nats (or entropy), the state after, and the gradients."""
    variables = network.variables
    with tf.GradientTape() as tape:
        reading = read_window(
            network, window.ids, window.weights, tf.constant(window.fresh), as_tensors(state), parts
        )
        summed = reading.entropy if entropy else reading.nats
    gradients = tape.gradient(summed, [variable.value for variable in variables.values()])
    dense = [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]
    after = [(h.numpy(), C.numpy()) for h, C in reading.state]
    return float(summed), after, dict(zip(variables, dense, strict=True))


def assert_states_equal(got: Any, expected: PlainState) -> None:
    for pair, expected_pair in zip(got, expected, strict=True):
        for array, expected_array in zip(pair, expected_pair, strict=True):
            np.testing.assert_allclose(array, expected_array, rtol=0, atol=1e-6)


@pytest.mark.parametrize("layers", [1, 2])
def test_logits_and_state_equal_the_equations_one_step_after_the_other(layers: int) -> None:
    network, ids = make_network(layers), random_ids(1)
    state = random_state(network.config, N, seed=2)
    logits, after = network.forward(tf.constant(ids), as_tensors(state), network.fuse())
    expected, expected_after = plain_logits(network.config, network.weights(), ids, state)
    np.testing.assert_allclose(np.transpose(logits, (1, 0, 2)), expected, rtol=1e-6, atol=2e-6)
    assert_states_equal(after, expected_after)


def test_the_first_state_is_zero() -> None:
    assert_states_equal(make_network(2).initial_state(3), 2 * [(np.zeros((3, 4)), np.zeros((3, 4)))])


@pytest.mark.parametrize("streams", range(1, 12))
def test_parts_cover_every_stream_once_and_differ_by_one_at_most(streams: int) -> None:
    for parts in range(1, 15):
        bounds = part_bounds(streams, parts)
        assert [stream for first, last in bounds for stream in range(first, last)] == list(range(streams))
        sizes = [last - first for first, last in bounds]
        assert len(sizes) == min(parts, streams)
        assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("parts", [2, 3, 5])
@pytest.mark.parametrize("entropy", [False, True])
def test_in_parts_equals_in_one_for_values_state_and_gradients(parts: int, entropy: bool) -> None:
    network = make_network(2)
    rng = np.random.default_rng(3)
    window = Window(
        random_ids(3, T + 1), rng.integers(0, 2, (N, T)).astype(np.float32), np.arange(N) % 2 == 1
    )
    state = random_state(network.config, N, seed=4)
    whole, split = (read(network, window, state, number, entropy) for number in (1, parts))
    np.testing.assert_allclose(split[0], whole[0], rtol=1e-6)
    assert_states_equal(split[1], whole[1])
    for name, gradient in whole[2].items():
        assert np.any(gradient), name
        np.testing.assert_allclose(split[2][name], gradient, rtol=1e-5, atol=2e-6, err_msg=name)


def test_fresh_clears_exactly_the_streams_it_names() -> None:
    network, ids = make_network(2), random_ids(5, T + 1)
    state = random_state(network.config, N, seed=6)
    fresh = np.array([True, False, True, False, False])
    window = Window(ids, np.ones((N, T), np.float32), fresh)
    nats, after, _ = read(network, window, state, parts=2)
    cleared = [(np.where(fresh[:, None], 0, h), np.where(fresh[:, None], 0, C)) for h, C in state]
    expected, _, expected_after = plain_reading(network.config, network.weights(), window_of(ids), cleared)
    np.testing.assert_allclose(nats, expected, rtol=1e-6)
    assert_states_equal(after, expected_after)


def test_what_has_weight_zero_neither_counts_nor_teaches() -> None:
    network, ids = make_network(1), random_ids(7, T + 1)
    state = random_state(network.config, N, seed=8)
    weights = np.ones((N, T), np.float32)
    weights[1, 3:] = weights[4, :] = 0
    window = Window(ids, weights, np.zeros(N, bool))
    nats, _, gradients = read(network, window, state, parts=2)
    expected, expected_entropy, _ = plain_reading(network.config, network.weights(), window, state)
    np.testing.assert_allclose(nats, expected, rtol=1e-6)
    unsure, _, _ = read(network, window, state, parts=2, entropy=True)
    np.testing.assert_allclose(unsure, expected_entropy, rtol=1e-6)
    other_ids = ids.copy()
    other_ids[1, 4:] = (ids[1, 4:] + 1) % V
    other_ids[4, 1:] = (ids[4, 1:] + 1) % V
    other = Window(other_ids, weights, window.fresh)
    other_nats, _, other_gradients = read(network, other, state, parts=2)
    assert other_nats == nats
    for name, gradient in gradients.items():
        np.testing.assert_allclose(other_gradients[name], gradient, rtol=0, atol=1e-6, err_msg=name)


def test_windows_with_carried_state_equal_one_reading() -> None:
    network, ids = make_network(2), random_ids(9, 13)
    state = random_state(network.config, N, seed=10)
    whole, whole_after, _ = read(network, window_of(ids), state, parts=1)
    total = 0.0
    for first, last in pairwise([0, 5, 6, 12]):
        nats, state, _ = read(network, window_of(ids[:, first : last + 1]), state, parts=2)
        total += nats
    np.testing.assert_allclose(total, whole, rtol=1e-6)
    assert_states_equal(state, whole_after)


def test_weights_go_in_as_they_come_out_and_nothing_else_is_taken() -> None:
    network, other = make_network(2), make_network(2)
    weights = random_weights(weight_shapes(network.config), seed=11)
    other.assign(weights)
    assert list(other.weights()) == list(weight_shapes(network.config))
    for name, values in other.weights().items():
        np.testing.assert_array_equal(values, weights[name])
    with pytest.raises(ValueError, match=r"output\.b"):
        other.assign({name: values for name, values in weights.items() if name != "output.b"})


def test_first_weights_come_from_the_seed() -> None:
    config = ModelConfig(V, 3, 4, 2)
    one, same, another = (Network(config, seed=seed).weights() for seed in (1, 1, 2))
    for name, values in one.items():
        np.testing.assert_array_equal(values, same[name])
    matrices = [name for name, values in one.items() if values.ndim == 2]
    assert all(np.any(one[name] != another[name]) for name in matrices)
    assert np.any(one["lstm.1.W_f"] != one["lstm.1.W_i"])
    np.testing.assert_array_equal(one["lstm.0.b_f"], 1)
