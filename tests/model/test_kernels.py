from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.model import kernels
from gen.model.cell import GATE_ORDER, NUMPY, Order, Weights, fuse, lstm_step, split_gates
from gen.model.kernels import TENSORFLOW, lstm_sequence, tf
from gen.model.products import Products
from tests.model.kernel_problem import (
    INPUTS,
    D,
    H,
    N,
    T,
    gradients,
    numeric_gradient,
    problem,
    random_mask,
    rows_for_streams,
    run,
    weighted_sum,
)
from tests.model.reference import NAMES, naive_lstm

either_mask = pytest.mark.parametrize("masked", [False, True], ids=["", "masked"])


@either_mask
def test_values_equal_the_papers_loop(masked: bool) -> None:
    sequence, weights = problem(1)
    mask = random_mask(1) if masked else None
    for got, expected in zip(
        run(sequence, weights, mask=mask),
        naive_lstm(**sequence, weights=weights, mask=mask),
        strict=True,
    ):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-13)


@either_mask
def test_gradients_equal_central_differences_of_the_papers_loop(masked: bool) -> None:
    sequence, weights = problem(2)
    mask = random_mask(2) if masked else None
    got = gradients(sequence, weights, mask=mask)

    def loss() -> float:
        return float(
            weighted_sum([tf.constant(part) for part in naive_lstm(**sequence, weights=weights, mask=mask)])
        )

    for name, values in {**sequence, **weights}.items():
        np.testing.assert_allclose(
            got[name], numeric_gradient(loss, values), rtol=1e-7, atol=1e-8, err_msg=name
        )


@either_mask
def test_gradients_equal_those_that_tensorflow_derives_from_the_equations(masked: bool) -> None:
    sequence, weights = problem(3)
    mask = random_mask(3) if masked else None
    tensors = {name: tf.constant(value) for name, value in {**sequence, **weights}.items()}
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        h, C, hs = tensors["h_0"], tensors["C_0"], []
        for t in range(T):
            step = lstm_step(
                tensors["x"][t], h, C, Weights(**{name: tensors[name] for name in NAMES}), TENSORFLOW
            )
            keep = np.ones((N, 1), bool) if mask is None else mask[t][:, None]
            h, C = tf.where(keep, step.h, h), tf.where(keep, step.C, C)
            hs.append(h)
        loss = weighted_sum([tf.stack(hs), h, C])
    got = gradients(sequence, weights, mask=mask)
    for name, expected in tape.gradient(loss, tensors).items():
        np.testing.assert_allclose(got[name], expected, rtol=1e-11, atol=1e-12, err_msg=name)


def swapped(one: str, other: str) -> Order:
    turn = {gate: gate for gate in GATE_ORDER} | {one: other, other: one}
    first, second, third, fourth = (turn[gate] for gate in GATE_ORDER)
    return first, second, third, fourth


@pytest.mark.parametrize(("one", "other"), list(combinations(GATE_ORDER, 2)))
def test_gates_swapped_in_the_forward_loop_would_be_noticed(
    one: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = swapped(one, other)
    monkeypatch.setattr(
        kernels, "split_gates", lambda fused, functions, axis: split_gates(fused, functions, wrong, axis)
    )
    sequence, weights = problem(1)
    for got, expected in zip(run(sequence, weights), naive_lstm(**sequence, weights=weights), strict=True):
        assert np.max(np.abs(got - expected)) > 0.01  # where 1e-13 is allowed


@pytest.mark.parametrize(("one", "other"), list(combinations(GATE_ORDER, 2)))
def test_gates_swapped_in_the_backward_loop_would_be_noticed(
    one: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequence, weights = problem(3)
    expected = gradients(sequence, weights)
    monkeypatch.setattr(kernels, "GATE_ORDER", swapped(one, other))
    got = gradients(sequence, weights)
    for name in (*INPUTS, f"W_{one}", f"W_{other}", f"b_{one}", f"b_{other}"):
        assert np.max(np.abs(got[name] - expected[name])) > 0.01, name  # where 1e-11 is allowed


@pytest.mark.parametrize("output", [0, 1, 2])
def test_a_gradient_may_arrive_through_one_output_alone(output: int) -> None:
    sequence, weights = problem(4)
    b_f = tf.constant(weights["b_f"])
    with tf.GradientTape() as tape:
        tape.watch(b_f)
        loss = tf.reduce_sum(run(sequence, {**weights, "b_f": b_f})[output])
    expected = numeric_gradient(
        lambda: float(np.sum(naive_lstm(**sequence, weights=weights)[output])), weights["b_f"]
    )
    np.testing.assert_allclose(tape.gradient(loss, b_f), expected, rtol=1e-7, atol=1e-8)


def test_a_persistent_tape_may_walk_back_twice() -> None:
    sequence, weights = problem(9)
    x = tf.constant(sequence["x"])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        loss = tf.reduce_sum(run({**sequence, "x": x}, weights)[0])
    np.testing.assert_array_equal(tape.gradient(loss, x), tape.gradient(loss, x))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), cuts=st.sets(st.integers(1, 11)))
