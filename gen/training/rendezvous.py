"""How the workers find each other: all are there before TensorFlow joins them.

TensorFlow would wait for an hour, say nothing, and not heed Ctrl-C. Here the chief listens at its address,
from before it reads its corpus until TensorFlow does; each of the others tells it its rank, and of which
workers it is one, and keeps the connection. Once all are there, or time is over, the chief answers
each with the ranks that are missing.
"""

import hashlib
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from gen.errors import TrainingError
from gen.streams import tell
from gen.training.cluster import Cluster

# as long as a machine that a scheduler starts last may take
LIMIT_S = 600.0
_TOLD_FIRST_S, _TOLD_EVERY_S = 5.0, 60.0
_RETRY_S, _GREETING_S = 0.1, 1.0
_MOST_NAMED = 3
_LONGEST_LINE = 1 << 14


@contextmanager
def listening(cluster: Cluster) -> Iterator[socket.socket | None]:
    """Listen at this worker's address, if it has one; callers wait until `gather` hears them.

    Raises:
        TrainingError: Its port is taken.
    """
    if cluster.size == 1:
        yield None
        return
    address = ("", int(cluster.addresses[cluster.rank].rpartition(":")[2]))
    both = socket.has_dualstack_ipv6()
    try:
        server = socket.create_server(
            address, family=socket.AF_INET6 if both else socket.AF_INET, dualstack_ipv6=both
        )
    except (OSError, OverflowError) as error:
        # the system's words alone: Python's go on with the address as it has it
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise TrainingError(
            f"{cluster.name(cluster.rank)} cannot listen at its port: {reason}.",
            "End what uses it, or choose another port for this worker.",
        ) from error
    with server:
        yield server


def gather(cluster: Cluster, server: socket.socket | None = None, limit_s: float = LIMIT_S) -> None:
    """Return when all workers are there.

    Args:
        cluster: All of them, and which one this is.
        server: The chief's, from `listening`; closed on return. None listens from now on.
        limit_s: How long the chief waits for the others from now on, and they for a chief that they cannot
            reach. One that listens may read its corpus for as long as it takes.

    Raises:
        TrainingError: One did not come, and is named, at all that did; or this one's port is taken.
    """
    if cluster.size == 1:
        return
    tell(f"{cluster.name(cluster.rank)} of {cluster.size}: waiting for the others")
    with ExitStack() as stack:
        server = server or stack.enter_context(listening(cluster))
        assert server is not None  # of several each listens
        if cluster.is_chief:
            missing = _await_others(cluster, server, limit_s)
        else:
            # TensorFlow will need the port: who cannot have it has failed before the chief counts on it
            server.close()
            missing = _await_chief(cluster, limit_s)
    if missing:
        raise TrainingError(
            f"{_named(cluster, missing)} did not come within {limit_s / 60:.2g} minutes.",
            "See what was said there, that all were told the same addresses, and that each can reach the "
            "chief's; then start all again. With --workers 1 each trains alone.",
        )


class _Patience:
    """How long it is still waited, and what the user is told meanwhile."""

    def __init__(self, limit_s: float, whom: Callable[[], str]) -> None:
        now_s = time.monotonic()
        self._deadline_s, self._told_next_s = now_s + limit_s, now_s + _TOLD_FIRST_S
        self._whom = whom

    def is_over(self) -> bool:
        """Whether it is; now and then the user is told who is waited for."""
        now_s = time.monotonic()
        if now_s >= self._told_next_s:
            tell(f"Still waiting for {self._whom()}")
            self._told_next_s = now_s + _TOLD_EVERY_S
        return now_s >= self._deadline_s


def _await_others(cluster: Cluster, server: socket.socket, limit_s: float) -> list[int]:
    """At the chief: the ranks that have not come in time; all others are told of them."""
    there: dict[int, socket.socket] = {}
    ranks = {greeting: rank for rank, greeting in enumerate(_greetings(cluster)) if rank}

    def missing() -> list[int]:
        return [rank for rank in range(1, cluster.size) if rank not in there]

    patience = _Patience(limit_s, lambda: _named(cluster, missing()))
    server.settimeout(_RETRY_S)
    with ExitStack() as stack:
        while missing() and not patience.is_over():
            with suppress(TimeoutError, ConnectionAbortedError):
                caller = stack.enter_context(server.accept()[0])
                if rank := ranks.get(_greeting_of(caller)):
                    # of two that say the same the newer: a machine that fell silent is back
                    there[rank] = caller
                else:
                    caller.close()
            there = {rank: caller for rank, caller in there.items() if not _is_gone(caller)}
        server.close()  # before anyone goes on, to TensorFlow's at the same address
        answer = f"missing{''.join(f' {rank}' for rank in missing())}\n".encode()
        for caller in there.values():
            with suppress(OSError):
                caller.settimeout(_GREETING_S)
                caller.sendall(answer)
    return missing()


def _greetings(cluster: Cluster) -> list[bytes]:
    """What each worker says, by rank; those of another training, which has other addresses, say otherwise."""
    training = hashlib.sha256(repr(cluster.addresses).encode()).hexdigest()
    return [f"gen worker {rank} of {training}\n".encode() for rank in range(cluster.size)]


def _greeting_of(caller: socket.socket) -> bytes:
    """What whoever calls says first; nothing of who says nothing in time."""
    with suppress(OSError):
        return _line(caller, _Patience(_GREETING_S, str))
    return b""


def _is_gone(caller: socket.socket) -> bool:
    caller.setblocking(False)
    try:
        caller.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True  # it has ended, or says what no worker does


def _await_chief(cluster: Cluster, limit_s: float) -> list[int]:
    """At another worker: the ranks that the chief says are missing; its own where it is not heard of."""
    host, _, port = cluster.addresses[0].rpartition(":")
    patience = _Patience(limit_s, lambda: cluster.name(0))
    while not patience.is_over():
        with suppress(OSError, OverflowError, UnicodeError):  # the last two of what is no port, or no name
            with socket.create_connection((host.strip("[]"), int(port)), _GREETING_S) as chief:
                # a machine that falls silent closes nothing
                chief.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                chief.sendall(_greetings(cluster)[cluster.rank])
                heard = _Patience(float("inf"), lambda: f"the others; {cluster.name(0)} is there")
                match = re.fullmatch(rb"missing((?: \d{1,9})*)\n", _line(chief, heard))
            if match:
                return [rank for rank in map(int, match[1].split()) if rank < cluster.size]
        time.sleep(_RETRY_S)
    return [0]


def _line(connection: socket.socket, patience: _Patience) -> bytes:
    """What a connection brings, to the end of a line or of itself.

    Raises:
        OSError: It is broken.
    """
    said = b""
    connection.settimeout(_RETRY_S)
    while not said.endswith(b"\n") and len(said) < _LONGEST_LINE and not patience.is_over():
        with suppress(TimeoutError):
            if not (more := connection.recv(_LONGEST_LINE)):
                break
            said += more
    return said


def _named(cluster: Cluster, ranks: list[int]) -> str:
    names = [cluster.name(rank) for rank in ranks[:_MOST_NAMED]]
    more = len(ranks) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
