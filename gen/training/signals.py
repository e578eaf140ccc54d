"""Stopping when asked: the first signal is noted and heeded after the step, a second one ends at once."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

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
    """Within this context the first SIGINT or SIGTERM is only noted; the next has its ordinary effect."""
    request = StopRequest()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

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
