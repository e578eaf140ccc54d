"""One process trains in a folder; what others left there half written goes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gen.errors import RunError
from gen.files import replacing
from gen.training.run import Progress, RunFolder


def test_a_folder_is_left_as_empty_as_it_was_found_only_where_nothing_was_put_into_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with folder.locked():
        assert folder.path.is_dir()
    assert not folder.path.exists()
    with folder.locked():
        folder.metrics.write_text("")
    assert folder.metrics.exists()


HOLDING = """
import sys
from pathlib import Path
from gen.training.run import RunFolder
with RunFolder(Path(sys.argv[1])).locked():
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_one_process_trains_in_a_folder_and_the_next_may_when_it_is_killed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    command = [sys.executable, "-c", HOLDING, str(folder.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(RunError, match="at work") as caught, folder.locked():
            pass
        assert "--out" in caught.value.fix
        assert folder.path.is_dir()
        other.kill()
        other.wait()
    with folder.locked():
        pass


def test_what_a_killed_process_left_half_written_is_removed_and_nothing_else(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with replacing(folder.best) as temporary:
        temporary.write_bytes(b"all of it")
        unfinished = temporary.with_name(temporary.name.replace("best", "last"))
    unfinished.write_bytes(b"half of")
    own = tmp_path / ".notes.tmp"
    own.write_text("mine")
    with folder.locked():
        assert not unfinished.exists()
        assert (folder.best.read_bytes(), own.read_text()) == (b"all of it", "mine")


def test_a_folder_that_is_removed_under_a_run_is_told_and_not_made_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with folder.locked():
        shutil.rmtree(folder.path)
        with pytest.raises(RunError, match="removed"):
            folder.save_state(Progress(), {}, {}, validated=True)
    assert not folder.path.exists()
