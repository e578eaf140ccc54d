"""Training on shards: killed and resumed, it ends as if nothing had happened; what cannot be is told."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gen.dataset import preparing
from gen.errors import CorpusError, RunError
from gen.reporting.report import report_of
from gen.training.setup import Setup
from gen.training.source import find, find_again, is_same
from tests.dataset.making import make, put_text
from tests.training.beginning import ASKED, assert_two_lines, begin, put_state, resume_given
from tests.tunes import put_tunes

FLAGS = ("--steps", "40", "--seed", "3", "--units", "16", "--window", "32", "--batch-size", "4")
# the command line, once for each step and arguments; killed after the step, if that is ever reached
RUNS = """
import json, os, signal, sys
from gen.cli import main
from gen.training import callbacks
log_step = callbacks.MetricsLog.on_step
def on_step(self, report):
    log_step(self, report)
    if report.step == at:
        os.kill(os.getpid(), signal.SIGKILL)
callbacks.MetricsLog.on_step = on_step
for at, arguments in json.loads(sys.argv[1]):
    try:
        main(["train", *arguments])
    except SystemExit as ended:
        assert not ended.code
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By kind a folder with a whole run and one that was killed and resumed, each in a process of its own.

    A run of the other kind may have gone before in the process: TensorFlow takes seconds to start.
    """
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in ("text", "music")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(preparing, "cores", lambda: 1)
        for kind, folder in folders.items():
            patch.chdir(folder)
            put_text() if kind == "text" else put_tunes(Path("c"), 20)
            make("p", 4)

        def begin(kind: str, out: str, at: int = 0) -> tuple[int, list[str]]:
            folder = folders[kind]
            given = ("--corpus", f"{folder}/p", "--precision", "float32", "--out", f"{folder}/{out}")
            return at, [*given, *FLAGS]

        killed = -signal.SIGKILL
        assert train(begin("text", "whole"), begin("music", "whole"), begin("text", "cut", 23)) == killed
        assert train(begin("music", "cut", 23)) == killed
        assert train(*((0, ["--resume", "--out", f"{folder}/cut"]) for folder in folders.values())) == 0
    return folders


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(preparing, "cores", lambda: 1)


def train(*commands: tuple[int, list[str]]) -> int:
    """The exit code of a process that trains with each of the arguments."""
    program = [sys.executable, "-c", RUNS, json.dumps(commands)]
    return subprocess.run(program, capture_output=True, check=False, timeout=300).returncode


@pytest.mark.parametrize("kind", ["text", "music"])
def test_killed_and_resumed_a_run_over_shards_ends_byte_for_byte_as_one_never_killed(
    kind: str, runs: dict[str, Path]
) -> None:
    for name in ("best", "last", "state.validated"):
        ours, theirs = (Path(runs[kind], run, f"{name}.safetensors").read_bytes() for run in ("cut", "whole"))
        assert ours == theirs, f"{name} differs"
    report = report_of(runs[kind] / "whole", lambda items, _total, _what: iter(items), lambda _line: None)
    assert report.comparison is not None
    assert (report.comparison.corpus_read, report.missing) == ("all of it", ())


def test_a_folder_of_shards_is_a_corpus_and_found_again() -> None:
    put_text()
    make("p", 3)
    found = find("p", None, None)
    assert (found.source.name, found.kind) == ("c", "text")
    again = find_again(found.source)
    assert again.prepare(None).digest == found.prepare(None).digest
    assert is_same("./p", found.source.corpus)


def test_a_run_goes_on_with_the_shards_it_began_with_alone() -> None:
    put_text()
    make("p", 3)
    ready = begin(ASKED, corpus="p")
    put_state(ready, step=5)
    resumed = resume_given(Path("run"))
    assert isinstance(resumed, Setup)
    assert resumed.dataset.digest == ready.dataset.digest
    Path("p").rename("old")
    make("p", 4)
    with pytest.raises(RunError, match="is not what the run") as other:
        resume_given(Path("run"))
    assert_two_lines(other.value, "began with")
    Path("p/shards/000002-of-000004.json").unlink()
    with pytest.raises(CorpusError, match="shard 2/4 is missing") as missing:
        resume_given(Path("run"))
    assert_two_lines(missing.value)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"validation": "c"}, "--validation-corpus"),
        ({"encoding": "utf-8"}, "--encoding"),
        ({"tokenizer": "notes"}, "--tokenizer"),
        ({"choices": {"melody": True}}, "an option for melody"),
    ],
)
def test_what_was_decided_when_it_was_prepared_cannot_be_asked_again(
    options: dict[str, Any], named: str
) -> None:
    put_text()
    make("p", 2)
    with pytest.raises(CorpusError, match="is prepared already") as caught:
        begin(ASKED, corpus="p", **options)
    assert_two_lines(caught.value, named)
