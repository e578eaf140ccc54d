"""From what the user asked for to all that a run needs before TensorFlow: folder, corpus, ids, sizes.

    begin    a run that starts: corpus -> ids -> sizes
    resume   a run that goes on: everything from its state, and the corpus must be the same

A mistake in the command or the corpus is found here, within a second and before anything heavy is imported.
"""

import glob
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gen.checkpoint import Model, find_model, load_model
from gen.config import ConfigError, JsonFields, ModelConfig, TrainingConfig
from gen.corpus.locate import Located, locate
from gen.dataset import Dataset, TokenFile, prepare
from gen.errors import CorpusError, RunError
from gen.kinds import tokenizer_of
from gen.training import plan
from gen.training.finetune import describe_gain
from gen.training.plan import Request
from gen.training.run import RunFolder, SavedState, new_run_folder


@dataclass(frozen=True)
class Source(JsonFields):
    """Where a run's corpus is, in words that still hold when the run is resumed from another folder.

    Attributes:
        name: What to call the corpus.
        licence: As far as it is known.
        corpus: What `--corpus` means.
        validation: What `--validation-corpus` means, if given.
        encoding: What `--encoding` says, if given.
    """

    name: str
    licence: str | None
    corpus: str
    validation: str | None
    encoding: str | None


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


def begin(
    request: Request,
    corpus: str,
    *,
    validation: str | None = None,
    encoding: str | None = None,
    out: Path | None = None,
    init_from: Path | None = None,
) -> Setup:
    """Set up a run that starts.

    Raises:
        CorpusError: The corpus cannot be read.
        RunError: The folder holds a run already, or the sizes asked for are not those of `init_from`.
        ModelFileError: `init_from` is no model.
    """
    if out is not None and RunFolder(out).holds_run():
        raise RunError(
            f"{out} holds a run already.",
            f"Go on with it: gen train --resume --out {out}; or give another --out.",
        )
    if out is not None and out.exists() and not out.is_dir():
        raise RunError(f"{out} is a file, and a run is kept in a folder.", "Give another --out.")
    base = None if init_from is None else load_model(find_model(init_from))
    base_tokenizer = None if base is None else tokenizer_of(base.kind, base.tokenizer)
    located, held_out = _locate(corpus, validation, encoding)
    source = Source(
        located.name,
        located.licence,
        _lasting(corpus, located),
        None if validation is None else _lasting(validation, locate(validation, encoding)),
        encoding,
    )
    dataset = prepare(
        located.files,
        held_out,
        encoding=encoding,
        base=base_tokenizer,
    )
    gain = [] if base_tokenizer is None else [describe_gain(base_tokenizer, dataset.tokenizer)]
    streams, window, note = plan.streams_and_window(request, dataset.training.tokens)
    if dataset.validation.tokens < 2:
        raise CorpusError(
            "The part held out for validation has fewer than two characters.",
            "Give a longer corpus, or a --validation-corpus.",
        )
    return Setup(
        folder=RunFolder(out or new_run_folder(located.name)),
        request=replace(request, seed=request.seed or 0),
        source=source,
        dataset=dataset,
        model=_shape(request, dataset, base),
        streams=streams,
        window=window,
        parts=min(plan.cores(), streams),
        base=base,
        notes=(*located.notes, *dataset.notes, *gain, *([note] if note else [])),
    )


def resume(request: Request, out: Path | None, corpus: str | None, encoding: str | None) -> Setup:
    """Set up a run that goes on; flags given again must be those it began with.

    Raises:
        RunError: There is no such run, it is finished, its corpus changed, or a flag differs.
        CorpusError: The corpus cannot be read.
    """
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
            f"Train further in a new run: gen train --corpus {source.corpus} --init-from {out}",
        )
    _refuse_changes(request, asked, corpus, encoding, source)
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


def held_out_of_run(folder: Path) -> TokenFile:
    """The ids that the run in a folder held out for validation, all of them.

    Raises:
        RunError: The folder is not a run's, or its corpus changed.
        CorpusError: The corpus cannot be read.
    """
    about = RunFolder(folder).load_state().about
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
    located, held_out = _locate(source.corpus, source.validation, source.encoding)
    kind, base = about.get("kind", ""), about.get("base_tokenizer")
    dataset = prepare(
        located.files,
        held_out,
        encoding=source.encoding,
        base=None if base is None else tokenizer_of(kind, base),
        kind=kind,
    )
    if dataset.digest != about.get("digest"):
        raise RunError(
            f"The corpus {source.corpus} is not what the run in {folder} began with.",
            "Put the old files back, or start a new run; --init-from takes the weights of this one.",
        )
    return dataset


def _shape(request: Request, dataset: Dataset, base: Model | None) -> ModelConfig:
    vocabulary_size = len(dataset.tokenizer.tokens)
    if base is None:
        return plan.model_config(request, dataset.training.tokens, vocabulary_size)
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


def _locate(
    corpus: str, validation: str | None, encoding: str | None
) -> tuple[Located, tuple[Path, ...] | None]:
    located = locate(corpus, encoding)
    if validation is None:
        return located, located.validation
    return located, locate(validation, encoding).files


def _lasting(spec: str, located: Located) -> str:
    """`spec` in a form that does not depend on the current folder, nor on standard input."""
    if spec == "-":
        return str(located.files[0].resolve())
    if Path(spec).exists() or glob.has_magic(spec):
        return str(Path.cwd() / spec)
    return spec


def _refuse_changes(
    request: Request, asked: Request, corpus: str | None, encoding: str | None, source: Source
) -> None:
    given = {name: value for name, value in request.to_json().items() if value is not None}
    before = asked.to_json()
    differing = [(name, value, before[name]) for name, value in given.items() if value != before[name]]
    if corpus is not None and corpus != source.corpus and str(Path.cwd() / corpus) != source.corpus:
        differing.append(("corpus", corpus, source.corpus))
    if encoding is not None and encoding != source.encoding:
        differing.append(("encoding", encoding, source.encoding))
    if differing:
        name, value, had = differing[0]
        flag = "--" + name.replace("_", "-")
        raise RunError(
            f"{flag} {value} is not what the run began with ({'not given' if had is None else had}).",
            f"Leave {flag} out when resuming, or start a new run.",
        )
