from typing import Any

import numpy as np
import pytest

from gen.model import LSTMLayer, from_keras_lstm, to_keras_lstm
from gen.model.layer import keras, tf
from tests.model.reference import NAMES, random_weights

N, T, D, H = 4, 7, 3, 5

ANYWHERE = np.random.default_rng(0).random((N, T)) < 0.5
ANYWHERE[0] = False  # nothing of this stream counts
FIRST_STEP = np.arange(T) == 0

# While a stream has only masked steps behind it, Keras puts out zeros and this layer the held h_0: the same
# thing from a fresh state, so such masks are compared from there.
CASES = {
    "no mask": (None, True),
    "right padding": (np.arange(T) < np.array([[7], [3], [1], [2]]), True),
    "holes": (ANYWHERE | FIRST_STEP, True),
    "empty streams, fresh state": (np.arange(T) < np.array([[7], [3], [1], [0]]), False),
    "anywhere, fresh state": (ANYWHERE, False),
}


def random_keras_lstm(seed: int, **arguments: Any) -> Any:
    """A Keras LSTM in float64 with distinct random weights in every gate."""
    layer = keras.layers.LSTM(H, return_sequences=True, return_state=True, dtype="float64", **arguments)
    layer.build((None, None, D))
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.standard_normal(variable.shape) for variable in layer.weights])
    return layer


def differentiate(layer: Any, mask: Any, carried: bool) -> tuple[Any, list[Any], list[Any]]:
    """Outputs, gradients for x (and, where a state is carried in, h_0 and C_0), gradients for the weights."""
    rng = np.random.default_rng(1)
    shapes = [(N, T, D), (N, H), (N, H)] if carried else [(N, T, D)]
    inputs = [tf.constant(rng.standard_normal(shape)) for shape in shapes]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs[0], initial_state=inputs[1:] if carried else None, mask=mask)
        loss = sum(tf.reduce_sum(part * rng.standard_normal(tuple(part.shape))) for part in outputs)
    of_inputs, of_weights = tape.gradient(loss, (inputs, layer.trainable_weights))
    return outputs, of_inputs, of_weights


@pytest.mark.parametrize(("mask", "carried"), CASES.values(), ids=CASES.keys())
def test_values_and_gradients_equal_those_of_keras(mask: Any, carried: bool) -> None:
    theirs = random_keras_lstm(2)
    ours = from_keras_lstm(theirs)
    expected, expected_inputs, (dkernel, drecurrent, dbias) = differentiate(theirs, mask, carried)
    got, got_inputs, got_weights = differentiate(ours, mask, carried)
    for left, right in zip([*got, *got_inputs], [*expected, *expected_inputs], strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-10)
    # Keras lists its gates as i, f, c, o.
    dW = dict(
        zip(("W_i", "W_f", "W_C", "W_o"), np.split(np.concatenate([drecurrent, dkernel]), 4, 1), strict=True)
    )
    db = dict(zip(("b_i", "b_f", "b_C", "b_o"), np.split(dbias, 4), strict=True))
    for name, gradient in zip(NAMES, got_weights, strict=True):
        np.testing.assert_allclose(gradient, {**dW, **db}[name], rtol=1e-10, atol=1e-10, err_msg=name)


def test_weights_return_bit_by_bit() -> None:
    theirs = random_keras_lstm(4)
    for before, after in zip(
        theirs.get_weights(), to_keras_lstm(from_keras_lstm(theirs)).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(before, after)


def test_ours_as_a_keras_layer_computes_the_same() -> None:
    ours = LSTMLayer(H, return_sequences=True, dtype="float64")
    ours.build((None, None, D))
    rng = np.random.default_rng(5)
    for name, value in random_weights(rng, D, H).items():
        getattr(ours, name).assign(value)
    x = rng.standard_normal((N, T, D))
    np.testing.assert_allclose(to_keras_lstm(ours)(x), ours(x), rtol=0, atol=1e-13)


def test_settings_are_carried_both_ways() -> None:
    theirs = keras.layers.LSTM(
        H, return_sequences=True, name="memory", dtype="mixed_bfloat16", trainable=False
    )
    theirs.build((None, None, D))
    ours = from_keras_lstm(theirs)
    for layer in (ours, to_keras_lstm(ours)):
        assert (layer.name, layer.units, layer.dtype_policy.name) == ("memory", H, "mixed_bfloat16")
        assert (layer.return_sequences, layer.return_state, layer.trainable) == (True, False, False)


@pytest.mark.parametrize(
    "arguments",
    [
        {"activation": "relu"},
        {"recurrent_activation": "hard_sigmoid"},
        {"use_bias": False},
        {"go_backwards": True},
        {"stateful": True},
        {"dropout": 0.1},
        {"recurrent_dropout": 0.1},
        {"kernel_regularizer": "l2"},
        {"recurrent_constraint": "max_norm"},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_what_cannot_be_carried_is_refused_by_name(arguments: dict[str, Any]) -> None:
    theirs = keras.layers.LSTM(H, **arguments)
    theirs.build((N, None, D))
    with pytest.raises(ValueError, match=f"cannot carry {next(iter(arguments))}="):
        from_keras_lstm(theirs)


def test_other_layers_and_layers_without_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="expected a LSTM, received GRU"):
        from_keras_lstm(keras.layers.GRU(H))
    with pytest.raises(ValueError, match="expected a LSTMLayer, received LSTM"):
        to_keras_lstm(keras.layers.LSTM(H))
    with pytest.raises(ValueError, match="has no weights yet"):
        from_keras_lstm(keras.layers.LSTM(H))
    with pytest.raises(ValueError, match="has no weights yet"):
        to_keras_lstm(LSTMLayer(H))
