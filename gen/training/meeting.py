"""Before the first step: the workers make sure that they train the same, and learn from the chief what.

Nothing but the corpus must be at hand for every worker. What is trained and how, the weights to begin with or
the state to go on from, all are told by the chief; that each means the same by it is compared by hash. So
are, at each validation, the weights that they have come to.
"""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen import __version__
from gen.config import ModelConfig, TrainingConfig
from gen.errors import GenError, RunError
from gen.training.plan import Request
from gen.training.run import RunFolder
from gen.training.setup import Given, Setup
from gen.training.source import Source, find, find_again
from gen.training.world import World

_PACKAGES = ("tensorflow", "keras", "numpy")
_HASH_BYTES = 32
_DIFFERS = {
    "release": (
        "has another release than",
        "Install the same gen, TensorFlow, Keras and NumPy on all machines.",
    ),
    "options": (
        "was started with other options than",
        "Start all workers with the same command; with --workers 1 each trains alone.",
    ),
    "corpus": ("has another corpus than", "Give every worker the same files."),
    "vocabulary": ("has another vocabulary than", "Give every worker the same files and the same release."),
    "weights": (
        "has come to other weights than",
        "Train on machines of one kind, which compute alike; go on with --resume from the last save.",
    ),
}


def meet(world: World, given: Given, ready: Setup | None, *, resume: bool) -> Setup:
    """Agree with the other workers on what is trained; returns at each of them with its setup.

    Args:
        world: All workers.
        given: What this one was started with.
        ready: What the chief has set up; None at the others.
        resume: Whether the run goes on.

    Raises:
        RunError: A worker differs, and is named; or it cannot read its corpus.
        CorpusError: This worker cannot read its corpus.
        TrainingError: A worker is gone.
    """
    if world.cluster.size == 1 and ready is not None:
        return ready
    agree(world, {"release": releases(), "options": [*_options(given), resume]})
    told: Any = world.decided(lambda: ready and _told(ready))
    unread: GenError | None = None
    if ready is None:
        try:
            ready = _follow(world, given, told)
        except GenError as error:
            unread = error
    dataset = None if ready is None else ready.dataset
    agree(
        world,
        {
            "corpus": dataset and dataset.digest,
            "vocabulary": dataset and dataset.tokenizer.to_json(),
        },
        unread,
    )
    assert ready is not None  # else `agree` has said why
    return ready


def releases() -> list[str]:
    """What must be the same for all, that the same steps give the same bits."""
    return [__version__, *map(version, _PACKAGES)]


def agree(world: World, facts: dict[str, Any], unread: GenError | None = None) -> None:
    """Compare facts with those of the other workers, by hash.

    Args:
        world: All workers.
        facts: By their names in `_DIFFERS`, whatever JSON can hold; None where it is not known.
        unread: Why this worker knows none.

    Raises:
        RunError: A worker has others than the chief.
        GenError: `unread`.
    """
    hashes = np.zeros((world.cluster.size, len(facts), _HASH_BYTES), np.uint8)
    for place, fact in enumerate(facts.values()):
        if fact is not None:
            text = json.dumps(fact, sort_keys=True).encode()
            hashes[world.cluster.rank, place] = np.frombuffer(hashlib.sha256(text).digest(), np.uint8)
    hashes = world.merged({"hashes": hashes})["hashes"]
    if unread is not None:
        raise unread
    name = world.cluster.name
    for rank, own in enumerate(hashes):
        if not own.any():
            raise RunError(f"{name(rank)} cannot read its corpus.", "See what it says of that.")
        for place, fact in enumerate(facts):
            if (own[place] != hashes[0, place]).any():
                differs, fix = _DIFFERS[fact]
                raise RunError(f"{name(rank)} {differs} {name(0)}.", fix)


def agree_on_weights(world: World, weights: dict[str, NDArray[Any]]) -> None:
    """Make sure that the updates, which each worker makes by itself, have led all to the same bits.

    Raises:
        RunError: A worker has others than the chief.
    """
    if world.cluster.size > 1:
        digest = hashlib.sha256()
        for values in weights.values():
            digest.update(values.tobytes())
        agree(world, {"weights": digest.hexdigest()})


def _options(given: Given) -> list[Any]:
    """What all must have typed alike; paths may differ from machine to machine."""
    return [given.request.to_json(), given.encoding, given.tokenizer, given.choices]


def _told(ready: Setup) -> dict[str, Any]:
    base = ready.base.tokenizer if ready.base else ready.saved and ready.saved.about.get("base_tokenizer")
    return {
        "request": ready.request.to_json(),
        "source": ready.source.to_json(),
        "model": ready.model.to_json(),
        "training": ready.training and ready.training.to_json(),
        "base_tokenizer": base,
        "shape": [ready.streams, ready.window, ready.parts],
    }


def _follow(world: World, given: Given, told: dict[str, Any]) -> Setup:
    """What the chief has set up, over this worker's own copy of the corpus."""
    source = Source.from_json(told["source"])
    if given.corpus in (None, "-"):
        found = find_again(source)
    else:
        found = find(given.corpus, given.validation, source.encoding, source.tokenizer, source.choices)
    streams, window, parts = told["shape"]
    return Setup(
        folder=RunFolder(given.out or Path("checkpoints")),  # the chief's to read and to write
        request=Request.from_json(told["request"]),
        source=source,
        dataset=found.prepare(told["base_tokenizer"]),
        model=ModelConfig.from_json(told["model"]),
        streams=streams,
        window=window,
        parts=parts,
        cluster=world.cluster,
        training=told["training"] and TrainingConfig.from_json(told["training"]),
    )
