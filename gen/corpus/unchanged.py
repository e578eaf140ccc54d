"""Reading a file, or a part of it, of which nobody may change anything in the meantime."""

import io
import os
from pathlib import Path
from typing import Protocol

from gen.errors import CorpusError


class Digest(Protocol):
    """What is fed with bytes, such as a hash of `hashlib`."""

    def update(self, data: bytes, /) -> object:
        """Take in more bytes."""


class Unchanged:
    """A file that must be the same size and date when it is left as when it was entered."""

    def __init__(
        self, path: Path, file: io.FileIO, end: int | None = None, digest: Digest | None = None
    ) -> None:
        self.path = path
        self.file = file
        self.end = end
        self.digest = digest
        self.before = os.fstat(file.fileno())
        self.size_bytes = self.before.st_size
        self.read_bytes = 0

    def __enter__(self) -> "Unchanged":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # A reader that stops early has not seen a change, and a change explains a bad byte better.
        if kind is not GeneratorExit:
            self._check()

    def go_to(self, offset: int) -> None:
        """Read from there."""
        self.file.seek(offset)
        self.read_bytes = offset

    def read(self, most_bytes: int) -> bytes:
        """Read on; a file that grows as fast as it is read would never end, so growth is told at once."""
        if self.end is not None:
            most_bytes = min(most_bytes, self.end - self.read_bytes)
        chunk = self.file.read(most_bytes)
        self.read_bytes += len(chunk)
        if self.digest is not None:
            self.digest.update(chunk)
        if self.read_bytes > self.size_bytes:
            self._check()
        return chunk

    def _check(self) -> None:
        after = os.fstat(self.file.fileno())
        if (after.st_size, after.st_mtime_ns) != (self.before.st_size, self.before.st_mtime_ns):
            raise CorpusError(
                f"{self.path} changed while it was read ({self.size_bytes} bytes, then {after.st_size})",
                "Wait until nothing writes to it, or train on a copy.",
            )
