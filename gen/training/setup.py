"""A run that starts: from what the user asked for to all that it needs: corpus -> ids -> sizes -> folder.

A mistake in the command or the corpus is found here, before anything heavy is imported.
"""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gen.checkpoint import Model, find_model, load_model
from gen.config import ModelConfig, TrainingConfig
from gen.dataset.prepare import Dataset
from gen.errors import CorpusError, RunError
from gen.kinds import kind_named, tokenizer_of
from gen.machine import cores
from gen.tokenizer.base import Tokenizer
from gen.training import plan
from gen.training.cluster import ALONE, Cluster
from gen.training.finetune import describe_gain
from gen.training.plan import Request
from gen.training.run import RunFolder, SavedState, new_run_folder
from gen.training.source import Source, find


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
        parts: Independent parts of the batch in each process, one a core.
        base: The model to start from, if any.
        saved: The state to go on from, if any.
        training: The configuration to go on with, if any.
        cluster: All processes that train it.
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
    cluster: Cluster = ALONE
    notes: tuple[str, ...] = ()


@contextmanager
def new_run(given: Given, cluster: Cluster = ALONE) -> Iterator[Setup]:
    """What `begin` sets up, its folder locked for as long as this lasts.

    Raises:
        RunError: As `begin`; or another process trains in the folder.
    """
    ready = begin(given, cluster)
    with ready.folder.locked():
        _refuse_run(ready.folder)  # another process may have been quicker
        yield ready


def begin(given: Given, cluster: Cluster = ALONE) -> Setup:
    """Set up a run that starts, at the chief of the processes that will train it.

    Raises:
        CorpusError: The corpus cannot be read.
        RunError: The folder holds a run already, or the sizes asked for are not those of `init_from`.
        ModelFileError: `init_from` is no model.
    """
    request, out = given.request, given.out
    if out is not None:
        _refuse_run(RunFolder(out))
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
            "Give a longer corpus, or a --validation-corpus."
            if found.shards is None
            else "Prepare more of it, or a folder with train/ and valid/, into another --out.",
        )
    model = _shape(request, dataset, base, streams * window)
    plan.require_memory(model)
    return Setup(
        folder=RunFolder(out or new_run_folder(found.source.name)),
        request=replace(request, seed=request.seed or 0),
        source=replace(found.source, licence=_licence(found.source.licence, base)),
        dataset=dataset,
        model=model,
        streams=streams,
        window=window,
        parts=parts_for(cluster, streams),
        base=base,
        cluster=cluster,
        notes=(*found.notes, *dataset.notes, *_notes(dataset, base_tokenizer), *([shrunk] if shrunk else [])),
    )


def parts_for(cluster: Cluster, streams: int) -> int:
    """Independent parts of a process's share of the batch: one for each core that it has to itself."""
    return max(1, min(cores() // cluster.neighbours, streams // cluster.size))


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
        "workers": setup.cluster.size,
    }


def _notes(dataset: Dataset, base: Tokenizer[Any] | None) -> Iterator[str]:
    if base is not None:
        yield describe_gain(base, dataset.tokenizer)
    limit = plan.MAX_VALIDATION_TOKENS
    if dataset.validation.tokens > limit:
        yield f"A validation reads the first {limit:,} of the tokens held out; gen eval reads all of them"


def _refuse_run(folder: RunFolder) -> None:
    if folder.holds_run():
        out = shlex.quote(str(folder.path))
        raise RunError(
            f"{folder.path} holds a run already.",
            f"Go on with it: gen train --resume --out {out}; or give another --out.",
        )


def _require_folder(out: Path) -> None:
    """Make sure that a folder is or can be where a run is to be kept."""
    for place in (out, *out.parents):
        if place.exists():
            if not place.is_dir():
                raise RunError(f"{place} is a file, and a run is kept in a folder.", "Give another --out.")
            return


def _licence(own: str | None, base: Model | None) -> str | None:
    """The terms of the corpus, and of what the model to start from had learned."""
    inherited = None if base is None else base.corpus.get("licence")
    if not isinstance(inherited, str) or inherited == own:
        return own
    return f"{own or 'not stated'}; and of what it was started from: {inherited}"


def _shape(request: Request, dataset: Dataset, base: Model | None, tokens_a_step: int) -> ModelConfig:
    vocabulary_size = len(dataset.tokenizer.tokens)
    if base is None:
        recipe, tokens = kind_named(dataset.kind).recipe, dataset.training.tokens
        return plan.model_config(request, recipe, tokens, tokens_a_step, vocabulary_size)
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
