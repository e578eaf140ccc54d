"""Training by two and by three processes: what they tell each other, and that it is the training of one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from tests.training.workers import run_workers

SIZES = (2, 3)
Found = dict[int, list[Any]]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def found(shared: Path) -> Found:
    """What each worker of each world has found: of two, then of three, who go on where the two stopped."""
    program = Path(__file__).with_name("together.py")
    return {size: run_workers(program, size, shared) for size in SIZES}


def state_of(folder: Path, name: str = "state.validated") -> dict[str, Any]:
    return dict(safetensors.numpy.load_file(folder / f"{name}.safetensors"))


def assert_near(got: dict[str, Any], expected: dict[str, Any]) -> None:
    assert got.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(got[name], values, atol=1e-5, rtol=0, err_msg=name)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_told_arrives_bit_for_bit_at_all(size: int, found: Found) -> None:
    odd = np.array([-0.0, np.nan, np.inf, 1e-45, 1], np.float32)
    for rank, worker in enumerate(found[size]):
        got = worker["messages"]
        assert got["odd"] == odd.tobytes().hex()
        assert got["large"] == [number - (1 << 40) for number in range(10)]
        assert got["bytes"] == [1, 2, 255]
        assert got["decided"] == {"by": 0, "long": "ü" * 5000}
        assert got["gathered"] == [[number, 1 / 3] for number in range(size)]
        assert got["copied"] == [5]
        assert got["too few"].startswith(f"{size - 1} streams are fewer than the {size} processes")
        own = found[size][rank]["messages"]["blocks"]
        following = found[size][(rank + 1) % size]["messages"]["blocks"]
        for (first, last), (after, _), streams in zip(own, following, (7, 8, 64), strict=True):
            assert last - first in (streams // size, -(-streams // size))
            assert (first, after) == (first if rank else 0, 0 if rank == size - 1 else last)


@pytest.mark.parametrize("size", SIZES)
def test_workers_end_with_the_same_bits_and_those_of_one_process_but_for_rounding(
    size: int, found: Found, shared: Path
) -> None:
    trained = [worker["trained"] for worker in found[size]]
    assert {each["reason"] for each in trained} == {"finished"}
    assert len({each["digest"] for each in trained}) == 1
    assert len({json.dumps([each["losses"], each["tokens"], each["best"]]) for each in trained}) == 1
    alone = found[2][0]["trained"]["alone"]
    assert trained[0]["tokens"] == alone["tokens"]
    assert len(set(alone["tokens"])) > 1, "a window that is not full was among them"
    np.testing.assert_allclose(trained[0]["losses"], alone["losses"], rtol=1e-5)
    assert alone["losses"][-1] < alone["losses"][0]
    # summed in float64 over the workers; what differs is the order within a window, in float32
    np.testing.assert_allclose(trained[0]["validations"], alone["validations"], rtol=1e-6)
    assert all(each["validations"] == [] for each in trained[1:]), "the chief alone tells"
    assert_near(state_of(shared / f"of-{size}"), state_of(shared / "alone"))


# bfloat16 has 8 bits, and rounding takes half of the last one away
UNIT = 2.0**-8


@pytest.mark.parametrize("size", SIZES)
def test_in_bfloat16_gradients_are_rounded_as_often_as_they_are_sent_and_nothing_else_is(
    size: int, found: Found
) -> None:
    workers = [worker["rounded"] for worker in found[size]]
    numbers, values = (np.array([each["own"][part] for each in workers], np.float32) for part in range(2))
    for each in workers:
        got_numbers, got_values = (np.array(part, np.float32) for part in each["summed"])
        np.testing.assert_array_equal(got_numbers, sum(numbers))
        lost = np.abs(got_values - np.sum(values, axis=0, dtype=np.float64))
        # each worker rounds its own, and each of size - 1 additions rounds a sum
        assert np.all(lost <= 1.01 * size * UNIT * np.sum(np.abs(values), axis=0))
        assert np.any(lost > UNIT / 100)


def test_a_step_with_gradients_in_bfloat16_sends_half_and_is_the_same_at_all_workers(found: Found) -> None:
    workers = [worker["rounded"] for worker in found[2]]
    whole, rounded = ([each[dtype] for each in workers] for dtype in ("float32", "bfloat16"))
    for alike in (whole, rounded):
        assert len({json.dumps([each["digest"], each["told"]]) for each in alike}) == 1
    assert rounded[0]["digest"] != whole[0]["digest"]
    told = {dtype: np.array(workers[0][dtype]["told"]) for dtype in ("float32", "bfloat16")}
    losses = {dtype: each[:, 0] for dtype, each in told.items()}
    assert losses["bfloat16"][0] == losses["float32"][0], "of the same weights, and not rounded"
    np.testing.assert_allclose(losses["bfloat16"][1], losses["float32"][1], rtol=UNIT)
    for each in told.values():
        np.testing.assert_array_equal(each[:, 1:], [[2, 0, 0, 1]] * 2)
    moments = [np.array(each[0]["moments"]) for each in (whole, rounded)]
    away = np.linalg.norm(moments[1] - moments[0]) / np.linalg.norm(moments[0])
    assert UNIT / 100 < away < 2 * UNIT
    # one message a step: all gradients, the loss and four numbers more, which are four bytes each
    assert whole[0]["sent"] == [["float32", len(moments[0]) + 5]]
    assert rounded[0]["sent"] == [["bfloat16", len(moments[0]) + 2 * 4 * 5]]


@pytest.mark.parametrize("size", SIZES)
def test_who_has_something_else_is_named_at_every_worker(size: int, found: Found) -> None:
    for worker in found[size]:
        refused = worker["refused"]
        assert refused.pop("same") == ""
        assert len(refused) == 4
        for said in refused.values():
            problem, fix = said.split("\n")
            assert problem.startswith(f"Worker {size - 1} (127.0.0.1:")
            assert "Worker 0 (127.0.0.1:" in problem
            assert fix


@pytest.mark.parametrize("size", SIZES)
def test_a_worker_that_is_told_to_stop_stops_all_at_one_step_and_they_go_on_to_the_same_end(
    size: int, found: Found
) -> None:
    for worker in found[size]:
        assert worker["stopped"] == {
            "reason": "interrupted",
            "step": 6,
            "code": 143,
            "digest": worker["trained"]["digest"],
        }


@pytest.mark.parametrize("size", SIZES)
def test_weights_that_one_worker_has_lost_send_all_back_together(size: int, found: Found) -> None:
    recovered = [worker["recovered"] for worker in found[size]]
    assert {each["recoveries"] for each in recovered} == {1}
    assert all(each["steps"] == [1, 2, 3, 4, 5, 6, 5, 6, 7, 8, 9, 10, 11, 12] for each in recovered)
    assert len({each["digest"] for each in recovered}) == 1


@pytest.mark.parametrize("size", SIZES)
def test_weights_that_have_parted_by_a_bit_are_told_by_all_before_they_are_kept(
    size: int, found: Found, shared: Path
) -> None:
    for worker in found[size]:
        problem, _ = worker["parted"]["said"].split("\n")
        assert problem.startswith(f"Worker {size - 1} (127.0.0.1:")
        assert "has come to other weights than Worker 0 (127.0.0.1:" in problem
        assert worker["parted"]["best"] == "None"
    assert not (shared / f"parted-{size}" / "best.safetensors").exists()


def test_a_run_goes_on_with_another_number_of_workers(found: Found, shared: Path) -> None:
    assert all(worker["resumed"] == {} for worker in found[2])
    went_on = [worker["resumed"] for worker in found[3]]
    assert len({json.dumps(each) for each in went_on}) == 1
    step, reason, _ = went_on[0]["cut-2"]
    assert (step, reason) == (6, "finished")
    assert_near(state_of(shared / "cut-2"), state_of(shared / "alone"))


@pytest.mark.parametrize("size", SIZES)
def test_the_clock_of_the_chief_decides(size: int, found: Found) -> None:
    assert [worker["timed"] for worker in found[size]] == [{"step": 5, "undone": True}] * size


@pytest.mark.parametrize("size", SIZES)
def test_a_validation_in_shares_is_that_of_one(size: int, found: Found) -> None:
    alone = found[size][0]["validated"]
    for worker in found[size]:
        got = worker["validated"]
        for whole, shares in (("whole", "shares"), ("few", "idle")):
            tokens, nats = np.sum(got[shares], axis=0)
            assert tokens == alone[whole][0]
            np.testing.assert_allclose(nats, alone[whole][1], rtol=1e-6)
        assert min(tokens for tokens, _ in got["shares"]) > 0
        assert sorted(tokens for tokens, _ in got["idle"])[:-1] == [0] * (size - 1)
