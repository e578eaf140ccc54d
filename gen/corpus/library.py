"""Files of music, each read once: in workers that may be killed, then out of the cache."""

import hashlib
import itertools
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gen.corpus.piece import MAX_BYTES, UnreadableError, refuse_too_large
from gen.corpus.piece_cache import PieceCache
from gen.corpus.pool import Failure, Job, in_workers
from gen.corpus.reading import MIDI_ENDINGS, read_pieces
from gen.corpus.stored import Reading, pack, unpack
from gen.errors import CorpusError
from gen.machine import cores
from gen.streams import progress_bar

# To be raised whenever a reader gives another result for the same bytes: what is cached is then read anew.
READER_VERSION = 4

_MIDI_LIMIT_S = 5.0
_NOTATION_LIMIT_S, _TUNE_LIMIT_S, _MOST_LIMIT_S = 20.0, 0.5, 300.0
_FILES_A_WORKER = 4  # with fewer, a further worker costs more time than it saves
_KEY_BYTES = hashlib.sha256().digest_size


class Library:
    """The readings of files of music; whatever a file holds, it costs its own reading alone.

    Args:
        files: Regular files, in the order in which they are to be given.
        workers: How many are read at a time, at the most; None for one a core.

    Attributes:
        is_final: Whether another time would give the same readings: so far no file has failed by the limit of
            time or memory, by a crash, or because it could not be opened.

    Raises:
        CorpusError: From `readings`: the cache cannot be read or written.
    """

    def __init__(self, files: tuple[Path, ...], workers: int | None = None) -> None:
        self.files = files
        self._workers = cores() if workers is None else workers
        self.is_final = True
        self._keys: dict[Path, bytes] = {}
        self._sizes_bytes: dict[Path, int] = {}
        self._reasons: dict[Path, str] = {}  # of files that cannot even be opened
        self._failures: dict[bytes, str] = {}  # what may end otherwise another time, so is not cached

    def readings(self) -> Iterator[tuple[Path, Reading]]:
        """Every file and what is in it, in order; the files are read at the first call only.

        Raises:
            CorpusError: The cache cannot be read or written.
        """
        with PieceCache() as known:
            self._read(known, [path for path in self.files if not self._is_done(path)])
            for path in self.files:
                yield path, self._reading(known, path)

    def size_bytes(self, path: Path) -> int:
        """How large a file was when it was read; it may be gone since."""
        return self._sizes_bytes[path]

    def _is_done(self, path: Path) -> bool:
        return path in self._keys or path in self._reasons

    def _reading(self, known: PieceCache, path: Path) -> Reading:
        reading = self._kept(known, path)
        if reading is None:
            # what lay in the cache is gone or damaged
            key = self._keys.pop(path)
            self._read(known, [path], again=True)
            reading = self._kept(known, path)
            if reading is None or self._keys.get(path) != key:
                raise CorpusError(f"{path} changed while it was read", "Train on a copy of the corpus.")
        return reading

    def _kept(self, known: PieceCache, path: Path) -> Reading | None:
        if path in self._reasons:
            return Reading(reason=self._reasons[path])
        key = self._keys[path]
        if key in self._failures:
            return Reading(reason=self._failures[key])
        packed = known.get(key)
        try:
            return None if packed is None else unpack(packed)
        except ValueError:
            return None

    def _read(self, known: PieceCache, paths: list[Path], *, again: bool = False) -> None:
        with progress_bar("reading music", "file", len(paths)) as bar:
            jobs = self._jobs(known, paths, bar, again=again)
            first = next(jobs, None)
            if first is None:
                return
            every = itertools.chain([first], jobs)
            workers = min(self._workers, len(paths) // _FILES_A_WORKER)
            with closing(in_workers(read_packed, every, workers=workers)) as results:
                for key, result in results:
                    if isinstance(result, Failure):
                        self._fail(key, result.reason)
                    elif result[:_KEY_BYTES] != key:
                        self._fail(key, "changed while it was read")
                    else:
                        known.put(key, result[_KEY_BYTES:])
                    bar.update()

    def _fail(self, key: bytes, reason: str) -> None:
        self._failures[key] = reason
        self.is_final = False

    def _jobs(
        self, known: PieceCache, paths: Iterable[Path], bar: Any, *, again: bool
    ) -> Iterator[tuple[bytes, Job[Path]]]:
        """What is to be read, each content once."""
        asked: set[bytes] = set()
        for path in paths:
            try:
                content = _content(path)
            except UnreadableError as error:
                self._reasons[path] = str(error)
                self.is_final &= not isinstance(error.__cause__, OSError)
                bar.update()
                continue
            key = self._keys[path] = _key(path, content)
            self._sizes_bytes[path] = len(content)
            if key in asked or (not again and known.has(key)):
                bar.update()
                continue
            asked.add(key)
            yield key, Job(path, _limit_s(path, content))


def read_alone(path: Path) -> Reading:
    """The reading of one file, in a worker as ever, but not out of the cache and not to be kept there."""
    try:
        job = Job(path, _limit_s(path, _content(path)))
    except UnreadableError as error:
        return Reading(reason=str(error))
    ((_, result),) = in_workers(read_packed, [(path, job)], workers=1)
    return Reading(reason=result.reason) if isinstance(result, Failure) else unpack(result[_KEY_BYTES:])


def read_packed(path: Path) -> bytes:
    """In a worker: the key of a file's content as it is now, and the bytes of its reading.

    Raises:
        OSError: The file is gone.
    """
    try:
        reading = Reading(*read_pieces(path))
    except UnreadableError as error:
        reading = Reading(reason=str(error))
    return _key(path, path.read_bytes()) + pack(reading)


def _content(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError("is no regular file")
        refuse_too_large(status.st_size)
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # it may have grown since
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}") from error
    refuse_too_large(len(content))
    return content


def _key(path: Path, content: bytes) -> bytes:
    whole = hashlib.sha256(f"{reader_version()} {path.suffix.lower()}\n".encode())
    whole.update(content)
    return whole.digest()


def reader_version() -> str:
    """What the reading of the same bytes depends on: our readers and music21."""
    return f"{READER_VERSION} {_music21_version()}"


@cache
def _music21_version() -> str:
    return version("music21")


def _limit_s(path: Path, content: bytes) -> float:
    if path.suffix.lower() in MIDI_ENDINGS:
        return _MIDI_LIMIT_S
    tunes = content.count(b"\nX:")
    return min(_NOTATION_LIMIT_S + tunes * _TUNE_LIMIT_S, _MOST_LIMIT_S)
