"""Who listens while a run trains: the progress bar, the log, TensorBoard."""

import importlib.util
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from gen.errors import TrainingError
from gen.evaluation.units import in_words
from gen.streams import one_line
from gen.training.run import RunFolder, trim_metrics

LOG_EVERY_STEPS = 10


@dataclass(frozen=True)
class StepReport:
    """One update. `step` counts from 1; `loss` is in nats a token; `tokens` were read in this step."""

    step: int
    loss: float
    gradient_norm: float
    learning_rate: float
    tokens: int


@dataclass(frozen=True)
class ValidationReport:
    """One validation: nats a token over `tokens` tokens, the same as people compare it, a sample.

    `ngram` is what an n-gram reached on the same, if there is one; `verdict` says it all in plain words.
    """

    step: int
    nats: float
    measures: dict[str, float]
    tokens: int
    is_best: bool
    sample: str
    ngram: dict[str, Any] | None = None
    verdict: str = ""


class Callback:
    """Something that listens; each method does nothing unless overridden."""

    def on_step(self, report: StepReport) -> None:
        """After each update."""

    def on_validation(self, report: ValidationReport) -> None:
        """After each validation."""

    def on_saved(self, report: ValidationReport) -> None:
        """When all that a validation found is saved, and nothing can be lost of it."""

    def on_length(self, steps: int) -> None:
        """When the number of steps has been set right."""

    def on_notice(self, text: str) -> None:
        """When the user should be told something."""

    def close(self) -> None:
        """When training ends, however it ends."""


class ProgressBar(Callback):
    """A bar on standard error, with tokens a second, loss and time left; validations are lines above it."""

    def __init__(self, first_step: int, steps: int, stream: TextIO) -> None:
        self._counted_from = time.perf_counter()
        self._seconds = 0.0
        self._tokens = 0
        self._loss: float | None = None
        self._bar = tqdm(
            total=steps,
            initial=first_step,
            file=stream,
            unit="step",
            dynamic_ncols=True,
            # without a terminal each update is a line of its own: a few are enough
            mininterval=0.2 if stream.isatty() else 30.0,
            bar_format="{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} steps, {remaining} left{postfix}",
        )

    def on_step(self, report: StepReport) -> None:
        """Move the bar."""
        now = time.perf_counter()
        self._seconds += now - self._counted_from
        self._counted_from = now
        self._tokens += report.tokens
        rate = self._tokens / self._seconds
        self._loss = report.loss if self._loss is None else 0.95 * self._loss + 0.05 * report.loss
        self._bar.set_postfix_str(f"{rate:,.0f} tokens/s, loss {self._loss:.3f}", refresh=False)
        self._bar.update(report.step - self._bar.n)  # which is back, after a recovery

    def on_saved(self, report: ValidationReport) -> None:
        """Print the result, and the sample, indented; its time does not count against the rate."""
        self._counted_from = time.perf_counter()
        best = ", the best so far" if report.is_best else ""
        verdict = f"; {report.verdict}" if report.verdict else ""
        self._bar.write(
            f"step {report.step}: validation {report.nats:.4f} nats a token, "
            f"{in_words(report.measures)}{best}{verdict}",
            file=self._bar.fp,
        )
        self._bar.write(
            "".join(f"  | {one_line(line)}\n" for line in report.sample.splitlines()),
            file=self._bar.fp,
            end="",
        )

    def on_length(self, steps: int) -> None:
        """Make the bar so long."""
        self._bar.total = steps

    def on_notice(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.write(text, file=self._bar.fp)

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.close()


class MetricsLog(Callback):
    """Lines of JSON in `metrics.jsonl`: `train` every few steps, `validation` at each, `notice`.

    Args:
        folder: The run's; it is made.
        step: The step that the run stands at: lines of later ones will be written again.

    Raises:
        RunError: The folder cannot be written.
    """

    def __init__(self, folder: RunFolder, step: int) -> None:
        self._folder = folder
        with folder.saving():
            folder.path.mkdir(parents=True, exist_ok=True)
            trim_metrics(folder.metrics, step)
            self._file = folder.metrics.open("a", encoding="utf-8")
        self._started = time.perf_counter()
        self._losses: list[float] = []

    def on_step(self, report: StepReport) -> None:
        """Log the mean loss of the last few steps."""
        self._losses.append(report.loss)
        if report.step % LOG_EVERY_STEPS == 0:
            self._write(
                "train",
                step=report.step,
                loss=sum(self._losses) / len(self._losses),
                gradient_norm=report.gradient_norm,
                learning_rate=report.learning_rate,
            )
            self._losses.clear()

    def on_validation(self, report: ValidationReport) -> None:
        """Log the result with its sample, on the disk before the state that it belongs to."""
        self._write(
            "validation",
            step=report.step,
            nats_per_token=report.nats,
            **report.measures,
            tokens=report.tokens,
            best=report.is_best,
            sample=report.sample,
            ngram=report.ngram,
            verdict=report.verdict,
        )
        with self._folder.saving():
            os.fsync(self._file.fileno())

    def on_notice(self, text: str) -> None:
        """Log what the user was told."""
        self._write("notice", text=text)

    def close(self) -> None:
        """Close the file; what there was no room for has been told when it was written."""
        with suppress(OSError):
            self._file.close()

    def _write(self, event: str, **fields: Any) -> None:
        row = {"event": event, **fields, "elapsed_s": round(time.perf_counter() - self._started, 3)}
        with self._folder.saving():
            self._file.write(json.dumps(row) + "\n")
            self._file.flush()


def require_tensorboard() -> None:
    """Make sure that TensorBoard can be written for.

    Raises:
        TrainingError: Its package is not installed.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise TrainingError("--tensorboard needs the package tensorboard.", "pip install tensorboard")


class TensorBoard(Callback):
    """Event files for TensorBoard under `<run>/tensorboard`."""

    def __init__(self, folder: Path) -> None:
        from tensorboard.summary import Writer

        self._writer = Writer(str(folder / "tensorboard"))

    def on_step(self, report: StepReport) -> None:
        """Write loss, gradient norm and rate every few steps."""
        if report.step % LOG_EVERY_STEPS == 0:
            self._writer.add_scalar("train/loss", report.loss, report.step)
            self._writer.add_scalar("train/gradient_norm", report.gradient_norm, report.step)
            self._writer.add_scalar("train/learning_rate", report.learning_rate, report.step)

    def on_validation(self, report: ValidationReport) -> None:
        """Write the validation loss."""
        self._writer.add_scalar("validation/nats_per_token", report.nats, report.step)

    def close(self) -> None:
        """Flush and close."""
        self._writer.close()
