"""`gen train`: learn a corpus."""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from gen.errors import WorkerLostError
from gen.parameters import Real
from gen.streams import tell

if TYPE_CHECKING:
    from socket import socket

    from gen.config import TrainingConfig
    from gen.training.cluster import Cluster
    from gen.training.setup import Given, Setup


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
@click.option(
    "--dropout",
    type=Real(0, 0.95),
    help="Share of values dropped; a fifth of it where a text enters.",
)
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
@click.option(
    "--workers",
    type=click.IntRange(1, 1 << 10),
    help="Processes that share the batch, on this machine; on several, TF_CONFIG or Slurm tell of them. "
    "1 trains alone, whatever they tell.",
)
@click.option(
    "--gradients",
    type=click.Choice(["float32", "bfloat16"]),
    help="What several processes or GPUs sum their gradients in: bfloat16 halves what they send each other, "
    "and rounds to 8 bits; a single one sends nothing, and rounds nothing.",
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
    workers: int | None,
    tensorboard: bool,
    **asked: object,
) -> int:
    """Learn a corpus, and keep the best model.

    With no other option sizes are chosen for the corpus and the machine, and ten minutes are used.
    Ctrl-C saves; --resume goes on.
    """
    from gen.training import plan, resuming, setup
    from gen.training.callbacks import require_tensorboard
    from gen.training.cluster import ALONE, find_cluster
    from gen.training.rendezvous import listening

    if sum(asked[name] is not None for name in ("minutes", "steps", "epochs")) > 1:
        raise click.UsageError("--minutes, --steps and --epochs exclude each other.")
    if not resume and corpus is None:
        raise click.UsageError("Missing option '--corpus'. Or go on with a run: --resume --out RUN_DIR.")
    if tensorboard:
        require_tensorboard()
    cluster = ALONE if workers == 1 else find_cluster(os.environ)
    if workers is not None and cluster.size not in (1, workers):
        raise click.UsageError(
            f"--workers starts workers here, and the environment has {cluster.size} already."
        )
    if (workers or 1) > cluster.size == 1:
        from gen.training.local_workers import run_workers

        return run_workers(workers or 1, ["train", *_typed(click.get_current_context())])
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
    joining = Joining(cluster, given, resume, tensorboard, click.get_current_context().obj)
    try:
        if not cluster.is_chief:
            return _train(joining)
        starting = resuming.resumed_run(given, cluster) if resume else setup.new_run(given, cluster)
        with listening(cluster) as server, starting as ready:
            for note in ready.notes:
                tell(note)
            return _train(joining, ready, server)
    except WorkerLostError:
        from gen.training.local_workers import LOST, started_by_workers

        if not started_by_workers():
            raise
        return LOST


class Joining(NamedTuple):
    """What every process knows before it meets the others."""

    cluster: "Cluster"
    given: "Given"
    resume: bool
    tensorboard: bool
    started_s: float


def _typed(context: click.Context) -> list[str]:
    """The options that a command was called with, as a shell would give them to another process."""
    typed: list[str] = []
    for option in context.command.params:
        value = context.params[str(option.name)]
        if isinstance(value, bool):
            typed += option.opts[:1] if value else option.secondary_opts[:1]
        elif value is not None:
            typed += [option.opts[0], str(value)]
    return typed


def _train(joining: Joining, ready: "Setup | None" = None, server: "socket | None" = None) -> int:
    from gen.machine import cores
    from gen.training.joining import connect
    from gen.training.setup import parts_for

    cluster = joining.cluster
    # how many streams there are is the chief's to say: a worker counts on at least one a core
    parts = parts_for(cluster, cluster.size * cores()) if ready is None else ready.parts
    world = connect(cluster, parts, server)
    from gen.training.build import build
    from gen.training.callbacks import MetricsLog, ProgressBar, TensorBoard
    from gen.training.meeting import meet
    from gen.training.signals import stop_on_signals

    ready = meet(world, joining.given, ready, resume=joining.resume)
    folder = ready.folder
    trainer = build(ready, joining.started_s, world)
    if not world.is_chief:
        with stop_on_signals() as request:
            outcome = trainer.run(request)
        return request.exit_code if outcome.reason == "interrupted" else 0
    config, model, reference = trainer.config, ready.model, trainer.reference
    click.echo(
        f"{ready.source.name}: {ready.dataset.training.tokens:,} tokens to learn, "
        f"{ready.dataset.validation.tokens:,} held out, {model.vocabulary_size} in the vocabulary\n"
        f"{model.layers} x {model.units} units, {model.parameters():,} parameters, "
        f"{_arithmetic(config, world.replicas)}; "
        f"{config.batch_size} streams of {config.window} for {config.steps:,} steps; kept in {folder.path}\n"
        + ("No n-gram to compare with: time is too short." if reference is None else f"To beat: {reference}"),
        err=True,
    )
    trainer.listen(
        ProgressBar(trainer.progress.step, config.steps, sys.stderr),
        MetricsLog(folder, trainer.progress.step),
        *([TensorBoard(folder.path)] if joining.tensorboard else []),
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


def _arithmetic(config: "TrainingConfig", replicas: int) -> str:
    multiplied = "" if config.precision == config.products else f" multiplied in {config.products}"
    summed = f", gradients summed in {config.gradients}"
    if replicas == 1:
        summed = "" if config.gradients == "float32" else ", gradients as they are, for nothing is sent"
    return f"{config.precision}{multiplied}{summed}"