def test_any_split_with_carried_state_equals_the_whole(seed: int, cuts: set[int]) -> None:
    sequence, weights = problem(seed, steps=12)
    whole, h_T, C_T = run(sequence, weights)
    state, parts = {name: sequence[name] for name in ("h_0", "C_0")}, []
    for start, end in pairwise([0, *sorted(cuts), 12]):
        h, state["h_0"], state["C_0"] = run({"x": sequence["x"][start:end], **state}, weights)
        parts.append(h)
    np.testing.assert_allclose(tf.concat(parts, 0), whole, rtol=0, atol=1e-13)
    np.testing.assert_allclose(state["h_0"], h_T, rtol=0, atol=1e-13)
    np.testing.assert_allclose(state["C_0"], C_T, rtol=0, atol=1e-13)


def test_whole_sequence_equals_numpys_step_by_step() -> None:
    sequence, weights = problem(5)
    h, C = sequence["h_0"], sequence["C_0"]
    for x_t, expected in zip(sequence["x"], run(sequence, weights)[0], strict=True):
        step = lstm_step(x_t, h, C, Weights(**weights), NUMPY)
        h, C = step.h, step.C
        np.testing.assert_allclose(h, expected, rtol=0, atol=1e-13)


@either_mask
def test_a_graph_of_unknown_sizes_equals_eager(masked: bool) -> None:
    sequence, weights = problem(6)
    mask = random_mask(6) if masked else None
    W, b = fuse(Weights(**weights), NUMPY)

    @tf.function(
        input_signature=[tf.TensorSpec([None, None, D], tf.float64)]
        + 2 * [tf.TensorSpec([None, H], tf.float64)]
    )
    def graph(x: Any, h_0: Any, C_0: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([x, h_0, C_0])
            outputs = rows_for_streams(x, h_0, C_0, W, b, mask=mask)
            loss = tf.add_n([tf.reduce_sum(part**2) for part in outputs])
        return outputs, tape.gradient(loss, [x, h_0, C_0])

    values = {name: tf.constant(sequence[name]) for name in INPUTS}
    with tf.GradientTape() as tape:
        tape.watch(values)
        expected = run(values, weights, mask=mask)
        loss = tf.add_n([tf.reduce_sum(part**2) for part in expected])
    outputs, got = graph(*values.values())
    for left, right in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-13)
    for left, right in zip(got, tape.gradient(loss, list(values.values())), strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-12)


