"""What files of music were read as, kept from run to run: one SQLite file, known by the files' content.

Only the process that the user started touches it. What is put in is gathered and written in short
transactions, so that several runs can share it, and one that is killed loses a second's work.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from gen.files import cache_folder, unusable_cache

_SCHEMA = "CREATE TABLE IF NOT EXISTS readings (key BLOB PRIMARY KEY, packed BLOB NOT NULL) WITHOUT ROWID"
_WAIT_S = 30.0  # for another run to finish its transaction
_GATHER_S = 1.0


class PieceCache:
    """Keys and bytes in `music.sqlite`; a context, at whose end all is written.

    Raises:
        CorpusError: From every method: the cache cannot be read or written.
    """

    def __init__(self) -> None:
        self._path = cache_folder() / "music.sqlite"
        self._gathered: dict[bytes, bytes] = {}
        self._written_s = time.monotonic()
        with _errors_told():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._connection = _connect(self._path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                # no such file at all, or one cut off: what it held is read anew
                self._path.unlink()
                self._connection = _connect(self._path)

    def __enter__(self) -> "PieceCache":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.flush()
        finally:
            self._connection.close()

    def get(self, key: bytes) -> bytes | None:
        """What was put under a key; None where nothing was."""
        if key in self._gathered:
            return self._gathered[key]
        with _errors_told():
            row = self._connection.execute("SELECT packed FROM readings WHERE key = ?", (key,)).fetchone()
        return row[0] if row and isinstance(row[0], bytes) else None

    def has(self, key: bytes) -> bool:
        """Whether anything was put under a key; its bytes are not looked at."""
        with _errors_told():
            found = self._connection.execute("SELECT 1 FROM readings WHERE key = ?", (key,)).fetchone()
        return key in self._gathered or found is not None

    def put(self, key: bytes, packed: bytes) -> None:
        """Keep bytes under a key, in place of what was there."""
        self._gathered[key] = packed
        if time.monotonic() - self._written_s > _GATHER_S:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered, all of it or nothing."""
        with _errors_told(), self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO readings VALUES (?, ?)", self._gathered.items()
            )
        self._gathered.clear()
        self._written_s = time.monotonic()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT_S)
    try:
        connection.execute(_SCHEMA)
        connection.execute("SELECT 1 FROM readings LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def _errors_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unusable_cache(error) from error
    except sqlite3.Error as error:
        raise unusable_cache(OSError(str(error))) from error
