import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from gen.model.cell import GATE_ORDER, NUMPY, Weights, fuse, lstm_step, split, split_gates
from tests.model.reference import NAMES, naive_lstm, random_weights


def test_step_equals_the_papers_equations_written_out() -> None:
    rng = np.random.default_rng(1)
    N, T, D, H = 3, 7, 4, 5
    weights = random_weights(rng, D, H)
    x, h, C = rng.standard_normal((T, N, D)), rng.standard_normal((N, H)), rng.standard_normal((N, H))
    expected, h_T, C_T = naive_lstm(x, h, C, weights)
    for t in range(T):
        step = lstm_step(x[t], h, C, Weights(**weights), NUMPY)
        h, C = step.h, step.C
        np.testing.assert_allclose(h, expected[t], rtol=0, atol=1e-14)
    np.testing.assert_allclose(h, h_T, rtol=0, atol=1e-14)
    np.testing.assert_allclose(C, C_T, rtol=0, atol=1e-14)


def test_step_hands_out_every_quantity_of_the_equations() -> None:
    rng = np.random.default_rng(2)
    weights = random_weights(rng, 3, 2)
    C_previous = rng.standard_normal((4, 2))
    step = lstm_step(rng.standard_normal((4, 3)), np.zeros((4, 2)), C_previous, Weights(**weights), NUMPY)
    np.testing.assert_allclose(step.C, step.f * C_previous + step.i * step.C_candidate, atol=1e-15)
    np.testing.assert_allclose(step.h, step.o * np.tanh(step.C), atol=1e-15)


@pytest.mark.parametrize(("bias", "kept"), [(50.0, 1.0), (-50.0, 0.0)])
def test_a_forget_gate_near_one_keeps_and_near_zero_clears(bias: float, kept: float) -> None:
    weights = {name: np.zeros((3, 2)) for name in NAMES[:4]} | {name: np.zeros(2) for name in NAMES[4:]}
    weights["b_f"] = np.full(2, bias)
    C = np.array([[3.0, -2.0]])
    step = lstm_step(np.ones((1, 1)), np.zeros((1, 2)), C, Weights(**weights), NUMPY)
    np.testing.assert_allclose(step.C, kept * C, atol=1e-12)


def test_fuse_and_split_are_inverse_and_follow_the_one_order() -> None:
    weights = Weights(**random_weights(np.random.default_rng(3), 3, 2))
    W, b = fuse(weights, NUMPY)
    assert W.shape == (5, 8)
    assert b.shape == (8,)
    for name, again in split(W, b, NUMPY)._asdict().items():
        np.testing.assert_array_equal(again, getattr(weights, name))
    quarters = split_gates(b, NUMPY)
    for quarter, gate in enumerate(GATE_ORDER):
        np.testing.assert_array_equal(getattr(quarters, gate), b[2 * quarter : 2 * quarter + 2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_is_stable_and_keeps_the_dtype(dtype: Any) -> None:
    z = np.array([-1e4, -80.0, -1.0, 0.0, 1.0, 80.0, 1e4], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        values = NUMPY.sigmoid(z)
    assert values.dtype == dtype
    np.testing.assert_allclose(
        values[2:5], [1 / (1 + np.e), 0.5, np.e / (1 + np.e)], rtol=4 * np.finfo(dtype).eps
    )
    np.testing.assert_allclose(values + values[::-1], 1, rtol=4 * np.finfo(dtype).eps)
    assert values[0] == 0
    assert 0 < values[1] < 1e-34


def test_float32_stays_float32() -> None:
    weights = {
        name: w.astype(np.float32) for name, w in random_weights(np.random.default_rng(4), 3, 2).items()
    }
    zeros = np.zeros((1, 2), np.float32)
    step = lstm_step(np.ones((1, 3), np.float32), zeros, zeros, Weights(**weights), NUMPY)
    assert {quantity.dtype for quantity in step} == {np.dtype(np.float32)}


def test_importing_the_cell_imports_neither_tensorflow_nor_keras() -> None:
    check = "import sys, gen.model.cell; print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
