import math

import numpy as np
import pytest
from numpy.typing import NDArray

from gen.config import ModelConfig
from gen.inspection import trace as traces
from gen.inspection.trace import foretell, logits, read
from gen.sampler.forward import Network
from tests.inspection.reference import naive_run, nats
from tests.tiny import random_weights

V, D, H, T = 11, 6, 9, 14


def random_ids() -> NDArray[np.int32]:
    return np.random.default_rng(5).integers(0, V, T).astype(np.int32)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_every_quantity_of_every_layer_is_that_of_the_equations(layers: int) -> None:
    weights = random_weights(ModelConfig(V, D, H, layers), seed=layers)
    exact = {name: array.astype(np.float64) for name, array in weights.items()}
    trace = read(ModelConfig(V, D, H, layers), exact, random_ids())
    expected, expected_logits = naive_run(weights, layers, random_ids().tolist())
    assert len(trace.layers) == layers
    for step, naive in zip(trace.layers, expected, strict=True):
        for name, values in step._asdict().items():
            np.testing.assert_allclose(values, naive[name], rtol=0, atol=1e-13, err_msg=name)
    np.testing.assert_allclose(logits(trace, exact, slice(None)), expected_logits, rtol=0, atol=1e-13)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_sampler_sees_the_same_memory_and_says_the_same(layers: int) -> None:
    config = ModelConfig(V, D, H, layers)
    weights = random_weights(config, seed=layers)
    trace = read(config, weights, random_ids())
    assert {quantity.dtype for step in trace.layers for quantity in step} == {np.dtype(np.float32)}
    network = Network(config, weights)
    state = network.initial_state(1)
    for step, number in enumerate(random_ids()):
        said, state = network.step(np.array([number]), state)
        np.testing.assert_allclose(logits(trace, weights, [step]), said, rtol=0, atol=1e-5)
        for layer, (_, C) in zip(trace.layers, state, strict=True):
            np.testing.assert_allclose(layer.C[step], C[:, 0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("most_logits", [1, 3 * V, 1 << 22])
def test_surprise_and_guesses_are_those_of_the_distribution(
    most_logits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "_MOST_LOGITS", most_logits)
    config = ModelConfig(V, D, H, 2)
    weights = random_weights(config)
    ids = random_ids()
    foretold = foretell(read(config, weights, ids), weights, 3)
    _, expected = naive_run(weights, 2, ids.tolist())
    assert foretold.bits.shape == (T - 1,)
    assert foretold.guesses.shape == foretold.shares.shape == (T - 1, 3)
    for step in range(T - 1):
        likely = [math.exp(-nats(expected[step], number)) for number in range(V)]
        assert foretold.bits[step] == pytest.approx(-math.log2(likely[ids[step + 1]]), abs=1e-4)
        best = sorted(range(V), key=lambda number: -likely[number])[:3]
        assert foretold.guesses[step].tolist() == best
        assert foretold.shares[step] == pytest.approx([likely[number] for number in best], abs=1e-5)


def test_a_vocabulary_smaller_than_the_guesses_asked_for_is_all_there_is() -> None:
    config = ModelConfig(2, D, H, 1)
    weights = random_weights(config)
    foretold = foretell(read(config, weights, random_ids() % 2), weights, 5)
    assert foretold.guesses.shape == (T - 1, 2)
    np.testing.assert_allclose(foretold.shares.sum(axis=1), 1)


def test_what_was_all_but_impossible_is_a_finite_surprise() -> None:
    config = ModelConfig(2, D, H, 1)
    weights = random_weights(config)
    weights["output.b"][:] = [1e5, -1e5]
    foretold = foretell(read(config, weights, np.array([0, 1], np.int32)), weights, 2)
    assert foretold.bits[0] == pytest.approx(2e5 / math.log(2), rel=1e-3)


@pytest.mark.parametrize("cut", [1, 6, T - 1])
def test_reading_on_after_what_was_read_is_reading_it_in_one_go(cut: int) -> None:
    config = ModelConfig(V, D, H, 2)
    weights = random_weights(config)
    ids = random_ids()
    whole = read(config, weights, ids)
    rest = read(config, weights, ids[cut:], read(config, weights, ids[:cut]))
    for mine, others in zip(rest.layers, whole.layers, strict=True):
        for name, values in mine._asdict().items():
            np.testing.assert_allclose(values, getattr(others, name)[cut:], rtol=0, atol=1e-6, err_msg=name)
