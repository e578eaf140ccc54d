"""From what the user asked for to all that a run needs before TensorFlow: folder, corpus, ids, sizes.

    begin    a run that starts: corpus -> ids -> sizes
    resume   a run that goes on: everything from its state, and the corpus must be the same

A mistake in the command or the corpus is found here, within a second and before anything heavy is imported.
"""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gen.checkpoint import Model, find_model, load_model
from gen.config import ConfigError, ModelConfig, TrainingConfig
from gen.dataset.prepare import Dataset
from gen.dataset.token_file import TokenFile
from gen.errors import CorpusError, RunError
from gen.kinds import kind_named, tokenizer_of
from gen.model.backend import cores
from gen.tokenizer.base import Tokenizer
from gen.training import plan
from gen.training.finetune import describe_gain
from gen.training.plan import Request
from gen.training.run import RunFolder, SavedState, new_run_folder
from gen.training.source import Source, find, find_again, is_same


@dataclass(frozen=True)
class Given:
    """What the user typed; None where nothing was.

    Attributes:
        request: Sizes, length and the like.
        corpus: `--corpus`.
        validation: `--validation-corpus`.
        encoding: `--encoding`.
        out: `--out`.
        init_from: `--init-from`.
        tokenizer: `--tokenizer`.
        choices: What is said of music, by the names that `NotesTokenizer.learn` has for it.
    """

    request: Request
    corpus: str | None = None
    validation: str | None = None
    encoding: str | None = None
    out: Path | None = None
    init_from: Path | None = None
    tokenizer: str | None = None
    choices: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Setup:
    """A run, ready for `gen.training.build`.

    Attributes:
        folder: Where it is kept.
        request: What the user asked for.
        source: Where the corpus is.
        dataset: The corpus as ids.
        model: The shape of the network.
        streams: N.
        window: T.
        parts: Independent parts of the batch, one a core.
        base: The model to start from, if any.
        saved: The state to go on from, if any.
        training: The configuration to go on with, if any.
        notes: What the user should be told, one line each.
    """

    folder: RunFolder
    request: Request
    source: Source
    dataset: Dataset
    model: ModelConfig
    streams: int
    window: int
    parts: int
    base: Model | None = None
    saved: SavedState | None = None
    training: TrainingConfig | None = None
    notes: tuple[str, ...] = ()


def begin(given: Given) -> Setup:
    """Set up a run that starts.

    Raises:
        CorpusError: The corpus cannot be read.
        RunError: The folder holds a run already, or the sizes asked for are not those of `init_from`.
        ModelFileError: `init_from` is no model.
    """
    request, out = given.request, given.out
    if out is not None and RunFolder(out).holds_run():
        raise RunError(
            f"{out} holds a run already.",
            f"Go on with it: gen train --resume --out {shlex.quote(str(out))}; or give another --out.",
        )
    if out is not None:
        _require_folder(out)
    base = None if given.init_from is None else load_model(find_model(given.init_from))
    base_tokenizer = None if base is None else tokenizer_of(base.kind, base.tokenizer)
    found = find(
        given.corpus or "",
        given.validation,
        given.encoding,
        given.tokenizer or "auto",
        given.choices,
        given.init_from,
    )
    if base is not None and base.kind != found.kind:
        raise RunError(
            f"The model to start from writes {base.kind}, and {given.corpus} is {found.kind}.",
            "Start from a model of the same kind, or train without --init-from.",
        )
    dataset = found.prepare(None if base is None else base.tokenizer)
    recipe = kind_named(dataset.kind).recipe
    streams, window, shrunk = plan.streams_and_window(request, recipe, dataset.training)
    if dataset.validation.predictions < 1:
        raise CorpusError(
            "The part held out for validation has nothing that could be predicted.",
            "Give a longer corpus, or a --validation-corpus.",
        )
    model = _shape(request, dataset, base)
    plan.require_memory(model)
    return Setup(
        folder=RunFolder(out or new_run_folder(found.source.name)),
        request=replace(request, seed=request.seed or 0),
        source=found.source,
        dataset=dataset,
        model=model,
        streams=streams,
        window=window,
        parts=min(cores(), streams),
        base=base,
        notes=(*found.notes, *dataset.notes, *_notes(dataset, base_tokenizer), *([shrunk] if shrunk else [])),
    )


