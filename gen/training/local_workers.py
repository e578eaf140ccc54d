"""`gen train --workers K`: so many processes of one command on this machine, which share its cores.

Each is told of the others by `TF_CONFIG`, as on machines of their own. The chief's output is the command's;
what the others say is shown where one of them fails.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import IO

from gen.errors import GenError, TrainingError
from gen.training.signals import STOPPING_SIGNALS, StopRequest

# until a worker is seen to have ended, and until the others must have, by themselves, when one has
POLL_S, PATIENCE_S = 0.05, 15.0
_RESUME = "Go on with --resume: nothing is lost but the work since the last save."
_STARTED_HERE = "GEN_STARTED_BY_WORKERS"
# exit code of a worker that has lost another: who started all knows, and tells, which one fell
LOST = 75
_DIES_WITH_ITS_PARENT = 1  # PR_SET_PDEATHSIG, from prctl.h of Linux


def run_workers(count: int, arguments: Sequence[str]) -> int:
    """Run a command of `gen` in so many processes, to its end; the exit code is the chief's.

    Raises:
        TrainingError: One of them was killed, or failed.
    """
    addresses = free_addresses(count)
    with ExitStack() as stack:
        said: list[IO[bytes]] = [stack.enter_context(tempfile.TemporaryFile()) for _ in addresses]
        processes: list[subprocess.Popen[bytes]] = []
        request = stack.enter_context(_handing_on_signals(processes))
        stack.callback(_kill, processes)
        for rank in range(count):
            processes.append(_start(rank, addresses, arguments, said[rank]))
        code = _watch(processes, addresses, said, request)
        for process in processes:
            _ended(process)
    return code


def started_by_workers() -> bool:
    """Whether this process is a worker that `run_workers` started."""
    return _STARTED_HERE in os.environ


def free_addresses(count: int) -> list[str]:
    """So many addresses on this machine that nobody listens at."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]


def told(addresses: Sequence[str], rank: int) -> dict[str, str]:
    """This process's environment, as that of a worker which `TF_CONFIG` tells of the others."""
    task = {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": rank}}
    return {**os.environ, "TF_CONFIG": json.dumps(task)}


def _start(
    rank: int, addresses: list[str], arguments: Sequence[str], said: IO[bytes]
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "gen", *arguments],
        # a GPU would be every worker's at once, which none of them can have
        env={**told(addresses, rank), "CUDA_VISIBLE_DEVICES": "-1", _STARTED_HERE: "1"},
        stdin=None if rank == 0 else subprocess.DEVNULL,
        stdout=None if rank == 0 else subprocess.DEVNULL,
        stderr=None if rank == 0 else said,
        # what the terminal sends comes by way of this process, once
        start_new_session=True,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads here
    )


def _end_with_parent() -> None:
    import ctypes

    ctypes.CDLL(None).prctl(_DIES_WITH_ITS_PARENT, signal.SIGTERM)


@contextmanager
def _handing_on_signals(processes: list["subprocess.Popen[bytes]"]) -> Iterator[StopRequest]:
    request = StopRequest()

    def hand_on(number: int, _frame: FrameType | None) -> None:
        request.signal = signal.Signals(number)
        for process in processes:
            process.send_signal(number)

    handlers = {number: signal.getsignal(number) for number in STOPPING_SIGNALS}
    for number, handler in handlers.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, hand_on)
    try:
        yield request
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _watch(
    processes: list["subprocess.Popen[bytes]"],
    addresses: list[str],
    said: list[IO[bytes]],
    request: StopRequest,
) -> int:
    """Wait until the chief has ended, or another one as it should not; the exit code of all.

    Raises:
        TrainingError: One was killed, or failed and the chief did not hear of it.
    """
    fallen: int | None = None
    while fallen is None:
        time.sleep(POLL_S)
        # the chief first: who made it give up has ended before it, and is seen to have
        codes = [process.poll() for process in processes]
        if codes[0] == 0:
            return 0
        fallen = _first_to_fall(codes)
    code, named = processes[fallen].returncode, f"Worker {fallen} ({addresses[fallen]})"
    if code < 0:
        if request.signal is not None:  # it was told to, before it could note it
            return request.exit_code
        _leave_line()
        raise TrainingError(f"{named} was killed by {signal.Signals(-code).name}.", _RESUME)
    # it has said why, or was told to stop: the chief then knows as well
    if (of_chief := _ended(processes[0])) in (None, LOST):
        problem, fix = _last_words(said[fallen])
        _leave_line()
        raise TrainingError(f"{named} ended: {problem}", fix)
    return GenError.exit_code if of_chief is None or of_chief < 0 else of_chief


def _first_to_fall(codes: list[int | None]) -> int | None:
    """Who ended as it should not: killed, else with an error of its own, else for having lost another."""
    ended = [rank for rank, code in enumerate(codes) if code]
    return min(ended, key=lambda rank: ((codes[rank] or 0) >= 0, codes[rank] == LOST, rank), default=None)


def _ended(process: "subprocess.Popen[bytes]") -> int | None:
    try:
        return process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        return None


def _kill(processes: list["subprocess.Popen[bytes]"]) -> None:
    for process in processes:
        process.kill()
        process.wait()


def _last_words(said: IO[bytes]) -> tuple[str, str]:
    said.seek(0)
    lines = said.read().decode("utf-8", "replace").split("\n")
    problem = next((line for line in reversed(lines) if line.startswith("Problem: ")), "Problem: unknown")
    fix = next((line for line in reversed(lines) if line.startswith("Fix: ")), f"Fix: {_RESUME}")
    return problem.removeprefix("Problem: "), fix.removeprefix("Fix: ")


def _leave_line() -> None:
    """The chief may have left its progress bar in the middle of a line."""
    sys.stderr.write("\n")
