"""Stopping when asked: the first signal is noted and heeded after the step, a second one ends at once."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

# SIGHUP: the terminal was closed, or the connection to the machine was lost; Windows has none
STOPPING_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
_STOPPING = b"\nStopping after this step, and saving; a second time leaves at once, back to the last save\n"


class StopRequest:
    """Whether the process was asked to stop, and by which signal."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    @property
    def exit_code(self) -> int:
        """The exit code that says so: 128 and the signal's number (130 for Ctrl-C, 143 for SIGTERM)."""
        return 128 + (self.signal or 0)


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Within this context the first stopping signal is only noted; the next has its ordinary effect.

    One that the process was started to ignore (by `nohup`, or in the background of a script) stays ignored.
    """
    request = StopRequest()
    handlers = {
        number: handler
        for number in STOPPING_SIGNALS
        if (handler := signal.getsignal(number)) is not signal.SIG_IGN
    }

    def note(number: int, _frame: FrameType | None) -> None:
        request.signal = signal.Signals(number)
        restore()
        # not by way of `sys.stderr`, which the interrupted code may be writing to
        with suppress(OSError):
            os.write(2, _STOPPING)

    def restore() -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    for number in handlers:
        signal.signal(number, note)
    try:
        yield request
    finally:
        restore()
