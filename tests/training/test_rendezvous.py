"""Workers that find each other: whoever is late, missing, a stranger, or in the way."""

import errno
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from gen.errors import TrainingError
from gen.training import rendezvous
from gen.training.cluster import ALONE, Cluster
from gen.training.local_workers import free_addresses
from gen.training.rendezvous import gather, listening
from tests.training.beginning import assert_two_lines
from tests.training.workers import ROOT

LONG_S, SHORT_S = 60.0, 0.5


def gathered(
    addresses: list[str], ranks: list[int], limit_s: float, before: Callable[[int], None] = lambda _: None
) -> dict[int, TrainingError | None]:
    """What each of these workers, who begin at once and do something before, hears."""

    def one(rank: int) -> TrainingError | None:
        before(rank)
        try:
            gather(Cluster(tuple(addresses), rank), limit_s=limit_s)
        except TrainingError as error:
            return error
        return None

    with ThreadPoolExecutor(len(ranks)) as threads:
        return dict(zip(ranks, threads.map(one, ranks), strict=True))


def test_one_alone_waits_for_nobody() -> None:
    gather(ALONE, limit_s=0)
    with listening(ALONE) as server:
        assert server is None


@pytest.mark.parametrize("seed", range(3))
def test_all_go_on_when_the_last_is_there_in_whatever_order_they_come(seed: int) -> None:
    addresses, draw = free_addresses(4), random.Random(seed)
    delays_s = [draw.choice([0.0, 0.2, 0.4]) for _ in addresses]
    heard = gathered(addresses, [0, 1, 2, 3], LONG_S, lambda rank: time.sleep(delays_s[rank]))
    assert heard == dict.fromkeys(range(4))
    # and leave their ports to TensorFlow
    for address in addresses:
        with socket.create_server(("127.0.0.1", int(address.rpartition(":")[2]))):
            pass


def test_who_does_not_come_is_named_to_all_who_did() -> None:
    addresses = free_addresses(4)
    for error in gathered(addresses, [0, 1], SHORT_S).values():
        assert error is not None
        assert_two_lines(error, f"Worker 2 ({addresses[2]}), Worker 3 ({addresses[3]}) did not come within")
    for error in gathered(addresses, [2, 3], SHORT_S).values():
        assert error is not None
        assert_two_lines(error, f"Worker 0 ({addresses[0]}) did not come within")


def test_now_and_then_the_user_is_told_who_is_waited_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendezvous, "_TOLD_FIRST_S", SHORT_S / 2)
    addresses = free_addresses(3)
    gathered(addresses, [0, 1], SHORT_S)
    told = capsys.readouterr().err
    assert told.count(f"Still waiting for Worker 2 ({addresses[2]})\n") == 1
    assert told.count(f"Still waiting for the others; Worker 0 ({addresses[0]}) is there\n") == 1


def test_a_crowd_is_counted_whatever_they_are_called() -> None:
    (error,) = gathered([*free_addresses(8), "\ud800:1"], [0], SHORT_S / 10).values()
    assert error is not None
    assert "Worker 3" in error.problem
    assert " and 5 more did not come" in error.problem


def test_a_chief_that_still_reads_its_corpus_is_waited_for_beyond_the_limit() -> None:
    addresses = free_addresses(2)
    with listening(Cluster(tuple(addresses), 0)) as server, ThreadPoolExecutor(1) as threads:
        other = threads.submit(gather, Cluster(tuple(addresses), 1), limit_s=SHORT_S / 10)
        time.sleep(SHORT_S)
        assert not other.done()
        gather(Cluster(tuple(addresses), 0), server, LONG_S)
        assert other.result(LONG_S) is None


def test_strangers_and_workers_who_leave_are_not_counted() -> None:
    clusters = [Cluster(tuple(free_addresses(3)), 0)]
    clusters += [replace(clusters[0], rank=rank) for rank in (1, 2)]
    port = int(clusters[0].addresses[0].rpartition(":")[2])
    with listening(clusters[0]) as server, ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(gather, clusters[0], server), threads.submit(gather, clusters[1])]
        second = rendezvous._greetings(clusters[0])[2]
        seventh = second.replace(b"worker 2", b"worker 7")
        for said in (second, b"", b"GET / HTTP/1.1\r\n\r\n", seventh, b"gen worker 2\n", b"\xff" * 100_000):
            with socket.create_connection(("127.0.0.1", port), LONG_S) as caller:
                caller.sendall(said)
        time.sleep(SHORT_S)
        assert not any(each.done() for each in waiting), "the second was there, and has left"
        waiting.append(threads.submit(gather, clusters[2]))
        assert [each.result(LONG_S) for each in waiting] == [None] * 3


def test_a_worker_of_another_training_that_calls_the_same_chief_is_not_taken_for_one_of_this() -> None:
    chief, own, others = free_addresses(3)
    with listening(Cluster((chief, own), 0)) as server, ThreadPoolExecutor(2) as threads:
        waiting = threads.submit(gather, Cluster((chief, own), 0), server)
        (error,) = gathered([chief, others], [1], SHORT_S).values()
        assert error is not None
        assert_two_lines(error, f"Worker 0 ({chief}) did not come within")
        assert "the same addresses" in error.fix
        assert not waiting.done()
        gather(Cluster((chief, own), 1))
        assert waiting.result(LONG_S) is None


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"missing 1", b"", b"missing -1\n"])
def test_what_is_no_chief_is_not_listened_to(said: bytes) -> None:
    addresses = free_addresses(2)
    with socket.create_server(("127.0.0.1", int(addresses[0].rpartition(":")[2]))) as server:

        def answer(rank: int) -> None:
            caller, _ = server.accept()
            caller.sendall(said)
            caller.close()
            server.close()

        with ThreadPoolExecutor(1) as threads:
            threads.submit(answer, 0)
            (error,) = gathered(addresses, [1], SHORT_S).values()
    assert error is not None
    assert_two_lines(error, f"Worker 0 ({addresses[0]}) did not come within")


@pytest.mark.parametrize("chief", ["nobody..here:9000", "127.0.0.1:700000"])
def test_an_address_that_is_none_is_not_reached(chief: str) -> None:
    (error,) = gathered([chief, *free_addresses(1)], [1], SHORT_S).values()
    assert error is not None
    assert_two_lines(error, f"Worker 0 ({chief}) did not come within")


@pytest.mark.parametrize("rank", [0, 1])
def test_a_port_that_is_taken_is_told_at_once(rank: int) -> None:
    addresses = free_addresses(2)
    with socket.create_server(("", int(addresses[rank].rpartition(":")[2]))):
        (error,) = gathered(addresses, [rank], LONG_S).values()
    assert error is not None
    assert_two_lines(error, f"Worker {rank} ({addresses[rank]}) cannot listen at its port")
    assert error.problem.endswith(f": {os.strerror(errno.EADDRINUSE)}.")


WAITING = """
import sys
from gen.training.cluster import Cluster
from gen.training.rendezvous import gather
gather(Cluster(tuple(sys.argv[2:]), int(sys.argv[1])), limit_s=1e6)
"""


@pytest.mark.parametrize("rank", [0, 1])
def test_ctrl_c_ends_the_waiting(rank: int) -> None:
    command = [sys.executable, "-c", WAITING, str(rank), *free_addresses(2)]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as process:
        assert process.stderr is not None
        assert "waiting for the others" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LONG_S)
    assert process.returncode == -signal.SIGINT