@pytest.mark.parametrize("multiplied_in", ["bfloat16", "float32"])
def test_bfloat16_factors_stay_within_their_rounding(multiplied_in: str) -> None:
    # bfloat16 has 8 bits of significand: rounding changes a number by at most u = 2^-9 of itself. A z is made
    # of two rounded products of two rounded factors each, so it is off by some 3u of what meets in it; the
    # gates pass that on damped (σ' ≤ 1/4) or as it is (tanh' ≤ 1), and steps add up while the memory forgets.
    # The stated tolerance is 8u, 1.6 %, of the largest value.
    sequence, weights = problem(7)
    as_float32 = [
        {name: value.astype(np.float32) for name, value in part.items()} for part in (sequence, weights)
    ]
    tolerance = 8 * 2.0**-9
    products = Products.of("float32", "bfloat16", multiplied_in)
    exact = run(sequence, weights)
    for got, expected in zip(run(*as_float32, products=products), exact, strict=True):
        assert got.dtype == tf.float32
        np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * np.max(np.abs(expected)))
        assert not np.allclose(got, expected, rtol=0, atol=1e-5)
    got_gradients = gradients(*as_float32, products=products)
    for name, expected in gradients(sequence, weights).items():
        np.testing.assert_allclose(
            got_gradients[name], expected, rtol=0, atol=tolerance * np.max(np.abs(expected)), err_msg=name
        )


def test_products_of_rounded_factors_are_those_of_the_rounded_numbers() -> None:
    # with W_h = 0 a step has one product, x · W_x: rounded beforehand, its factors stay as they are
    sequence, weights = problem(10)
    rounded = {name: tf.cast(value, tf.bfloat16) for name, value in {**sequence, **weights}.items()}
    exact = {name: tf.cast(value, tf.float64).numpy() for name, value in rounded.items()}
    for name in ("W_f", "W_i", "W_C", "W_o"):
        exact[name][:H] = 0
    single = {name: value.astype(np.float32) for name, value in exact.items()}
    products = Products.of("float32", "bfloat16", "float32")
    got = run(single, {name: single[name] for name in NAMES}, products=products)
    expected = naive_lstm(
        **{name: exact[name] for name in INPUTS}, weights={name: exact[name] for name in NAMES}
    )
    for left, right in zip(got, expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-5)  # bfloat16's own products are off by 1e-2


def test_gradients_leave_in_the_dtype_of_their_input() -> None:
    sequence, weights = problem(8)
    W, b = fuse(Weights(**weights), NUMPY)
    x, W = tf.cast(sequence["x"], tf.bfloat16), tf.cast(W, tf.bfloat16)
    b, h_0, C_0 = (tf.cast(value, tf.float32) for value in (b, sequence["h_0"], sequence["C_0"]))
    with tf.GradientTape() as tape:
        tape.watch([x, h_0, C_0, W, b])
        h, h_T, C_T = rows_for_streams(x, h_0, C_0, W, b, products=Products.of("float32", "bfloat16"))
        # W is used twice: its gradients meet in AddN, which takes one dtype only.
        loss = (
            tf.reduce_sum(h) + tf.reduce_sum(h_T) + tf.reduce_sum(C_T) + tf.cast(tf.reduce_sum(W), tf.float32)
        )
    assert {h.dtype, h_T.dtype, C_T.dtype} == {tf.float32}
    got = tape.gradient(loss, [x, h_0, C_0, W, b])
    assert [gradient.dtype for gradient in got] == [tensor.dtype for tensor in (x, h_0, C_0, W, b)]


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("x", (T, D)),
        ("x", (T, D, N + 1)),
        ("x", (T, D + 1, N)),
        ("h_0", (H + 1, N)),
        ("C_0", (H, N + 1)),
        ("b", (H,)),
    ],
)
def test_shapes_that_do_not_fit_are_named(name: str, shape: tuple[int, ...]) -> None:
    shapes: dict[str, tuple[int, ...]] = {"x": (T, D, N), "h_0": (H, N), "C_0": (H, N)}
    shapes |= {"W": (H + D, 4 * H), "b": (4 * H,), name: shape}
    inputs: dict[str, Any] = {key: np.zeros(value) for key, value in shapes.items()}
    with pytest.raises(ValueError, match="expected x") as caught:
        lstm_sequence(**inputs)
    assert f"{name} ({', '.join(map(str, shape))}" in str(caught.value)
