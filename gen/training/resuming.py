"""A run that goes on: everything comes from its state, and the corpus must be what it began with."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from gen.checkpoint import Model
from gen.config import ConfigError, ModelConfig, TrainingConfig, require_whole
from gen.dataset.assembled import open_shards
from gen.dataset.manifest import is_prepared
from gen.dataset.prepare import Dataset, prepared
from gen.dataset.token_file import TokenFile, fit_streams
from gen.errors import CorpusError, GenError, RunError
from gen.training.cluster import ALONE, Cluster
from gen.training.plan import Request
from gen.training.run import RunFolder
from gen.training.setup import Given, Setup, parts_for
from gen.training.source import Source, find_again, is_same
from gen.training.state_tensors import require_state_tensors


@contextmanager
def resumed_run(given: Given, cluster: Cluster = ALONE) -> Iterator[Setup]:
    """What `resume` sets up, its folder locked from before it is read for as long as this lasts.

    Raises:
        RunError: As `resume`; or another process trains in the folder.
    """
    out = given.out
    with RunFolder(out).locked() if out is not None and out.is_dir() else nullcontext():
        yield resume(given, cluster)


def resume(given: Given, cluster: Cluster = ALONE) -> Setup:
    """Set up a run that goes on; options given again must be those it began with.

    It may go on with another number of processes.

    Raises:
        RunError: There is no such run, it is finished, its corpus changed, or a flag differs.
        CorpusError: The corpus cannot be read.
    """
    out = given.out
    if out is None or not out.is_dir():
        raise RunError(
            "--resume needs the folder of a run." if out is None else f"{out} is not the folder of a run.",
            "Name it: gen train --resume --out RUN_DIR.",
        )
    folder = RunFolder(out)
    saved = folder.load_state()
    about = saved.about
    asked, source, model, training = _recorded(out, about)
    require_state_tensors(saved.tensors, model, training)
    if saved.progress.step >= training.steps or saved.progress.is_stuck(training):
        raise RunError(
            f"The run in {out} is finished: {saved.progress.step} of {training.steps} steps.",
            "Train further in a new run: "
            f"gen train --corpus {shlex.quote(source.corpus)} --init-from {shlex.quote(str(out))}",
        )
    _refuse_changes(given, asked, source, {**model.to_json(), **training.to_json()})
    dataset = _prepare_again(out, source, about)
    _refuse_choices(given, dataset)
    _require_fit(out, dataset, model, training)
    workers, notes = _workers(out, about), [saved.note] if saved.note else []
    if workers != cluster.size:
        training = replace(training, parts=parts_for(cluster, training.batch_size))
        notes.append(
            f"Going on with {_counted(cluster.size)} instead of {workers}: the same streams in other shares, "
            "the same sums in another order"
        )
    return Setup(
        folder=folder,
        request=asked,
        source=source,
        dataset=dataset,
        model=model,
        streams=training.batch_size,
        window=training.window,
        parts=training.parts,
        saved=saved,
        training=training,
        cluster=cluster,
        notes=tuple(notes),
    )


def held_out_of_run(folder: Path, model: Model, tell: Callable[[str], None]) -> TokenFile:
    """The ids that the run in a folder held out for validation, all of them; arguments as `dataset_of_run`.

    Raises:
        RunError, CorpusError: As from `dataset_of_run`.
    """
    return dataset_of_run(folder, model, tell).validation


def dataset_of_run(folder: Path, model: Model, tell: Callable[[str], None]) -> Dataset:
    """The corpus as ids that the run in a folder began with, from the cache or made anew.

    Args:
        folder: Of the run.
        model: One of its models.
        tell: Called with what the user should know, a line at a time.

    Raises:
        RunError: The folder is not that of the run which made the model, or the run's corpus changed.
        CorpusError: The corpus cannot be read.
    """
    run = RunFolder(folder)
    about = run.load_state().about if run.has_state() else {}
    digest = about.get("digest")
    if not isinstance(digest, str) or digest != model.corpus.get("digest"):
        raise RunError(
            "The model does not lie in the folder of its run, so what it held out is not known.",
            "Name a text: gen eval MODEL --corpus FILE.",
        )
    if (cached := prepared(model.kind, digest)) is not None:
        return cached
    source = _source(folder, about)
    if not is_prepared(Path(source.corpus)):
        tell(f"What the run learned from is no longer in the cache: reading {source.corpus} again")
    return _prepare_again(folder, source, about)


def learned_by(folder: Path, model: Model) -> Dataset | None:
    """What a model learned from, as far as it is at hand without reading a corpus again.

    Args:
        folder: Where the model lies, which may be that of its run.
        model: The model.
    """
    if (cached := prepared(model.kind, str(model.corpus.get("digest")))) is not None:
        return cached
    run = RunFolder(folder)
    try:
        about = run.load_state().about if run.has_state() else {}
        found = Path(_source(folder, about).corpus)
        dataset = open_shards(found) if is_prepared(found) else None
    except GenError:
        return None
    return dataset if dataset is not None and dataset.digest == model.corpus.get("digest") else None


def _recorded(folder: Path, about: dict[str, Any]) -> tuple[Request, Source, ModelConfig, TrainingConfig]:
    with _of_this_release(folder):
        return (
            Request.from_json(about.get("request")),
            Source.from_json(about.get("source")),
            ModelConfig.from_json(about.get("model")),
            TrainingConfig.from_json(about.get("training")),
        )


def _workers(folder: Path, about: dict[str, Any]) -> int:
    """How many processes trained a run so far; what says nothing of it was written by one."""
    with _of_this_release(folder):
        workers: int = about.get("workers", 1)
        require_whole("workers", workers, 1, 1 << 20)
        return workers


def _counted(workers: int) -> str:
    return "1 worker" if workers == 1 else f"{workers} workers"


def _source(folder: Path, about: dict[str, Any]) -> Source:
    with _of_this_release(folder):
        return Source.from_json(about.get("source"))


@contextmanager
def _of_this_release(folder: Path) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        raise RunError(
            f"The state in {folder} is of another release ({error}).",
            "Start anew in another folder; --init-from takes the weights of this run.",
        ) from error


def _prepare_again(folder: Path, source: Source, about: dict[str, Any]) -> Dataset:
    """The dataset that a run began with."""
    try:
        dataset = find_again(source).prepare(about.get("base_tokenizer"))
    except CorpusError as error:
        raise CorpusError(error.problem, f"Put what the run began with back: {source.corpus}") from error
    if dataset.digest != about.get("digest"):
        raise RunError(
            f"The corpus {source.corpus} is not what the run in {folder} began with.",
            "Put the old files back, or start a new run; --init-from takes the weights of this one.",
        )
    return dataset


def _require_fit(folder: Path, dataset: Dataset, model: ModelConfig, training: TrainingConfig) -> None:
    """Refuse a model and streams that no run over this corpus has: a state says what its writer liked."""
    streams = (training.batch_size, training.window)
    fits = fit_streams(dataset.training, *streams) == streams
    if not fits or model.vocabulary_size != len(dataset.tokenizer.tokens):
        raise RunError(
            f"The state in {folder} is of a run over another corpus than the one it names.",
            "Start anew in another folder; --init-from takes the weights of a model file.",
        )


def _refuse_choices(given: Given, dataset: Dataset) -> None:
    """What is said of music again must be what its vocabulary was learned with, chosen by the user or not."""
    for name, choice in given.choices.items():
        if dataset.tokenizer.choices().get(name) != choice:
            flag = f"--{name}" if choice else f"--no-{name}"
            raise RunError(
                f"{flag} is not what the run began with.",
                f"Leave {flag} out when resuming, or start a new run.",
            )


def _refuse_changes(given: Given, asked: Request, source: Source, resolved: dict[str, Any]) -> None:
    """An option given again must be what it was, whether it was given then or chosen."""
    differing: list[tuple[str, Any, Any]] = []
    for name, value in given.request.to_json().items():
        had = resolved.get(name) if name != "steps" else asked.steps
        if value not in (None, "auto", had, getattr(asked, name)):
            differing.append((name, value, had))
    for name, spec, recorded in (
        ("corpus", given.corpus, source.corpus),
        ("validation-corpus", given.validation, source.validation),
        ("init-from", given.init_from, source.init_from),
    ):
        if spec is not None and not is_same(str(spec), recorded):
            differing.append((name, spec, recorded))
    if given.encoding not in (None, source.encoding):
        differing.append(("encoding", given.encoding, source.encoding))
    if given.tokenizer not in (None, source.tokenizer):
        differing.append(("tokenizer", given.tokenizer, source.tokenizer))
    if differing:
        name, value, had = differing[0]
        flag = "--" + name.replace("_", "-")
        raise RunError(
            f"{flag} {value} is not what the run began with ({'not given' if had is None else had}).",
            f"Leave {flag} out when resuming, or start a new run.",
        )
