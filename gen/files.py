"""Files that appear whole or not at all, and the folder that caches live in.

Every file that `gen` writes goes through `replacing`, but for logs, which grow: a temporary name in the same
folder, flush, fsync, rename, fsync of the folder. A reader sees the old file or the new one, never a part.
"""

import errno
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gen.errors import CorpusError, GenError

# a piece of this size, and what is made of it, stays in the processor's cache
CHUNK_BYTES = 1 << 17
ABANDONED_S = 24 * 3600


def cache_folder() -> Path:
    """The folder of caches: `$GEN_CACHE`, else `corpora/.cache` under the current folder."""
    named = os.environ.get("GEN_CACHE")
    return Path(named) if named else Path("corpora") / ".cache"


def unusable_cache(error: OSError) -> CorpusError:
    """The error for a cache folder that cannot be read or written."""
    return CorpusError(
        f"The cache folder {cache_folder()} cannot be used: {error.strerror or error}",
        "Free some space or mend its permissions, or set GEN_CACHE to a folder you can write.",
    )


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success put what was written there in `path`'s place.

    On an exception the temporary file is removed and `path` is as it was. The parent folder is made.

    Raises:
        OSError: The folder cannot be written, or the disk is full.
    """
    path = path.resolve()  # of a link it is the file that is written
    # before anybody works for what could not take its place, or would take that of a device or a pipe
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")  # nobody can guess it
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        if path.exists():  # what nobody else might read stays so
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def is_temporary(path: Path) -> bool:
    """Whether a path is one that `replacing` gives: a file that a killed process did not finish."""
    return re.fullmatch(r"\..+\.[0-9a-f]{16}\.tmp", path.name) is not None


def remove_abandoned(folder: Path) -> None:
    """Remove what killed processes left half written in a folder, a day ago: others may be writing there now.

    Raises:
        OSError: The folder cannot be read or written.
    """
    for file in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # its writer has just finished
            if is_temporary(file) and time.time() - file.stat().st_mtime > ABANDONED_S:
                file.unlink()


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all.

    Raises:
        OSError: The folder cannot be written, or the disk is full.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def writing_out(path: Path) -> Iterator[None]:
    """Turn the system's errors, while the file that `--out` names is written, into the user's.

    Raises:
        GenError: It cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise GenError(
            f"{path} cannot be written: {error.strerror or error}.", "Give --out a place that can be written."
        ) from error


def iterate_chunks(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of an open file in pieces of at most `CHUNK_BYTES`."""
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def sha256_of_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder, and makes a rename durable by itself
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
