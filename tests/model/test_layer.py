import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest

from gen.model.layer import LSTMLayer, keras, tf
from tests.model.reference import NAMES, naive_lstm, random_weights

N, T, D, H = 4, 6, 3, 5

# Keras 3.15's own `Variable.__array__` lacks the `copy` argument that NumPy 2 asks for; `save` runs into it.
COPY_KEYWORD = "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"


def layer_with(weights: dict[str, Any], dtype: Any = "float64", **arguments: Any) -> Any:
    layer = LSTMLayer(H, dtype=dtype, **arguments)
    layer.build((None, None, D))
    for name, value in weights.items():
        getattr(layer, name).assign(value)
    return layer


def test_owns_eight_variables_under_the_equations_names() -> None:
    layer = layer_with({})
    assert [variable.name for variable in layer.weights] == list(NAMES)
    assert [tuple(variable.shape) for variable in layer.weights] == 4 * [(H + D, H)] + 4 * [(H,)]
    assert len(layer.trainable_weights) == 8


def test_initial_weights_are_orthogonal_for_h_and_glorot_for_x_and_the_forget_bias_is_one() -> None:
    layer = layer_with({}, seed=3)
    for name in NAMES[:4]:
        recurrent, inputs = np.split(np.asarray(getattr(layer, name)), [H])
        np.testing.assert_allclose(recurrent.T @ recurrent, np.eye(H), atol=1e-6)
        assert 0.3 < np.max(np.abs(inputs)) / np.sqrt(6 / (D + H)) <= 1
    for name, value in zip(NAMES[4:], (1, 0, 0, 0), strict=True):
        np.testing.assert_array_equal(np.asarray(getattr(layer, name)), value)


def test_a_seed_fixes_the_initial_weights_and_every_matrix_differs() -> None:
    first, again, other = (layer_with({}, seed=seed).get_weights() for seed in (7, 7, 8))
    for left, right, different in zip(first[:4], again[:4], other[:4], strict=True):
        np.testing.assert_array_equal(left, right)
        assert not np.allclose(left, different)
    assert len({matrix.tobytes() for matrix in first[:4]}) == 4


@pytest.mark.parametrize("masked", [False, True])
def test_outputs_equal_the_papers_loop(masked: bool) -> None:
    rng = np.random.default_rng(1)
    weights = random_weights(rng, D, H)
    x, state = rng.standard_normal((N, T, D)), [rng.standard_normal((N, H)) for _ in range(2)]
    mask = rng.random((N, T)) < 0.6 if masked else None
    expected = naive_lstm(x.transpose(1, 0, 2), state[0], state[1], weights, None if mask is None else mask.T)
    layer = layer_with(weights, return_sequences=True, return_state=True)
    outputs = layer(x, initial_state=state, mask=mask)
    np.testing.assert_allclose(outputs[0], expected[0].transpose(1, 0, 2), rtol=0, atol=1e-13)
    np.testing.assert_allclose(outputs[1], expected[1], rtol=0, atol=1e-13)
    np.testing.assert_allclose(outputs[2], expected[2], rtol=0, atol=1e-13)


def test_without_a_state_it_starts_from_zeros_and_returns_the_last_h() -> None:
    rng = np.random.default_rng(2)
    weights, x = random_weights(rng, D, H), rng.standard_normal((N, T, D))
    _, h_T, _ = naive_lstm(x.transpose(1, 0, 2), np.zeros((N, H)), np.zeros((N, H)), weights)
    np.testing.assert_allclose(layer_with(weights)(x), h_T, rtol=0, atol=1e-13)


