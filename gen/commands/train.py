"""`gen train`: learn a corpus."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gen.parameters import Real
from gen.streams import tell

if TYPE_CHECKING:
    from gen.config import TrainingConfig
    from gen.training.setup import Setup


@click.command("train")
@click.option(
    "--corpus", metavar="PATH-or-NAME", help="A file, folder, glob, `-`, or a name from `gen corpora`."
)
@click.option("--validation-corpus", metavar="PATH", help="What to validate on, instead of the corpus' end.")
@click.option("--out", type=click.Path(path_type=Path), metavar="RUN_DIR", help="Where to keep the run.")
@click.option("--minutes", type=Real(0, 1e9, min_open=True), help="Wall clock in all; 10 by default.")
@click.option("--steps", type=click.IntRange(1, 1 << 40), help="Updates, instead of minutes.")
@click.option("--epochs", type=Real(0, 1e9, min_open=True), help="Passes, instead of minutes.")
@click.option("--units", type=click.IntRange(1, 1 << 14), help="Hidden size of each layer.")
@click.option("--layers", type=click.IntRange(1, 64), help="Number of LSTM layers.")
@click.option("--batch-size", type=click.IntRange(1, 1 << 20), help="Parallel streams.")
@click.option(
    "--window", type=click.IntRange(1, 1 << 20), help="Time steps between truncations of the gradient."
)
@click.option("--dropout", type=Real(0, 0.95), help="Share of values dropped between layers.")
@click.option("--learning-rate", type=Real(0, 10, min_open=True), help="Peak rate.")
@click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "bfloat16"]),
    help="What factors of products are rounded to; auto times both.",
)
@click.option(
    "--tokenizer",
    type=click.Choice(["auto", "characters", "notes"]),
    help="How to read the corpus; auto goes by its content.",
)
@click.option("--no-transpose", is_flag=True, help="Music: learn every piece in its own key alone.")
@click.option("--melody", is_flag=True, help="Music: merge the parts to one melody.")
@click.option(
    "--velocity/--no-velocity",
    default=None,
    help="Music: learn how loud notes are; if not given, where it varies.",
)
@click.option("--encoding", help="Of the corpus, where it is not UTF-8 or marked UTF-16 or UTF-32.")
@click.option(
    "--seed", type=click.IntRange(0, (1 << 63) - 1), help="Where all randomness comes from; 0 if not given."
)
@click.option("--resume", is_flag=True, help="Go on with the run in --out.")
@click.option(
    "--init-from", type=click.Path(path_type=Path), metavar="MODEL", help="Start from a model's weights."
)
@click.option("--tensorboard", is_flag=True, help="Also write event files for TensorBoard into the run.")
def command(
    corpus: str | None,
    validation_corpus: str | None,
    out: Path | None,
    resume: bool,
    init_from: Path | None,
    encoding: str | None,
    tokenizer: str | None,
    no_transpose: bool,
    melody: bool,
    velocity: bool | None,
    tensorboard: bool,
    **asked: object,
) -> int:
    """Learn a corpus, and keep the best model.

    With no other option sizes are chosen for the corpus and the machine, and ten minutes are used.
    Ctrl-C saves; --resume goes on.
    """
    from gen.training import plan, resuming, setup
    from gen.training.callbacks import require_tensorboard

    if sum(asked[name] is not None for name in ("minutes", "steps", "epochs")) > 1:
        raise click.UsageError("--minutes, --steps and --epochs exclude each other.")
    if not resume and corpus is None:
        raise click.UsageError("Missing option '--corpus'. Or go on with a run: --resume --out RUN_DIR.")
    if tensorboard:
        require_tensorboard()
    choices = {"transpose": False} if no_transpose else {}
    choices |= {"melody": True} if melody else {}
    choices |= {} if velocity is None else {"velocity": velocity}
    given = setup.Given(
        plan.Request(**asked),  # type: ignore[arg-type]  # click has checked each against its option
        corpus,
        validation_corpus,
        encoding,
        out,
        init_from,
        tokenizer,
        choices,
    )
    with resuming.resumed_run(given) if resume else setup.new_run(given) as ready:
        for note in ready.notes:
            tell(note)
        return _train(ready, click.get_current_context().obj, tensorboard)


def _train(ready: "Setup", started_s: float, tensorboard: bool) -> int:
    from gen.model.backend import quiet_import_for_parts

    quiet_import_for_parts(ready.parts)
    from gen.training.build import build
    from gen.training.callbacks import MetricsLog, ProgressBar, TensorBoard
    from gen.training.signals import stop_on_signals

    folder = ready.folder
    trainer = build(ready, started_s)
    config, model, reference = trainer.config, ready.model, trainer.reference
    click.echo(
        f"{ready.source.name}: {ready.dataset.training.tokens:,} tokens to learn, "
        f"{ready.dataset.validation.tokens:,} held out, {model.vocabulary_size} in the vocabulary\n"
        f"{model.layers} x {model.units} units, {model.parameters():,} parameters, {_arithmetic(config)}; "
        f"{config.batch_size} streams of {config.window} for {config.steps:,} steps; kept in {folder.path}\n"
        + ("No n-gram to compare with: time is too short." if reference is None else f"To beat: {reference}"),
        err=True,
    )
    trainer.listen(
        ProgressBar(trainer.progress.step, config.steps, sys.stderr),
        MetricsLog(folder, trainer.progress.step),
        *([TensorBoard(folder.path)] if tensorboard else []),
    )
    with stop_on_signals() as request:
        try:
            outcome = trainer.run(request)
        finally:
            trainer.close()
    progress = outcome.progress
    if outcome.reason == "interrupted":
        click.echo(f"Stopped at step {progress.step} of {config.steps}; all is saved. To go on:", err=True)
        click.echo(f"gen train --resume --out {shlex.quote(str(folder.path))}")
        return request.exit_code
    click.echo(
        f"{outcome.reason.capitalize()} at step {progress.step}. Best: {progress.best_nats:.4f} nats a token "
        f"in validation, at step {progress.best_step}. Write with it:",
        err=True,
    )
    click.echo(f"gen sample {shlex.quote(str(folder.path))}")
    return 0


def _arithmetic(config: "TrainingConfig") -> str:
    if config.precision == config.products:
        return config.precision
    return f"{config.precision} multiplied in {config.products}"
