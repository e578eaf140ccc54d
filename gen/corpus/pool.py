"""Work on files in processes of their own, which are killed when it takes too long or too much memory.

A worker that hangs, crashes or is out of memory costs the one job that it worked on, and a new one takes
its place. Only a bounded number of jobs is under way, so that thousands need no more memory than a few.

Workers start as the platform's `forkserver` does, where it can, else by `spawn`: a program of one's own that
comes here needs the guard `if __name__ == "__main__":`, as with all of `multiprocessing`.
"""

import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Generic, TypeVar

from pebble import ProcessExpired, ProcessPool

from gen.corpus.piece import reason_from

Key = TypeVar("Key")
Subject = TypeVar("Subject")

MEMORY_BYTES = 1 << 30  # for a worker, beyond what it has at its start
READERS = ("gen.corpus.reading", "numpy", "music21.midi")
_WAITING_A_WORKER = 8
_FILES_UNTIL_RENEWED = 1000  # whatever a library forgets to give back goes with its process
_OUT_OF_MEMORY = 86  # exit code
_GRACE_S = 10
_LOOKING_S = 1.0
_MOST_BREAKS = 3  # of pools one after the other, with nothing done between
_LONGEST_SOCKET_BYTES = 103  # of an address in the file system; macOS has the least


@dataclass(frozen=True)
class Job(Generic[Subject]):
    """Something to work on.

    Attributes:
        subject: Such as a file.
        limit_s: After so many seconds its worker is killed.
    """

    subject: Subject
    limit_s: float


@dataclass(frozen=True)
class Failure:
    """Why there is no result, worded to follow the job's name: the fault of a file or of the machine."""

    reason: str


def in_workers(
    work: Callable[[Subject], bytes],
    jobs: Iterable[tuple[Key, Job[Subject]]],
    *,
    workers: int,
    preloaded: Sequence[str] = READERS,
) -> Generator[tuple[Key, bytes | Failure], None, None]:
    """Do the work for each job, in the order in which they end; close the iterator to stop at once.

    Args:
        work: A function at the top of a module; what it raises becomes a failure.
        jobs: Taken from one by one, as room is made; each with what is to tell its result by.
        workers: How many jobs are under way at a time, one at least.
        preloaded: Modules that every worker is born with, where the platform can do that.
    """
    waiting, breaks = iter(jobs), 0
    while True:
        left: list[tuple[Key, Job[Subject]]] = []
        with closing(_in_a_pool(work, waiting, left, max(1, workers), preloaded)) as ended:
            for key, result in ended:
                breaks = 0
                yield key, result
        if not left:
            return
        breaks += 1
        if breaks == _MOST_BREAKS:
            raise RuntimeError("workers end as they start: the program lacks `if __name__ == '__main__'`")
        waiting = chain(left, waiting)


def _in_a_pool(
    work: Callable[[Subject], bytes],
    jobs: Iterator[tuple[Key, Job[Subject]]],
    left: list[tuple[Key, Job[Subject]]],
    workers: int,
    preloaded: Sequence[str],
) -> Generator[tuple[Key, bytes | Failure], None, None]:
    """As `in_workers`, until all jobs are done or the pool breaks: `left` then has those that were begun.

    It breaks where a worker crashes before pebble has heard what it works on, and then answers for none.
    """
    pool = ProcessPool(
        max_workers=workers, max_tasks=_FILES_UNTIL_RENEWED, initializer=_begin, context=_context(preloaded)
    )
    under_way: dict[Future[bytes], tuple[Key, Job[Subject]]] = {}
    try:
        with _starting():
            _ = pool.active  # asking starts it
        for key, job in jobs:
            left.append((key, job))
            future = pool.schedule(_timed, (work, job.subject, job.limit_s), timeout=job.limit_s)
            under_way[future] = left.pop()
            if len(under_way) >= workers * _WAITING_A_WORKER:
                yield from _ended(pool, under_way)
        while under_way:
            yield from _ended(pool, under_way)
    except RuntimeError:
        if pool.active:
            raise
        left.extend(under_way.values())
    finally:
        pool.stop()
        pool.join()


def _ended(
    pool: ProcessPool, under_way: dict["Future[bytes]", tuple[Key, Job[Subject]]]
) -> Iterator[tuple[Key, bytes | Failure]]:
    """Those that have ended, waited for up to a time.

    Raises:
        BrokenProcessPool: The pool is broken.
    """
    done = wait(under_way, _LOOKING_S, return_when=FIRST_COMPLETED).done
    if not done and not pool.active:
        raise BrokenProcessPool
    for future in done:
        if isinstance(broken := future.exception(), BrokenProcessPool):
            raise broken
        key, job = under_way.pop(future)
        yield key, _result(future, job)


def _result(future: "Future[bytes]", job: Job[Subject]) -> bytes | Failure:
    try:
        return future.result()
    except TimeoutError:
        return Failure(f"takes longer than {job.limit_s:g} s to read")
    except ProcessExpired as error:
        if error.exitcode == _OUT_OF_MEMORY:
            return Failure(f"takes more than {MEMORY_BYTES >> 20} MiB of memory to read")
        return Failure(f"makes its reader crash (exit code {error.exitcode})")
    except Exception as error:  # noqa: BLE001 - whatever a file does to its reader, the others are read
        return Failure(f"cannot be read: {reason_from(error)}")


def _has_forkserver() -> bool:
    """Whether this platform has one, and the folder for temporary files a path that its socket can have."""
    longest_folder = _LONGEST_SOCKET_BYTES - len("/pymp-01234567/listener-01234567")
    return (
        "forkserver" in multiprocessing.get_all_start_methods()
        and len(os.fsencode(tempfile.gettempdir())) <= longest_folder
    )


def _context(preloaded: Sequence[str]) -> multiprocessing.context.BaseContext:
    if not _has_forkserver():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preloaded))
    return context


@contextmanager
def _starting() -> Iterator[None]:
    """What starts in here, and all that comes from it, is born silent and deaf to Ctrl-C.

    The terminal sends Ctrl-C to every process at once; it is for the one that the user started to end the
    others. Until then they may be in the middle of their birth, of which nobody wants a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import forkserver, resource_tracker

    with _silence():
        # first, since starting it opens the ears of this thread again
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            if _has_forkserver():
                forkserver.ensure_running()
        except BaseException:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            raise
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing reaches stderr, from this process either: for moments only."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _begin() -> None:
    """Make a new worker silent and bounded."""
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY_BYTES,) * 2)
    except (OSError, ValueError):  # a system that does not tell, or bounds less than what is in use
        return


def _timed(work: Callable[[Subject], bytes], subject: Subject, limit_s: float) -> bytes:
    if hasattr(signal, "alarm"):
        # ends a worker that hangs when the one who would kill it is gone
        signal.alarm(int(limit_s) + _GRACE_S)
    try:
        return work(subject)
    except MemoryError:
        # what was taken may never be given back, so the next file needs a new process
        os._exit(_OUT_OF_MEMORY)
    finally:
        if hasattr(signal, "alarm"):
            signal.alarm(0)