def test_a_mask_travels_through_a_model_and_on() -> None:
    rng = np.random.default_rng(3)
    ids = np.array([[1, 2, 0, 0], [3, 1, 2, 0]])
    embedding = keras.layers.Embedding(4, D, mask_zero=True, dtype="float64")
    layer = layer_with(random_weights(rng, D, H), return_sequences=True)
    embedded = embedding(ids)
    np.testing.assert_array_equal(layer(embedded)[0, 1], layer(embedded)[0, 3])
    np.testing.assert_array_equal(layer(embedded)._keras_mask, ids != 0)
    state = [np.zeros((2, H)), np.zeros((2, H))]
    np.testing.assert_array_equal(layer(embedded, initial_state=state), layer(embedded))


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("return_state", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_bfloat16"])
def test_shapes_and_dtypes_are_what_the_symbolic_call_says(
    return_sequences: bool, return_state: bool, dtype: str
) -> None:
    layer = LSTMLayer(H, dtype=dtype, return_sequences=return_sequences, return_state=return_state)
    symbolic = layer(keras.Input((T, D), batch_size=N))
    got = layer(np.zeros((N, T, D), np.float32))
    shapes = layer.compute_output_shape((N, T, D))
    if not return_state:
        symbolic, got, shapes = (symbolic,), (got,), (shapes,)
    for spec, value, shape in zip(symbolic, got, shapes, strict=True):
        assert tuple(spec.shape) == tuple(value.shape) == shape
        assert spec.dtype == value.dtype.name
    if return_state and dtype == "mixed_bfloat16":
        assert [value.dtype for value in got] == [tf.bfloat16, tf.float32, tf.float32]


def test_mixed_bfloat16_keeps_a_carried_state_unrounded_and_gradients_in_float32() -> None:
    rng = np.random.default_rng(4)
    weights = random_weights(rng, D, H)
    layer = layer_with(weights, dtype="mixed_bfloat16", return_state=True)
    state = [rng.standard_normal((N, H)).astype(np.float32) for _ in range(2)]
    nothing = np.zeros((N, 1, D), np.float32)
    _, h, C = layer(nothing, initial_state=state, mask=np.zeros((N, 1), bool))
    np.testing.assert_array_equal(h, state[0])
    np.testing.assert_array_equal(C, state[1])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(rng.standard_normal((N, T, D)), initial_state=state)[1])
    got = tape.gradient(loss, layer.trainable_weights)
    assert {gradient.dtype for gradient in got} == {tf.float32}


@pytest.mark.filterwarnings(COPY_KEYWORD)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_trains_with_fit_saves_under_the_eight_names_and_loads(tmp_path: Path, dtype: str) -> None:
    rng = np.random.default_rng(5)
    model = keras.Sequential(
        [
            keras.layers.Embedding(7, D, dtype=dtype),
            LSTMLayer(H, return_sequences=True, dtype=dtype, seed=1),
            LSTMLayer(H, dtype=dtype, seed=2),
            keras.layers.Dense(7, dtype="float32"),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    ids = rng.integers(0, 7, (32, T))
    history = model.fit(ids, ids[:, 0], batch_size=8, epochs=8, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]

    path = tmp_path / "model.keras"
    model.save(path)
    with zipfile.ZipFile(path) as archive, h5py.File(BytesIO(archive.read("model.weights.h5"))) as weights:
        stored = weights["layers/lstm_layer/vars"]
        assert sorted(stored) == sorted(NAMES)
        for name in NAMES:
            np.testing.assert_array_equal(stored[name][()], np.asarray(getattr(model.layers[1], name)))
    loaded = keras.saving.load_model(path)
    np.testing.assert_array_equal(loaded(ids), model(ids))


@pytest.mark.filterwarnings(COPY_KEYWORD)
def test_a_functional_model_may_carry_the_state_in_and_out(tmp_path: Path) -> None:
    inputs, h_0, C_0 = keras.Input((None, D)), keras.Input((H,)), keras.Input((H,))
    outputs = LSTMLayer(H, return_sequences=True, return_state=True)(inputs, initial_state=[h_0, C_0])
    model = keras.Model([inputs, h_0, C_0], outputs)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")

    rng = np.random.default_rng(6)
    x, *state = (tf.constant(rng.standard_normal(shape), tf.float32) for shape in ((N, T, D), (N, H), (N, H)))
    whole = model([x, *state])
    first, *state = loaded([x[:, :2], *state])
    rest, *state = loaded([x[:, 2:], *state])
    for got, expected in zip([np.concatenate([first, rest], 1), *state], whole, strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6)


def test_config_round_trip() -> None:
    layer = LSTMLayer(
        H,
        return_sequences=True,
        return_state=True,
        seed=9,
        name="memory",
        dtype="mixed_bfloat16",
        trainable=False,
    )
    again = LSTMLayer.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    registered = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert registered.get_config() == layer.get_config()


def test_a_file_with_other_names_is_refused() -> None:
    layer = layer_with({})
    with pytest.raises(ValueError, match=r"expects the variables W_f.* holds 0, 1"):
        layer.load_own_variables({"0": np.zeros(1), "1": np.zeros(1)})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 0}, "units must be a whole number from 1, not 0"),
        ({"units": 2.5}, "units must be a whole number from 1, not 2.5"),
        ({"units": 4, "seed": -1}, "seed must be None or a whole number from 0, not -1"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LSTMLayer(**arguments)


def test_wrong_inputs_are_named() -> None:
    layer = LSTMLayer(H)
    with pytest.raises(ValueError, match=r"expected inputs \(N, T, D\) with D known, received \(4, 3\)"):
        layer.build((N, D))
    layer.build((N, T, D))
    with pytest.raises(ValueError, match="expected axis -1 of input shape to have value 3"):
        layer(np.zeros((N, T, D + 1), np.float32))
    with pytest.raises(ValueError, match="initial_state must be a pair of h and C"):
        layer(np.zeros((N, T, D), np.float32), initial_state=[np.zeros((N, H), np.float32)])
