"""A save that is killed at any moment leaves the file of before or the whole new one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gen.errors import RunError
from gen.files import is_temporary
from gen.training.run import Progress, RunFolder
from tests.tiny import tiny_model

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes that copy this one")

# Saves in a copy of the process that ends itself at the nth thing it asks the system for, for every n.
AT_EACH_CALL = """
import os, signal, sys
from pathlib import Path
from gen.checkpoint import load_model, save_model
from tests.tiny import tiny_model

path, old, new = Path(sys.argv[1]), tiny_model(seed=1), tiny_model(seed=2)
asked = 0

def count(event, _arguments):
    global asked
    if event.split(".")[0] in ("open", "os"):
        asked += 1
        if asked == last:
            os.kill(os.getpid(), signal.SIGKILL)

for last in range(1, 1000):
    save_model(path, old)
    child = os.fork()
    if child == 0:
        sys.addaudithook(count)
        save_model(path, new)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    found = load_model(path).weights["output.b"]
    print("old" if (found == old.weights["output.b"]).all() else "new")
    assert (found == old.weights["output.b"]).all() or (found == new.weights["output.b"]).all()
    if code == 0:
        break
    assert code == -signal.SIGKILL
"""

# The system ends a process whose file grows beyond a size: in the middle of writing it.
AT_EACH_SIZE = """
import os, resource, signal, sys
from pathlib import Path
from gen.checkpoint import load_model, save_model
from tests.tiny import tiny_model

path, old, new = Path(sys.argv[1]), tiny_model(seed=1), tiny_model(seed=2)
save_model(path, new)
size = path.stat().st_size
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
save_model(path, old)
for limit in (1, 8, 100, size // 2, size - 1):
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        save_model(path, new)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGXFSZ
    assert (load_model(path).weights["output.b"] == old.weights["output.b"]).all()
"""


def run(code: str, path: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_killed_at_anything_it_asks_of_the_system(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    found = run(AT_EACH_CALL, path)
    turn = found.index("new")
    assert 2 <= turn < len(found), "some of the calls come before the new file is there, and some after"
    assert set(found[turn:]) == {"new"}
    left = [each for each in tmp_path.iterdir() if each != path]
    assert left, "what is half written is left by a killed process"
    assert all(is_temporary(each) for each in left)
    with RunFolder(tmp_path).locked():
        assert not any(is_temporary(each) for each in tmp_path.iterdir())


def test_killed_in_the_middle_of_writing(tmp_path: Path) -> None:
    run(AT_EACH_SIZE, tmp_path / "model.safetensors")


def test_a_save_that_the_system_cuts_short_is_told_and_leaves_all_as_it_was(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    folder = RunFolder(tmp_path / "run")
    tensors = {"embedding": np.arange(3000, dtype=np.float32)}
    with folder.locked():
        folder.save_state(Progress(step=1), {"kind": "text"}, tensors, validated=True)
        kept = folder.validated_state.read_bytes()
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            for limit in (1, 100, len(kept) - 1):
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
                with pytest.raises(RunError, match="cannot be saved") as caught:
                    folder.save_state(Progress(step=2), {"kind": "text"}, tensors, validated=True)
                assert "--resume" in caught.value.fix
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
        assert folder.validated_state.read_bytes() == kept
        assert not any(is_temporary(each) for each in folder.path.iterdir())


def test_the_models_of_these_tests_differ() -> None:
    assert not np.array_equal(tiny_model(seed=1).weights["output.b"], tiny_model(seed=2).weights["output.b"])
