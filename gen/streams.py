"""The standard streams of a command: what goes to stdout must arrive, what goes to stderr may get lost.

Progress is for whoever watches. When the reader of stderr goes away, or its disk is full, the work goes on in
silence; a result that cannot be written is the user's to know.
"""

import errno
import io
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gen.errors import GenError

LONGEST_LINE = 10_000
_SOON_S = 1.0


class ReaderGoneError(Exception):
    """Nobody reads the result any more: the command ends, as it does when all is written."""


class _Closed(io.StringIO):
    """A stream that was closed before the process began."""

    def write(self, _text: str, /) -> int:
        raise OSError(errno.EBADF, "it is closed")


class _Stream(ABC):
    """A stream that does as another, but for what happens when that one fails."""

    def __init__(self, stream: Any) -> None:
        self._stream = _Closed() if stream is None else stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write as the stream does; to write nothing always succeeds.

        Raises:
            TypeError: Bytes, by which click finds out that this is a stream of text, closed or not.
        """
        if not isinstance(text, str):
            raise TypeError(f"a stream of text takes no {type(text).__name__}")
        if not text:
            return 0
        return int(self._try(lambda: self._stream.write(text)) or 0)

    def flush(self) -> None:
        """Flush as the stream does."""
        self._try(self._stream.flush)

    @abstractmethod
    def _try(self, do: Any) -> Any:
        """What `do` gives, or what this stream makes of its failure."""


class Watched(_Stream):
    """A stream for those who watch; when it fails, nothing more is written to it."""

    def _try(self, do: Any) -> Any:
        try:
            return do()
        except OSError:
            self._stream = io.StringIO()
            return None


class Result(_Stream):
    """A stream for results; when it fails, the user is told, but for a reader who has had enough.

    Raises:
        GenError: From writing: it cannot be written.
        ReaderGoneError: Nobody reads it any more.
    """

    def _try(self, do: Any) -> Any:
        try:
            return do()
        except OSError as error:
            self._abandon()
            if isinstance(error, BrokenPipeError):
                raise ReaderGoneError from error
            raise GenError(
                f"Standard output cannot be written: {error.strerror or error}.",
                "Make room or open it, or write to a file.",
            ) from error

    def _abandon(self) -> None:
        """Let what Python would still flush at exit go nowhere."""
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
        except OSError:  # it has no file to be led elsewhere
            self._stream = io.StringIO()


def one_line(text: str) -> str:
    """Text as one line that only shows itself: names of files, and what files claim, may hold anything.

    What is longer than any screen is cut.
    """
    shown = "".join(character if character.isprintable() else "?" for character in text[:LONGEST_LINE])
    return shown if len(text) <= LONGEST_LINE else f"{shown} …"


def tell(line: str) -> None:
    """Tell whoever watches, on stderr, a line that only shows itself."""
    sys.stderr.write(f"{one_line(line)}\n")


def progress_bar(what: str, unit: str, total: int | None = None) -> Any:
    """A bar of tqdm on stderr, shown when the work takes longer than a moment, and gone at its end."""
    from tqdm import tqdm  # which what is done at once should not wait for

    return tqdm(desc=what, unit=unit, total=total, delay=_SOON_S, leave=False, file=sys.stderr)


@contextmanager
def standard_streams() -> Iterator[None]:
    """Within this context `sys.stdout` is a `Result` and `sys.stderr` is `Watched`."""
    before = sys.stdout, sys.stderr
    # they do what a text stream does, by way of the one within them
    sys.stdout, sys.stderr = Result(before[0]), Watched(before[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
