from typing import Any

import numpy as np
import pytest

from gen.checkpoint import weight_shapes
from gen.config import ModelConfig
from gen.dataset.windows import Window
from gen.model.kernels import tf
from gen.model.network import Network
from gen.training.step import TrainingStep
from tests.training.plain_network import (
    PlainAdamW,
    numeric_gradients,
    plain_reading,
    random_state,
    random_weights,
)
from tests.training.tiny import training_config

N, T = 3, 5
DECAY, NORM = 0.3, 0.25


def model_config(layers: int) -> ModelConfig:
    return ModelConfig(vocabulary_size=6, embedding_size=3, units=4, layers=layers)


def make_step(layers: int, **changes: Any) -> TrainingStep:
    return TrainingStep(Network(model_config(layers)), training_config(**changes))


@pytest.fixture(scope="module", params=[0.0, 0.3])
def penalty(request: pytest.FixtureRequest) -> float:
    return float(request.param)


@pytest.fixture(scope="module")
def compiled(penalty: float) -> TrainingStep:
    restraint = {"weight_decay": DECAY, "gradient_norm": NORM, "confidence_penalty": penalty}
    return make_step(2, dropout=0.0, parts=2, **restraint)


@pytest.fixture
def step(compiled: TrainingStep) -> TrainingStep:
    """A step that has not been made yet, which compiles once for all tests."""
    compiled.network.assign(random_weights(weight_shapes(compiled.network.config), seed=1))
    zeros = {name: np.zeros_like(values) for name, values in compiled.optimizer_state().items()}
    compiled.assign_optimizer_state(zeros)
    return compiled


def random_window(seed: int) -> Window:
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 6, (N, T + 1), dtype=np.int32)
    weights = np.ones((N, T), np.float32)
    weights[2, 3:] = 0
    return Window(ids, weights, np.array([False, True, False]))


def first_state(layers: int = 2) -> Any:
    return [(tf.constant(h), tf.constant(C)) for h, C in random_state(model_config(layers), N, seed=3)]


def test_two_updates_equal_adamw_on_numeric_gradients(step: TrainingStep, penalty: float) -> None:
    config, plain = step.network.config, PlainAdamW(DECAY, NORM)
    state, expected = first_state(), step.network.weights()
    lengths, clear = [], {name: np.array(True) for name in expected}
    for number, rate in enumerate((0.02, 0.005)):
        window = random_window(number)
        as_arrays = [(h.numpy(), C.numpy()) for h, C in state]
        read = (config, step.network.weights(), window, as_arrays)
        gradients = numeric_gradients(*read, penalty)
        nats, _, _ = plain_reading(*read)
        lengths.append(np.sqrt(sum(np.sum(gradient**2) for gradient in gradients.values())))
        result = step(window, state, number, rate)
        np.testing.assert_allclose(result.gradient_norm, lengths[-1], rtol=1e-5)
        np.testing.assert_allclose(result.loss, nats / window.predictions, rtol=1e-5)
        expected = plain.update(expected, gradients, rate)
        moments = step.optimizer_state()
        for name, values in step.network.weights().items():
            m, v = plain.m[name], plain.v[name]
            np.testing.assert_allclose(moments[f"optimizer.m.{name}"], m, rtol=1e-4, atol=1e-7)
            np.testing.assert_allclose(moments[f"optimizer.v.{name}"], v, rtol=1e-4, atol=1e-9)
            # where a gradient is all but zero its sign, and with it Adam's first steps, is rounding
            size = np.abs(gradients[name])
            clear[name] = clear[name] & ((size == 0) | (size > 2e-5))
            error = np.abs(values - expected[name])
            assert np.max(error[clear[name]]) < 1e-4, name
        state = result.state
    assert np.mean(np.concatenate([kept.ravel() for kept in clear.values()])) > 0.75
    assert lengths[0] > NORM > lengths[1], f"one update must be clipped and the other not: {lengths}"


def test_rate_zero_leaves_the_weights_but_not_the_moments(step: TrainingStep) -> None:
    before = step.network.weights()
    step(random_window(0), first_state(), 0, 0.0)
    for name, values in step.network.weights().items():
        np.testing.assert_array_equal(values, before[name])
    moments = step.optimizer_state()
    assert moments["optimizer.updates"] == 1
    assert all(np.any(moments[f"optimizer.m.{name}"]) for name in before)


@pytest.mark.parametrize("forgotten", ["nothing", "optimizer.updates", "optimizer.m.lstm.1.W_C"])
def test_moments_go_in_as_they_come_out(step: TrainingStep, forgotten: str) -> None:
    step(random_window(0), first_state(), 0, 0.01)
    weights, moments = step.network.weights(), step.optimizer_state()
    step(random_window(1), first_state(), 1, 0.01)
    expected = step.network.weights()
    step.network.assign(weights)
    step.assign_optimizer_state(
        {name: 0 * value if name == forgotten else value for name, value in moments.items()}
    )
    step(random_window(1), first_state(), 1, 0.01)
    same = all(np.array_equal(values, expected[name]) for name, values in step.network.weights().items())
    assert same == (forgotten == "nothing")


def test_the_embedding_is_dropped_by_a_share_of_its_own() -> None:
    def loss(**changes: Any) -> float:
        step = make_step(1, parts=1, seed=7, **changes)
        step.network.assign(random_weights(weight_shapes(model_config(1)), seed=1))
        return step(random_window(0), first_state(1), 0, 0.0).loss

    as_hidden = loss(dropout=0.5, input_dropout=None)
    assert loss(dropout=0.5, input_dropout=0.5) == as_hidden
    assert loss(dropout=0.0, input_dropout=0.0) == loss(dropout=0.0)
    different = [as_hidden, loss(dropout=0.5, input_dropout=0.0), loss(dropout=0.0, input_dropout=0.5)]
    assert len({*different, loss(dropout=0.0)}) == 4


def test_dropout_follows_seed_and_step_and_not_the_parts() -> None:
    weights = random_weights(weight_shapes(model_config(1)), seed=1)

    def losses(numbers: tuple[int, ...], **changes: Any) -> list[float]:
        step = make_step(1, dropout=0.5, **changes)
        step.network.assign(weights)
        return [step(random_window(0), first_state(1), number, 0.0).loss for number in numbers]

    whole = losses((0, 1, 2, 1), parts=1, seed=7)
    assert len(set(whole)) == 3
    assert whole[3] == whole[1]
    np.testing.assert_allclose(losses((0, 1, 2, 1), parts=2, seed=7), whole, rtol=1e-6)
    assert set(losses((0, 1, 2), parts=1, seed=8)).isdisjoint(whole)
