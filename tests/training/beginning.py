"""Runs that have begun: a setup, and what one leaves in its folder."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gen.config import TrainingConfig
from gen.errors import GenError
from gen.kinds import KINDS
from gen.training import plan, resuming, setup
from gen.training.plan import Request
from gen.training.run import Progress
from gen.training.setup import Given, Setup
from tests.training.tiny import state_tensors, words

TEXT = KINDS["text"].recipe


ASKED = Request(steps=20, units=8, batch_size=4, window=16, seed=3)


def put_corpus(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus in a folder that becomes the current one; the cache is there too."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GEN_CACHE", str(folder / "cache"))
    path = folder / "corpus.txt"
    path.write_text(words(200), "utf-8")
    return path


def begin(request: Request = ASKED, out: Path | None = Path("run"), **given: Any) -> Setup:
    return setup.begin(Given(request, **{"corpus": "corpus.txt", "out": out, **given}))


def config_of(ready: Setup) -> TrainingConfig:
    """What a run that began with this setup trains with."""
    config = plan.training_config(
        ready.request,
        TEXT,
        ready.dataset.training.tokens,
        ready.streams,
        ready.window,
        "float32",
        "float32",
        ready.parts,
    )
    return replace(config, steps=20, validate_every=2)


def put_state(ready: Setup, *, validated: bool = True, **progress: Any) -> Path:
    """What a run that began with this setup leaves in its folder."""
    config = config_of(ready)
    about = setup.describe(ready, config)
    tensors = state_tensors(ready.model, config)
    ready.folder.save_state(Progress(**progress), about, tensors, validated=validated)
    return ready.folder.path


def assert_two_lines(error: GenError, *problem: str) -> None:
    assert all(part in error.problem for part in problem), error.problem
    for line in (error.problem, error.fix):
        assert line
        assert "\n" not in line


def resume_given(out: Path | None, request: Request | None = None, **given: Any) -> Setup:
    return resuming.resume(Given(request or Request(), out=out, **given))
