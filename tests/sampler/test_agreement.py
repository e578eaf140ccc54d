"""The NumPy network against the TensorFlow one that is trained."""

import numpy as np
import pytest

from gen.config import ModelConfig
from gen.model.network import Network as TrainedNetwork
from gen.sampler.forward import Network
from tests.tiny import random_weights


@pytest.mark.parametrize("layers", [1, 2])
def test_logits_agree_with_the_trained_network_read_in_windows(layers: int) -> None:
    config = ModelConfig(vocabulary_size=17, embedding_size=12, units=48, layers=layers)
    weights = random_weights(config, scale=0.2)
    trained = TrainedNetwork(config)
    trained.assign(weights)
    fused = trained.fuse()
    ids = np.random.default_rng(0).integers(0, 17, (3, 24)).astype(np.int32)
    stepping = Network(config, weights)
    state, trained_state = stepping.initial_state(3), trained.initial_state(3)
    for window in np.split(ids, [7, 8, 20], axis=1):
        expected, trained_state = trained.forward(window, trained_state, fused)
        for step, column in enumerate(window.T):
            logits, state = stepping.step(column, state)
            np.testing.assert_allclose(logits, expected[step], rtol=0, atol=1e-5)
    for (_, C), (_, trained_C) in zip(state, trained_state, strict=True):
        np.testing.assert_allclose(C.T, trained_C, rtol=0, atol=1e-5)


def test_the_weights_of_a_trained_network_are_those_that_are_sampled_with() -> None:
    config = ModelConfig(vocabulary_size=9, embedding_size=4, units=6, layers=2)
    trained = TrainedNetwork(config, seed=3)
    ids = np.array([[1, 5, 8, 0]], np.int32)
    expected, _ = trained.forward(ids, trained.initial_state(1), trained.fuse())
    sampling = Network(config, trained.weights())
    logits, _ = sampling.read(ids[0], sampling.initial_state(1))
    np.testing.assert_allclose(logits[0], expected[-1, 0], rtol=0, atol=1e-5)
