"""A run is one folder: the best and the last model, the training state, and the log.

    best.safetensors              the model with the lowest validation loss
    last.safetensors              the model as of the newest validation
    state.validated.safetensors   the state as of the newest validation, or of the beginning
    state.safetensors             the state as of the newest save between validations
    metrics.jsonl                 a line for every few steps and every validation
    .lock                         held by the process that trains here

A state is all that is needed to go on as if nothing had happened. A run is resumed from the newer of its two
that is whole, so one that is killed at any moment can go on; it goes back, when the loss explodes, to the one
that was validated, which does not depend on the clock.
"""

import datetime
import itertools
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gen.checkpoint import Model, save_model
from gen.config import ConfigError, JsonFields, TrainingConfig, require_real, require_whole
from gen.dataset.windows import Cursor
from gen.errors import ModelFileError, RunError
from gen.files import is_temporary, write_atomically
from gen.tensor_file import load_tensors, save_tensors

STATE_VERSION = 2
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

    def __post_init__(self) -> None:
        for name in ("step", "epoch", "position", "best_step", "recoveries"):
            require_whole(name, getattr(self, name), 0, 1 << 40)
        require_real("rate_scale", self.rate_scale, 0.0, 1.0)
        if self.best_nats is not None:
            require_real("best_nats", self.best_nats, 0.0, math.inf)

    @property
    def cursor(self) -> Cursor:
        """Where the next window begins."""
        return Cursor(self.epoch, self.position)

    def is_stuck(self, config: TrainingConfig) -> bool:
        """Whether the newest validation says to stop: no gain for long, and for two validations at least."""
        patience = max(EARLY_STOP_SHARE * config.steps, 2 * config.validate_every)
        return self.step % config.validate_every == 0 and self.step - self.best_step >= patience


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
        self.validated_state = path / "state.validated.safetensors"
        self.metrics = path / "metrics.jsonl"
        self._lock = path / ".lock"
        self._is_locked = False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let no other process train here for as long as this lasts; the folder is made.

        The system unlocks it when the process ends, however it ends. What a process that was killed has left
        of a file that it was writing is removed, and so is the folder where nothing was put into it.

        Raises:
            RunError: Another process trains here, or the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self._lock, blocking=False)
        with self.saving():
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire()
            except Timeout as busy:
                raise RunError(
                    f"Another gen train is at work in {self.path}.",
                    "Wait for its end, or give another --out.",
                ) from busy
            self._remove_unfinished()
        self._is_locked = True
        try:
            yield
        finally:
            self._is_locked = False
            if self.path.is_dir() and set(self.path.iterdir()) <= {self._lock}:
                self._lock.unlink(missing_ok=True)
                self.path.rmdir()
            lock.release()

    def holds_run(self) -> bool:
        """Whether a run was started here."""
        return any(file.exists() for file in (self.best, self.last, self.state, self.validated_state))

    def has_state(self) -> bool:
        """Whether there is anything to resume from."""
        return self.state.exists() or self.validated_state.exists()

    def save_state(
        self, progress: Progress, about: dict[str, Any], tensors: dict[str, NDArray[Any]], *, validated: bool
    ) -> None:
        """Save a state, in the place of the older one of its sort.

        Raises:
            RunError: The folder cannot be written.
        """
        described = {"format_version": STATE_VERSION, "progress": progress.to_json(), "about": about}
        with self.saving():
            save_tensors(self.validated_state if validated else self.state, tensors, described)

    def save_model(self, path: Path, model: Model) -> None:
        """Save a model as `best` or `last`.

        Raises:
            RunError: The folder cannot be written.
        """
        with self.saving():
            save_model(path, model)

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Turn the system's errors, while something is written here, into the user's.

        Raises:
            RunError: The folder cannot be written.
        """
        if self._is_locked and not self._lock.exists():
            raise RunError(
                f"The folder {self.path} was removed while a run was kept in it.",
                "Put it back and go on with --resume, or train anew.",
            )
        try:
            yield
        except OSError as error:
            raise RunError(
                f"The run in {self.path} cannot be saved: {error.strerror or error}.",
                "Make room or access there; a run that had begun goes on with --resume.",
            ) from error

    def load_state(self) -> SavedState:
        """The newest whole state, with a note where a damaged one was passed over.

        Raises:
            RunError: There is none.
        """
        found, problems = [], []
        for file in (self.state, self.validated_state):  # of two at the same step the first was saved last
            try:
                if file.exists():
                    found.append(_read_state(file))
            except ModelFileError as error:
                problems.append(error.problem)
        if not found:
            raise RunError(
                " ".join([f"{self.path} holds no training state that can be resumed.", *problems]),
                "Start anew in another folder; --init-from takes the weights of a model file."
                if self.holds_run()
                else "Nothing was saved there yet: begin without --resume.",
            )
        newest = max(found, key=lambda saved: saved.progress.step)
        if not problems:
            return newest
        return replace(newest, note=f"{problems[0]} Going on from the state of step {newest.progress.step}.")

    def load_validated_state(self) -> SavedState:
        """The state of the newest validation; should it be damaged, the newest whole one.

        Raises:
            RunError: There is none.
        """
        try:
            return _read_state(self.validated_state)
        except ModelFileError:
            return self.load_state()

    def _remove_unfinished(self) -> None:
        for file in self.path.iterdir():
            if is_temporary(file):
                file.unlink()


def new_run_folder(corpus: str) -> Path:
    """Make the folder of a run that was given none: `checkpoints/<corpus>-<date>-<n>`.

    Raises:
        RunError: It cannot be made.
    """
    stem = f"{corpus}-{datetime.date.today().isoformat()}"
    for number in itertools.count(1):
        folder = Path("checkpoints") / f"{stem}-{number}"
        try:
            folder.mkdir(parents=True)  # fails where it is there, so that two runs never share one
        except FileExistsError:
            continue
        except OSError as error:
            raise RunError(
                f"{folder} cannot be made: {error.strerror or error}.",
                "Give --out a place that can be written.",
            ) from error
        break
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
    about, tensors = load_tensors(path, STATE_VERSION)
    try:
        progress = Progress.from_json(about.get("progress"))
    except ConfigError as error:
        raise ModelFileError(f"{path}: {error}.", "Use an undamaged state.") from error
    described = about.get("about")
    if not isinstance(described, dict):
        raise ModelFileError(f"{path} does not say what run it is of.", "Use an undamaged state.")
    return SavedState(progress, described, tensors)
