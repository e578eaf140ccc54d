"""What starts at once loads nothing heavy: each command in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gen.export.midi import write_midi
from tests.test_architecture import HEAVY, PACKAGE
from tests.tiny import put_model
from tests.tunes import tune, tune_model


def loaded_by(arguments: list[str], folder: Path) -> set[str]:
    """The modules that a command has loaded when it ends."""
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))\n"
        "from gen.cli import main\n"
        "main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "without"),
    [
        (["--help"], {"numpy", "gen.commands", "gen.checkpoint"}),
        (["--version"], {"numpy", "gen.commands"}),
        (["sample", "--help"], {"numpy", "gen.checkpoint"}),
        (["train", "--help"], {"numpy", "gen.training"}),
        (["eval", "--help"], {"numpy", "gen.training"}),
        (["render", "--help"], {"numpy", "gen.export"}),
        (["render", "tune.mid", "--out", "tune.wav"], {"gen.training", "gen.dataset"}),
        (["sample", "model.safetensors", "--length", "5"], {"gen.training", "gen.dataset", "tqdm"}),
        (["info", "model.safetensors"], {"gen.training", "gen.dataset", "tqdm"}),
        (["inspect", "--help"], {"numpy", "gen.inspection"}),
        (["report", "--help"], {"numpy", "gen.reporting"}),
        (["report", ".", "--out", "a.html"], {"gen.comparison.music"}),
        (["inspect", "model.safetensors", "--prompt", "the fox"], {"gen.training", "gen.dataset", "tqdm"}),
        (["inspect", "model.safetensors", "--prompt", "the fox", "--out", "a.html"], {"gen.training"}),
        (["serve", "--help"], {"numpy", "gen.web", "uvicorn", "starlette"}),
    ],
)
def test_what_must_start_at_once_loads_nothing_heavy(
    arguments: list[str], without: set[str], tmp_path: Path
) -> None:
    put_model(tmp_path / "model.safetensors")
    put_model(tmp_path / "best.safetensors")
    write_midi(tune(1), tmp_path / "tune.mid")
    loaded = loaded_by(arguments, tmp_path)
    assert "gen.cli" in loaded
    assert not loaded & (HEAVY | without | {"scipy", "pandas"})


def test_the_server_writes_plays_and_reads_without_what_is_heavy(tmp_path: Path) -> None:
    # music21 reads and writes files of music: it may come when one is asked for, not before
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.web.serving import serving\n"
        "with serving([Path('text'), Path('music')]) as server:\n"
        "    assert server.post('/api/models/text/text', {'length': 9, 'gates': True}).status == 200\n"
        "    (*_, piece, _) = server.post('/api/models/music/music', {'bars': 2}).lines()\n"
        "    assert server.ask('GET', '/').status == server.ask('GET', '/api').status == 200\n"
        "    assert server.post('/api/music/wav', piece['music']).status == 200\n"
        "    print(*sorted(sys.modules))\n"
        "    assert server.post('/api/music/mid', piece['music']).status == 200\n"
        "    print(*sorted(sys.modules))\n"
    )
    put_model(tmp_path / "text")
    put_model(tmp_path / "music", tune_model())
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = (set(line.split()) for line in done.stdout.splitlines())
    assert "gen.web.app" in before
    assert not before & (HEAVY | {"gen.training", "gen.dataset", "scipy"})
    assert not after & ((HEAVY - {"music21"}) | {"gen.training", "gen.dataset"})


def test_the_equations_and_the_sampler_need_numpy_alone() -> None:
    program = "import sys, gen.model.cell, gen.sampler.generate; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "gen.sampler.forward" in done.stdout.split()
    assert not set(done.stdout.split()) & (HEAVY | {"gen.tokenizer", "safetensors", "click"})
