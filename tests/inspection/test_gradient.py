import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gen.config import ModelConfig
from gen.inspection.gradient import (
    MOST_POSITIONS,
    MOST_STEPS_BACK,
    fading,
    gradients,
    half_distance,
    plain_rnn,
)
from gen.inspection.trace import Trace, read
from tests.inspection.reference import Nudge, naive_run, nats
from tests.tiny import random_weights

V, D, H = 6, 3, 4
EPSILON = 1e-5


def exact_weights(layers: int) -> dict[str, NDArray[np.float64]]:
    weights = random_weights(ModelConfig(V, D, H, layers), seed=layers, scale=0.8)
    return {name: array.astype(np.float64) for name, array in weights.items()}


def random_ids(number: int) -> NDArray[np.int32]:
    return np.random.default_rng(3).integers(0, V, number).astype(np.int32)


def trace_of(layers: int, number: int) -> tuple[Trace, dict[str, NDArray[np.float64]]]:
    weights = exact_weights(layers)
    return read(ModelConfig(V, D, H, layers), weights, random_ids(number)), weights


def numeric(weights: dict[str, NDArray[np.float64]], layers: int, at: int, nudge: Nudge) -> float:
    """How the loss at a step changes with a change there, by central differences."""
    ids = random_ids(9).tolist()
    up, down = (
        nats(naive_run(weights, layers, ids[: at + 1], nudge._replace(by=by))[1][at], ids[at + 1])
        for by in (EPSILON, -EPSILON)
    )
    return (up - down) / (2 * EPSILON)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_gradients_are_what_small_changes_of_h_c_and_x_do_to_the_loss(layers: int) -> None:
    trace, weights = trace_of(layers, 9)
    positions = np.array([4, 7])
    for back, found in enumerate(gradients(trace, weights, positions, 4)):
        for row, at in enumerate(positions.tolist()):
            for layer in range(layers):
                for what, values in (("h", found.h[layer][row]), ("C", found.C[layer][row])):
                    changes = [
                        numeric(weights, layers, at, Nudge(what, layer, at - back, unit, 0.0))
                        for unit in range(H)
                    ]
                    np.testing.assert_allclose(
                        values, changes, rtol=1e-5, atol=1e-9, err_msg=f"{what} {back}"
                    )
            changes = [
                numeric(weights, layers, at, Nudge("x", -1, at - back, unit, 0.0)) for unit in range(D)
            ]
            np.testing.assert_allclose(found.x[row], changes, rtol=1e-5, atol=1e-9, err_msg=f"x {back}")


def test_fading_is_the_mean_norm_over_positions_that_all_go_as_far_back() -> None:
    trace, weights = trace_of(2, 40)
    faded = fading(trace, weights)
    assert faded.h.shape == faded.C.shape == (2, 20)
    assert faded.positions == 20  # each of the steps 19 to 38
    positions = np.arange(19, 39)
    for back, found in enumerate(gradients(trace, weights, positions, 19)):
        for layer in range(2):
            assert faded.h[layer, back] == pytest.approx(
                np.mean([np.linalg.norm(row) for row in found.h[layer]])
            )
            assert faded.C[layer, back] == pytest.approx(
                np.mean([np.linalg.norm(row) for row in found.C[layer]])
            )
        assert faded.x[back] == pytest.approx(np.mean([np.linalg.norm(row) for row in found.x]))


def test_a_long_text_is_followed_so_far_and_from_so_many_positions() -> None:
    faded = fading(*trace_of(1, 400))
    assert faded.positions == MOST_POSITIONS
    assert faded.x.shape == (MOST_STEPS_BACK + 1,)


def test_of_two_tokens_there_is_the_gradient_at_the_first_prediction() -> None:
    faded = fading(*trace_of(1, 2))
    assert (faded.positions, faded.x.shape) == (1, (1,))


def test_a_forget_gate_that_is_open_keeps_the_gradient_and_one_that_is_shut_loses_it() -> None:
    for bias, left in ((30.0, 1.0), (-30.0, 0.0)):
        weights = exact_weights(1)
        for name in ("W_f", "W_i", "W_C", "W_o"):
            weights[f"lstm.0.{name}"][:H] = 0  # nothing returns but by the memory
        weights["lstm.0.W_f"][:] = 0
        weights["lstm.0.b_f"][:] = bias
        trace = read(ModelConfig(V, D, H, 1), weights, random_ids(40))
        C = fading(trace, weights).C[0]
        assert C[15] == pytest.approx(left * C[0], rel=1e-3, abs=1e-9)


def test_what_is_kept_is_what_a_change_of_the_memory_leaves_where_nothing_else_carries_it() -> None:
    weights = exact_weights(1)
    for gate in "fiCo":
        weights[f"lstm.0.W_{gate}"][:H] = 0  # nothing returns but by the memory
    ids = random_ids(20).tolist()
    kept = fading(read(ModelConfig(V, D, H, 1), weights, random_ids(20)), weights).kept[0]
    [plain], _ = naive_run(weights, 1, ids)
    for unit in range(H):
        for back in range(10):
            left = []
            for at in range(9, 19):
                [nudged], _ = naive_run(weights, 1, ids, Nudge("C", 0, at - back, unit, 1.0))
                left.append(nudged["C"][at, unit] - plain["C"][at, unit])
            assert kept[back, unit] == pytest.approx(np.mean(left), rel=1e-9)


def test_weights_that_no_training_leads_to_end_without_a_word() -> None:
    weights = {name: np.full_like(array, 9e5) for name, array in exact_weights(2).items()}
    trace = read(ModelConfig(V, D, H, 2), weights, random_ids(30))
    fading(trace, weights)
    weights = {name: array.astype(np.float32) for name, array in weights.items()}
    fading(read(ModelConfig(V, D, H, 2), weights, random_ids(30)), weights)


@pytest.mark.parametrize(
    ("norms", "half"),
    [
        ([8, 7, 4, 3.9, 1], 3),
        ([8, 3, 4, 5, 2], 4),
        ([8, 8, 8], None),
        ([1, 0.4], 1),
        ([0.0, 0.0], None),
        ([np.nan, np.nan], None),
    ],
)
def test_the_half_distance_is_where_it_stays_below_half(norms: list[float], half: int | None) -> None:
    assert half_distance(np.array(norms)) == half


def test_what_is_kept_of_the_plain_rnn_is_what_the_recall_script_measured() -> None:
    kept = json.loads((Path(__file__).parents[2] / "docs" / "recall.json").read_text("utf-8"))
    runs = {sum(run["error_by_delay"].values()): run for run in kept["plain RNN"]}
    best = runs[min(runs)]
    assert plain_rnn() == {"before": best["fading_before"], "after": best["fading_after"]}
