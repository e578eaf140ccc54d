"""`gen train --workers K`: several processes of one command, what they leave, and what failing says."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from gen.errors import RunError
from gen.training import local_workers, setup
from gen.training.cluster import Cluster
from gen.training.local_workers import free_addresses, told
from tests.calling import assert_wrong_usage, call
from tests.commands.house import FLAGS, House
from tests.training.workers import ROOT

LIMIT_S = 200


def begin(house: House, *arguments: str | Path, **environment: str) -> "subprocess.Popen[str]":
    cache = {"GEN_CACHE": str(house.corpus.with_name("cache")), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "gen", "train", *map(str, arguments)],
        env={**os.environ, **cache, **environment},
        cwd=house.here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def log_of(out: Path) -> list[dict[str, Any]]:
    log = out / "metrics.jsonl"
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []


def wait_for_step(process: "subprocess.Popen[str]", out: Path, step: int) -> None:
    while all(row.get("step", 0) < step for row in log_of(out)):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def assert_two_lines(stderr: str, problem: str) -> None:
    assert stderr.splitlines()[-2].startswith(f"Problem: {problem}"), stderr
    assert stderr.splitlines()[-1].startswith("Fix: ")
    assert stderr.count("Problem: ") == 1
    assert "Traceback" not in stderr


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers under /proc")
def test_a_killed_worker_ends_all_and_another_number_goes_on_until_a_signal(house: House) -> None:
    out = house.corpus.with_name("of-many")
    flags = ("--corpus", house.corpus, "--out", out, "--precision", "float32", *FLAGS)
    # endless, so that it is surely at work when it is hit
    process = begin(house, *flags, "--steps", "1000000", "--workers", "2")
    wait_for_step(process, out, 10)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split()
    assert len(workers) == 2
    os.kill(int(workers[1]), signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, stdout) == (1, "")
    assert_two_lines(stderr, "Worker 1 (127.0.0.1:")
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)

    process = begin(house, "--resume", "--out", out, "--workers", "3")
    wait_for_step(process, out, 20)
    process.terminate()
    stdout, stderr = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 143, stderr
    assert stdout.strip() == f"gen train --resume --out {out}"
    assert "Going on with 3 workers instead of 2: the same streams" in stderr
    assert "Traceback" not in stderr
    state = safetensors.numpy.load_file(out / "state.safetensors")
    assert state["carried.0.h"].shape == (4, 16)
    assert np.all(np.any(state["carried.0.h"] != 0, axis=1)), "every stream's state, whoever read it"
    trained = [row["step"] for row in log_of(out) if row["event"] == "train"]
    assert trained == list(range(10, trained[-1] + 1, 10)), "the chief alone writes the log, line after line"


def test_a_worker_with_another_corpus_is_refused_at_the_start_by_all(house: House) -> None:
    out, addresses = house.corpus.with_name("refused"), free_addresses(2)
    other = house.corpus.with_name("other.txt")
    other.write_text(house.corpus.read_text("utf-8").replace("cat", "cot"), "utf-8")
    flags = ("--out", out, "--precision", "float32", *FLAGS)
    processes = [
        begin(house, "--corpus", corpus, *flags, **told(addresses, rank))
        for rank, corpus in enumerate((house.corpus, other))
    ]
    for process in processes:
        stdout, stderr = process.communicate(timeout=LIMIT_S)
        assert (process.returncode, stdout) == (1, "")
        assert_two_lines(
            stderr, f"Worker 1 ({addresses[1]}) has another corpus than Worker 0 ({addresses[0]})"
        )
    assert not out.exists()


@pytest.mark.parametrize("rank", [0, 1])
def test_one_that_waits_for_the_others_ends_at_ctrl_c_and_leaves_nothing(rank: int, house: House) -> None:
    out = house.corpus.with_name("waiting")
    flags = ("--corpus", house.corpus, "--out", out, *FLAGS)
    process = begin(house, *flags, **told(free_addresses(2), rank))
    assert process.stderr is not None
    while "waiting for the others" not in (line := process.stderr.readline()):
        assert line
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, stdout) == (130, "")
    assert "Traceback" not in stderr
    assert not out.exists()


def test_more_workers_than_the_environment_has_are_wrong_usage(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CONFIG", told(["a:1", "b:1"], 0)["TF_CONFIG"])
    outcome = call(capsys, "train", "--corpus", house.corpus, "--workers", "3")
    assert_wrong_usage(outcome, "--workers")


BY_TF_CONFIG = {"TF_CONFIG": told(["a:1", "b:1"], 0)["TF_CONFIG"]}
BY_SLURM = {
    "SLURM_STEP_NUM_TASKS": "2",
    "SLURM_STEP_NODELIST": "n[1-2]",
    "SLURM_STEP_TASKS_PER_NODE": "1(x2)",
    "SLURM_PROCID": "0",
}


@pytest.mark.parametrize("environment", [BY_TF_CONFIG, BY_SLURM, {"TF_CONFIG": "{"}])
def test_one_worker_is_alone_whatever_the_environment_tells(
    environment: dict[str, str],
    house: House,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[int] = []

    def begin_run(given: Any, cluster: Cluster) -> Any:
        begun.append(cluster.size)
        raise RunError("Stopped here.", "It was only looked at.")

    monkeypatch.setattr(setup, "new_run", begin_run)
    for name in ("TF_CONFIG", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NODELIST"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    call(capsys, "train", "--corpus", house.corpus, "--workers", "1")
    call(capsys, "train", "--corpus", house.corpus)
    assert begun == ([1] if environment == {"TF_CONFIG": "{"} else [1, 2])


@pytest.mark.parametrize(
    "typed",
    [
        ("--corpus", "a b.txt", "--minutes", "2.5", "--workers", "2"),
        ("--resume", "--out", "run", "--workers", "3", "--tensorboard"),
        ("--corpus", "-", "--no-velocity", "--no-transpose", "--seed", "0", "--workers", "2"),
        ("--corpus", "x", "--velocity", "--melody", "--precision", "auto", "--workers", "2"),
    ],
)
def test_each_worker_is_started_with_what_was_typed(
    typed: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[int, list[str]]] = []
    monkeypatch.delenv("TF_CONFIG", raising=False)

    def start(count: int, arguments: list[str]) -> int:
        started.append((count, arguments))
        return 143

    monkeypatch.setattr(local_workers, "run_workers", start)
    assert call(capsys, "train", *typed).code == 143
    ((count, arguments),) = started
    assert count == int(typed[typed.index("--workers") + 1])
    assert arguments[0] == "train"
    assert sorted(arguments[1:]) == sorted(typed)