def resume(given: Given) -> Setup:
    """Set up a run that goes on; options given again must be those it began with.

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
    if saved.progress.step >= training.steps or saved.progress.is_stuck(training):
        raise RunError(
            f"The run in {out} is finished: {saved.progress.step} of {training.steps} steps.",
            "Train further in a new run: "
            f"gen train --corpus {shlex.quote(source.corpus)} --init-from {shlex.quote(str(out))}",
        )
    _refuse_changes(given, asked, source, {**model.to_json(), **training.to_json()})
    dataset = _prepare_again(out, source, about)
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
        notes=(saved.note,) if saved.note else (),
    )


def held_out_of_run(folder: Path, model: Model) -> TokenFile:
    """The ids that the run in a folder held out for validation, all of them.

    Raises:
        RunError: The folder is not that of the run which made the model, or the run's corpus changed.
        CorpusError: The corpus cannot be read.
    """
    run = RunFolder(folder)
    about = run.load_state().about if run.has_state() else {}
    if about.get("digest") != model.corpus.get("digest", ""):
        raise RunError(
            "The model does not lie in the folder of its run, so what it held out is not known.",
            "Name a text: gen eval MODEL --corpus FILE.",
        )
    _, source, _, _ = _recorded(folder, about)
    return _prepare_again(folder, source, about).validation


def describe(setup: Setup, training: TrainingConfig) -> dict[str, Any]:
    """What is saved with every state: all that `resume` needs."""
    base = setup.base.tokenizer if setup.base else setup.saved and setup.saved.about.get("base_tokenizer")
    return {
        "kind": setup.dataset.kind,
        "request": setup.request.to_json(),
        "source": setup.source.to_json(),
        "digest": setup.dataset.digest,
        "model": setup.model.to_json(),
        "training": training.to_json(),
        "base_tokenizer": base,
    }


def _notes(dataset: Dataset, base: Tokenizer[Any] | None) -> Iterator[str]:
    if base is not None:
        yield describe_gain(base, dataset.tokenizer)
    limit = plan.MAX_VALIDATION_TOKENS
    if dataset.validation.tokens > limit:
        yield f"A validation reads the first {limit:,} of the tokens held out; gen eval reads all of them"


def _require_folder(out: Path) -> None:
    """Make sure that a folder is or can be where a run is to be kept."""
    for place in (out, *out.parents):
        if place.exists():
            if not place.is_dir():
                raise RunError(f"{place} is a file, and a run is kept in a folder.", "Give another --out.")
            return


def _recorded(folder: Path, about: dict[str, Any]) -> tuple[Request, Source, ModelConfig, TrainingConfig]:
    try:
        return (
            Request.from_json(about.get("request")),
            Source.from_json(about.get("source")),
            ModelConfig.from_json(about.get("model")),
            TrainingConfig.from_json(about.get("training")),
        )
    except ConfigError as error:
        raise RunError(f"The state in {folder} is of another release ({error}).", "Start anew.") from error


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


def _shape(request: Request, dataset: Dataset, base: Model | None) -> ModelConfig:
    vocabulary_size = len(dataset.tokenizer.tokens)
    if base is None:
        recipe = kind_named(dataset.kind).recipe
        return plan.model_config(request, recipe, dataset.training.tokens, vocabulary_size)
    for flag, asked, has in (
        ("--units", request.units, base.config.units),
        ("--layers", request.layers, base.config.layers),
    ):
        if asked is not None and asked != has:
            raise RunError(
                f"{flag} {asked} does not fit the model to start from, which has {has}.",
                f"Leave {flag} out, or train without --init-from.",
            )
    return replace(base.config, vocabulary_size=vocabulary_size)


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
    for name, choice in given.choices.items():
        if source.choices.get(name) != choice:
            differing.append((name if choice else f"no-{name}", "", None))
    if differing:
        name, value, had = differing[0]
        flag = "--" + name.replace("_", "-")
        raise RunError(
            f"{flag} {value} is not what the run began with ({'not given' if had is None else had}).",
            f"Leave {flag} out when resuming, or start a new run.",
        )
