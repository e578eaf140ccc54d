import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gen.machine import cores
from gen.model import backend
from gen.model.backend import captured_stderr, quiet_import_for_parts


def run_python(
    code: str, home: Path, closed_stderr: bool = False, **more: str
) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("KERAS", "TF_"))}
    environment |= {"HOME": str(home), **more}
    command = [sys.executable, "-c", code]
    if closed_stderr:
        command = ["sh", "-c", 'exec "$0" "$@" 2>&-', *command]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("closed_stderr", [False, True])
def test_quiet_import_prints_nothing_sets_threads_and_leaves_the_home_folder_alone(
    tmp_path: Path, closed_stderr: bool
) -> None:
    code = """
from gen.model.backend import quiet_import
quiet_import(threads_intra=1, threads_inter=2)
import keras, tensorflow as tf
threading = tf.config.threading
print(keras.backend.backend(), threading.get_intra_op_parallelism_threads(),
      threading.get_inter_op_parallelism_threads(), float(tf.linalg.matmul([[2.0]], [[3.0]])[0, 0]))
"""
    done = run_python(code, tmp_path, closed_stderr)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "tensorflow 1 2 6.0\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such switch")
def test_a_killed_process_leaves_no_folder_of_a_librarys_behind(tmp_path: Path) -> None:
    private = tmp_path / "temporary"
    private.mkdir()
    program = """
import os, signal
from gen.model.backend import quiet_import
quiet_import()
import keras, matplotlib
from gen.model.layer import LSTMLayer
keras.Sequential([keras.Input((3, 2)), LSTMLayer(2)]).compile("adam", "mse")
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = run_python(program, tmp_path, TMPDIR=str(private), MPLCONFIGDIR=str(tmp_path / "matplotlib"))
    assert (killed.returncode, killed.stderr) == (-9, "")
    assert list(private.iterdir()) == []


def test_large_arrays_are_mapped_once_and_then_kept(tmp_path: Path) -> None:
    code = """
import resource, sys
import numpy as np
from gen.model.backend import keep_freed_memory
if len(sys.argv) > 1:
    keep_freed_memory()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(64 << 20, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print([faults() for _ in range(4)][1:])
"""
    kept = json.loads(run_python(f"import sys; sys.argv.append('keep')\n{code}", tmp_path).stdout)
    given_back = json.loads(run_python(code, tmp_path).stdout)
    assert max(kept) < 100 < min(given_back)


def test_what_was_captured_comes_out_with_an_exception(tmp_path: Path) -> None:
    code = """
import os
from gen.model import backend
from gen.machine import cores
from gen.model.backend import captured_stderr, quiet_import_for_parts
with captured_stderr():
    os.write(2, b"the reason\\n")
    raise SystemExit(3)
"""
    done = run_python(code, tmp_path)
    assert (done.returncode, done.stderr) == (3, "the reason\n")
    interrupted = code.replace("    raise SystemExit(3)", "    raise KeyboardInterrupt")
    quiet = f"try:{interrupted.replace(chr(10), chr(10) + '    ')}\nexcept KeyboardInterrupt:\n    pass"
    done = run_python(quiet, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_stderr_is_restored(capfd: pytest.CaptureFixture[str]) -> None:
    with captured_stderr():
        os.write(2, b"chatter\n")
    os.write(2, b"ours\n")
    assert capfd.readouterr().err == "ours\n"


def test_what_a_library_says_on_a_full_disk_does_not_silence_us(tmp_path: Path) -> None:
    code = """
import resource, sys
from gen.model.backend import captured_stderr
from gen.streams import standard_streams
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
with standard_streams():
    with captured_stderr():
        print("a warning of a library", file=sys.stderr, flush=True)
    print("ours", file=sys.stderr, flush=True)
"""
    pytest.importorskip("resource")
    done = run_python(code, tmp_path)
    assert (done.returncode, done.stderr) == (0, "ours\n")


def test_another_keras_backend_is_refused(tmp_path: Path) -> None:
    code = """
import sys, types
keras = types.ModuleType("keras")
keras.backend = types.SimpleNamespace(backend=lambda: "jax")
sys.modules["keras"] = keras
from gen.model.backend import import_keras
import_keras()
"""
    done = run_python(code, tmp_path)
    assert done.returncode == 1
    assert "ImportError: gen needs Keras on TensorFlow, but Keras runs on jax" in done.stderr


@pytest.mark.parametrize(
    ("parts", "threads"),
    [
        (1, {"threads_intra": None}),
        (2, {"threads_intra": 1, "threads_inter": 2}),
        (5, {"threads_intra": 1, "threads_inter": 5}),
    ],
)
def test_several_parts_get_a_thread_each_and_one_part_all(
    parts: int, threads: dict[str, int | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, int]] = []
    done: list[str] = []

    def note(*, before_first: Callable[[], None], **threads: int) -> None:
        before_first()
        asked.append(threads)

    monkeypatch.setattr(backend, "quiet_import", note)
    quiet_import_for_parts(parts, lambda: done.append("before"))
    assert (asked, done) == ([threads], ["before"])


def test_neighbours_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(backend, "cores", lambda: 8)
    monkeypatch.setattr(backend, "quiet_import", lambda *, threads_intra, **_: asked.append(threads_intra))
    for neighbours in (2, 3, 9):
        quiet_import_for_parts(1, neighbours=neighbours)
    assert asked == [4, 2, 1]


def test_cores_are_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1
