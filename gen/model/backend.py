"""TensorFlow and Keras, imported in one way: the right backend, no files in the home folder, no chatter.

Keras reads its backend from the environment when it is first imported and would write
`~/.keras/keras.json`; TensorFlow, oneDNN and the CUDA stub print to the file descriptor of stderr, some of
it only at the first operation and whatever `TF_CPP_MIN_LOG_LEVEL` says.
"""

import contextlib
import ctypes
import importlib
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gen.machine import cores

STDERR = 2

# the numbers of `mallopt`, from malloc.h of glibc
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4


def import_tensorflow() -> Any:
    """The module `tensorflow`, with the environment prepared for Keras before either is imported."""
    _prepare_environment()
    return importlib.import_module("tensorflow")


def import_keras() -> Any:
    """The module `keras` on its TensorFlow backend.

    Raises:
        ImportError: Keras was imported before, with another backend.
    """
    _prepare_environment()
    keras = importlib.import_module("keras")
    if keras.backend.backend() != "tensorflow":
        raise ImportError(
            f"gen needs Keras on TensorFlow, but Keras runs on {keras.backend.backend()}: "
            "set KERAS_BACKEND=tensorflow before the first import of keras"
        )
    return keras


def quiet_modules() -> Any:
    """The module `tensorflow`, imported with Keras; nothing of their chatter reaches stderr."""
    _prepare_environment()
    # Keras would take most of a second to import matplotlib, and draws nothing here.
    with captured_stderr(), _as_if_not_installed("matplotlib"):
        import_keras()
        return import_tensorflow()


def quiet_import(
    threads_intra: int | None = None,
    threads_inter: int | None = None,
    before_first: Callable[[], None] = lambda: None,
) -> None:
    """Import TensorFlow and Keras for a command line: nothing of their chatter reaches stderr.

    Args:
        threads_intra: Threads inside one operation; None leaves TensorFlow's choice.
        threads_inter: Operations that may run at once; None leaves TensorFlow's choice.
        before_first: What must be done after the import and before the first operation.

    Raises:
        RuntimeError: Threads were asked for after TensorFlow had run its first operation.
    """
    tf = quiet_modules()
    with captured_stderr():
        if threads_intra is not None:
            tf.config.threading.set_intra_op_parallelism_threads(threads_intra)
        if threads_inter is not None:
            tf.config.threading.set_inter_op_parallelism_threads(threads_inter)
        before_first()
        # The first operation starts the devices, and with them the rest of the chatter.
        tf.function(lambda: tf.linalg.matmul(tf.ones([8, 8]), tf.ones([8, 8])), autograph=False)()


def quiet_import_for_parts(
    parts: int, before_first: Callable[[], None] = lambda: None, neighbours: int = 1
) -> None:
    """`quiet_import` for work in so many independent parts, a thread each; a single part gets all threads.

    Args:
        parts: How many.
        before_first: As in `quiet_import`.
        neighbours: How many processes share the cores, this one included.
    """
    keep_freed_memory()
    if parts > 1:
        quiet_import(threads_intra=1, threads_inter=parts, before_first=before_first)
    else:
        share = None if neighbours == 1 else max(1, cores() // neighbours)
        quiet_import(threads_intra=share, before_first=before_first)


def keep_freed_memory() -> None:
    """Have the C library hand out again what was freed, rather than give it back to the system at once.

    A training step frees and takes the same large arrays as the one before. By default each is mapped anew,
    and the system clears it page by page, which is a tenth of a step; kept, the process peaks where it did.
    Only glibc is told: others have no such switch, or none that matters.
    """
    if sys.platform != "linux" or not hasattr(libc := ctypes.CDLL(None), "mallopt"):
        return
    libc.mallopt(_M_MMAP_MAX, 0)
    libc.mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
    libc.mallopt(_M_TOP_PAD, 64 << 20)


@contextlib.contextmanager
def captured_stderr() -> Iterator[None]:
    """Keep what is written to file descriptor 2 off the terminal; an error brings it out again."""
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        terminal = os.dup(STDERR)
    except OSError:  # stderr is closed: there is nothing to keep clean
        yield
        return
    with contextlib.closing(os.fdopen(terminal, "wb")) as stderr, tempfile.TemporaryFile() as chatter:
        os.dup2(chatter.fileno(), STDERR)
        # Python's own lines in memory: where the disk is full, `sys.stderr` would take itself for broken
        spoken = io.StringIO()
        try:
            with contextlib.redirect_stderr(spoken):
                yield
        except BaseException as error:
            if isinstance(error, Exception | SystemExit):  # who interrupts does not ask why
                chatter.seek(0)
                stderr.write(spoken.getvalue().encode(errors="backslashreplace") + chatter.read())
            raise
        finally:
            if sys.stderr is not None:
                sys.stderr.flush()
            stderr.flush()
            os.dup2(stderr.fileno(), STDERR)


def _prepare_environment() -> None:
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # products by oneDNN on every processor: TensorFlow takes it by itself only on the newer ones
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    # below a file there is no folder: Keras finds no settings there, and can write none
    os.environ.setdefault("KERAS_HOME", str(Path(__file__) / "keras"))


@contextlib.contextmanager
def _as_if_not_installed(name: str) -> Iterator[None]:
    """Within this context an import of a module that was not imported before fails."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # the import system's own way to say so
    try:
        yield
    finally:
        del sys.modules[name]
