"""The end of the process: in time, whatever its threads are at, and with nothing left behind."""

import multiprocessing
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_folders: set[Path] = set()


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for a while, which goes with the process too if that comes first."""
    with tempfile.TemporaryDirectory(prefix="gen-") as name:
        path = Path(name)
        _folders.add(path)
        try:
            yield path
        finally:
            _folders.discard(path)


def end_after(seconds: float, code: int) -> None:
    """End the process after so long unless it has ended by itself, which waits for every thread."""
    timer = threading.Timer(seconds, _end, [code])
    timer.daemon = True
    timer.start()


def _end(code: int) -> None:
    for worker in multiprocessing.active_children():
        worker.kill()
    for path in list(_folders):
        shutil.rmtree(path, ignore_errors=True)
    os._exit(code)
