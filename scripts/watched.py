"""`gen` run in this process, again and again, while somebody looks at what it does besides."""

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from trials import Ended, memory_bytes

from gen.cli import main as gen

HANGS_S = 600.0  # of the wall clock, on a machine that others use as well
FORBIDDEN = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess.Popen",
    "socket.connect",
    "pickle.find_class",
)


class Watch:
    """Sees, through Python's audit events, what is opened for writing, and what no model may do."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event in FORBIDDEN:
            self.seen.append(event)
        elif event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            place = arguments[0]
            # what is already open, and has a number, was seen when it was opened
            if not isinstance(place, int) and not os.fsdecode(place).startswith((self._folder, os.devnull)):
                self.seen.append(f"open for writing {place!r}")


class Commands:
    """Runs commands in this process, under watch, and says what is wrong with how they end.

    Args:
        folder: Where they run, and the only place where they may write.
    """

    def __init__(self, folder: Path) -> None:
        self._watch = Watch(folder)
        self._pool = ThreadPoolExecutor(1)

    def run(self, *arguments: str | Path) -> Ended:
        """Run one to its end, as `watch` does.

        Raises:
            TimeoutError: It does not end.
        """
        return self.watch(lambda: gen([str(argument) for argument in arguments]))

    def watch(self, do: Callable[[], None]) -> Ended:
        """Do something that ends as a command does, with `SystemExit`.

        A traceback, or what no model may do, is an exit code of None, and told. Seconds are the processor's:
        others may use the machine as well.

        Raises:
            TimeoutError: It does not end.
        """
        stdout, stderr = io.StringIO(), io.StringIO()
        before_bytes = _begin_peak()
        self._watch.on, self._watch.seen = True, []
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            began_s = time.process_time()
            ending: Future[None] = self._pool.submit(do)
            error = ending.exception(HANGS_S)
            seconds = time.process_time() - began_s
        self._watch.on = False
        code = error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else None
        if self._watch.seen:
            code = None
        told = stderr.getvalue() + ("" if code is not None else f"{error!r} {self._watch.seen}")
        return Ended(
            code,
            stdout.getvalue().encode(errors="surrogatepass"),
            told.encode(errors="backslashreplace"),
            seconds,
            memory_bytes("self", "VmHWM") - before_bytes,
        )


def _begin_peak() -> int:
    """Let the system count the peak of this process's memory anew, and say what it has now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return memory_bytes("self", "VmHWM")
