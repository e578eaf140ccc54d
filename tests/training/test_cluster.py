"""Which worker this process is, by what TF_CONFIG or Slurm says."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.errors import RunError
from gen.training import setup
from gen.training.cluster import ALONE, Cluster, expand_counts, expand_hosts, find_cluster
from tests.training.beginning import assert_two_lines

WORKERS = ["a:1", "b:1", "a:2"]


def by_tf_config(config: Any) -> Cluster:
    return find_cluster({"TF_CONFIG": config if isinstance(config, str) else json.dumps(config)})


def task(index: int, kind: str = "worker", **jobs: list[str]) -> dict[str, Any]:
    return {"cluster": jobs or {"worker": WORKERS}, "task": {"type": kind, "index": index}}


@pytest.mark.parametrize("environment", [{}, {"TF_CONFIG": ""}, {"SLURM_STEP_NUM_TASKS": "1"}])
def test_without_others_a_process_is_alone(environment: dict[str, str]) -> None:
    found = find_cluster(environment)
    assert found == ALONE
    assert (found.size, found.rank, found.is_chief) == (1, 0, True)


def test_a_cluster_of_one_is_alone() -> None:
    assert by_tf_config(task(0, worker=["a:1"])) == by_tf_config({}) == ALONE


def test_workers_are_counted_from_the_chief() -> None:
    found = [by_tf_config(task(index)) for index in range(3)]
    assert [each.rank for each in found] == [0, 1, 2]
    assert [each.is_chief for each in found] == [True, False, False]
    assert {each.addresses for each in found} == {tuple(WORKERS)}
    # of a machine's cores each has its share
    assert [each.neighbours for each in found] == [2, 1, 2]
    with_chief = {"chief": ["c:9"], "worker": WORKERS}
    assert by_tf_config(task(0, "chief", **with_chief)).rank == 0
    assert by_tf_config(task(1, "worker", **with_chief)).rank == 2
    assert by_tf_config(task(1, "worker", **with_chief)).addresses == ("c:9", *WORKERS)


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ("{", "does not describe"),
        ("[]", "does not describe"),
        ({"cluster": {"worker": "a:1"}}, "does not describe"),
        ({"cluster": {"worker": ["a", "b:1"]}}, "does not describe"),
        ({"cluster": {"worker": [1, 2]}}, "does not describe"),
        ({"cluster": {"worker": WORKERS}, "task": {"index": "x"}}, "does not describe"),
        (task(3), "no worker 3"),
        (task(-1), "no worker -1"),
        (task(0, "chief"), "no chief 0"),
        (task(0, worker=["a:1", "a:1"]), "two workers at one address"),
        (task(0, worker=WORKERS, ps=["p:1"]), "'ps'"),
        (task(0, "evaluator"), "'evaluator'"),
    ],
)
def test_what_makes_no_sense_is_told_in_two_lines(config: Any, problem: str) -> None:
    with pytest.raises(RunError) as caught:
        by_tf_config(config)
    assert_two_lines(caught.value, problem)


def slurm(**changes: str) -> dict[str, str]:
    return {
        "SLURM_STEP_NUM_TASKS": "5",
        "SLURM_STEP_NODELIST": "n[9-10],gpu",
        "SLURM_STEP_TASKS_PER_NODE": "2(x2),1",
        "SLURM_PROCID": "3",
        "SLURM_JOB_ID": "70123",
        **{f"SLURM_{name}": value for name, value in changes.items()},
    }


def test_slurm_tells_of_workers_in_the_order_of_its_ranks() -> None:
    found = find_cluster(slurm())
    assert found.rank == 3
    # n9 before n10, which as words they are not
    assert found.addresses == ("n9:20123", "n9:20124", "n10:20123", "n10:20124", "gpu:20123")
    assert find_cluster(slurm(JOB_ID="70124")).addresses[0] == "n9:20124"


@pytest.mark.parametrize(
    "changes",
    [
        {"STEP_NODELIST": "n[9-10]"},
        {"STEP_NODELIST": "n[9-"},
        {"STEP_NODELIST": ""},
        {"STEP_TASKS_PER_NODE": "2(x2)"},
        {"STEP_TASKS_PER_NODE": "2x3"},
        {"PROCID": "5"},
        {"PROCID": ""},
    ],
)
def test_slurm_that_disagrees_with_itself_is_told_in_two_lines(changes: dict[str, str]) -> None:
    with pytest.raises(RunError) as caught:
        find_cluster(slurm(**changes))
    assert_two_lines(caught.value, "Slurm's variables")


@pytest.mark.parametrize(
    ("listed", "hosts"),
    [
        ("n[01-03,7],gpu", "n01 n02 n03 n7 gpu"),
        ("n[098-101]", "n098 n099 n100 n101"),
        ("r[1-2]c[1-2]-x", "r1c1-x r1c2-x r2c1-x r2c2-x"),
        ("host.example", "host.example"),
    ],
)
def test_hosts_in_short(listed: str, hosts: str) -> None:
    assert list(expand_hosts(listed)) == hosts.split()


@given(st.lists(st.integers(0, 300), min_size=1, max_size=9), st.integers(1, 4))
def test_hosts_written_singly_are_those_of_their_ranges(numbers: list[int], width: int) -> None:
    singly = [f"n{number:0{width}d}" for number in numbers]
    in_short = "n[" + ",".join(f"{number:0{width}d}" for number in numbers) + "]"
    assert list(expand_hosts(in_short)) == list(expand_hosts(",".join(singly))) == singly


def test_tasks_a_node_in_short() -> None:
    assert list(expand_counts("2(x3),1,12(x2)")) == [2, 2, 2, 1, 12, 12]


@pytest.mark.parametrize(
    ("neighbours", "workers", "streams", "parts"),
    [(1, 1, 64, 8), (1, 1, 3, 3), (2, 2, 64, 4), (3, 3, 64, 2), (1, 4, 16, 4), (16, 16, 64, 1), (2, 2, 3, 1)],
)
def test_parts_are_the_cores_that_a_worker_has_to_itself(
    neighbours: int, workers: int, streams: int, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "cores", lambda: 8)
    addresses = tuple(f"a:{port}" for port in range(workers)) if workers > 1 else ()
    assert setup.parts_for(Cluster(addresses, 0, neighbours), streams) == parts
