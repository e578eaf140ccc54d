"""A run is one folder: the best and the last model, the training state, and the log.

    best.safetensors    the model with the lowest validation loss
    last.safetensors    the model as of the newest validation
    state.safetensors   all that is needed to go on as if nothing had happened
    state.previous.safetensors   the state before that, used when the newest is damaged
    metrics.jsonl       a line for every few steps and every validation

A state is written before `last`, and the state before it is kept, so a run that is killed at any moment can
be resumed.
"""

import datetime
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gen.checkpoint import load_tensors, save_tensors
from gen.config import ConfigError, JsonFields, TrainingConfig
from gen.dataset import Cursor
from gen.errors import ModelFileError, RunError
from gen.files import write_atomically

STATE_VERSION = 1
EARLY_STOP_SHARE = 0.2


@dataclass(frozen=True)
class Progress(JsonFields):
    """Where a run stands; with the tensors, its whole state.

    Attributes:
        step: Updates done.
        epoch: Passes over the training part done.
        position: Time step within each stream where the next window begins.
        best_nats: The lowest validation loss so far, nats a token; None before the first validation.
        best_step: The step it was reached at.
        rate_scale: What the schedule's rate is multiplied by; below 1 after a recovery.
        recoveries: How often training went back to a good state.
    """

    step: int = 0
    epoch: int = 0
    position: int = 0
    best_nats: float | None = None
    best_step: int = 0
    rate_scale: float = 1.0
    recoveries: int = 0

    @property
    def cursor(self) -> Cursor:
        """Where the next window begins."""
        return Cursor(self.epoch, self.position)

    def is_stuck(self, config: TrainingConfig) -> bool:
        """Whether the newest validation says to stop: no gain for a good share of the steps."""
        since_best = self.step - self.best_step
        return self.step % config.validate_every == 0 and since_best >= EARLY_STOP_SHARE * config.steps


@dataclass(frozen=True)
class SavedState:
    """A training state as read back.

    Attributes:
        progress: Where the run stood.
        about: The run's unchanging description (configuration, corpus), as it was saved.
        tensors: Weights, moments, carried state.
        note: What the user should be told about how it was read; empty if nothing.
    """

    progress: Progress
    about: dict[str, Any]
    tensors: dict[str, NDArray[Any]]
    note: str = ""


class RunFolder:
    """The files of one run.

    Args:
        path: The folder; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.best = path / "best.safetensors"
        self.last = path / "last.safetensors"
        self.state = path / "state.safetensors"
        self.previous_state = path / "state.previous.safetensors"
        self.metrics = path / "metrics.jsonl"
        self._newest_is_damaged = False

    def holds_run(self) -> bool:
        """Whether a run was started here."""
        return any(file.exists() for file in (self.best, self.last, self.state, self.previous_state))

    def save_state(self, progress: Progress, about: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> None:
        """Save a state; the one before it is kept.

        Raises:
            OSError: The folder cannot be written.
        """
        if self.state.exists() and not self._newest_is_damaged:
            self.state.replace(self.previous_state)
        save_tensors(
            self.state,
            tensors,
            {"format_version": STATE_VERSION, "progress": progress.to_json(), "about": about},
        )
        self._newest_is_damaged = False

    def load_state(self) -> SavedState:
        """The newest whole state.

        Raises:
            RunError: There is none.
        """
        problems = []
        for file in (self.state, self.previous_state):
            try:
                saved = _read_state(file)
            except ModelFileError as error:
                problems.append(error.problem)
                continue
            if problems and self.state.exists():
                self._newest_is_damaged = True  # it must not take the place of the one that is whole
                note = f"{problems[0]} The state before it is used: step {saved.progress.step}."
                return SavedState(saved.progress, saved.about, saved.tensors, note)
            return saved
        raise RunError(
            f"{self.path} holds no training state that can be resumed. {problems[0]}",
            "Start anew in another folder; --init-from takes the weights of a model file.",
        )


def new_run_folder(corpus: str) -> Path:
    """A folder for a run that was given none: `checkpoints/<corpus>-<date>-<n>`."""
    today = datetime.date.today().isoformat()
    stem = re.sub(r"[^\w.-]+", "-", corpus).strip("-.") or "run"
    number = 1
    while (folder := Path("checkpoints") / f"{stem}-{today}-{number}").exists():
        number += 1
    return folder


def trim_metrics(path: Path, step: int) -> None:
    """Drop the lines of steps after `step`: a resumed run will write them again.

    Raises:
        OSError: The file cannot be written.
    """
    if not path.exists():
        return
    kept = []
    for line in path.read_text("utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:  # the line that a kill cut short
            continue
        if isinstance(row, dict) and row.get("step", 0) <= step:
            kept.append(line + "\n")
    write_atomically(path, "".join(kept).encode())


def _read_state(path: Path) -> SavedState:
    about, tensors = load_tensors(path)
    if about.get("format_version") != STATE_VERSION:
        raise ModelFileError(
            f"{path} has format {about.get('format_version')!r}; this release reads {STATE_VERSION}.",
            "Resume with the release of gen that wrote it.",
        )
    try:
        progress = Progress.from_json(about.get("progress"))
    except (ConfigError, TypeError) as error:
        raise ModelFileError(f"{path}: {error}.", "Use an undamaged state.") from error
    described = about.get("about")
    if not isinstance(described, dict):
        raise ModelFileError(f"{path} does not say what run it is of.", "Use an undamaged state.")
    return SavedState(progress, described, tensors)
