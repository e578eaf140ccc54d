"""The models that a page can choose from, by names that only this process gives; loaded when needed."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.checkpoint import Model, bundled_models, find_model, load_model
from gen.errors import GenError, ModelFileError
from gen.kinds import tokenizer_of
from gen.sampler.forward import Network
from gen.sampler.memory import Memory
from gen.streams import one_line
from gen.tokenizer.base import Tokenizer
from gen.tokenizer.notes import NotesTokenizer
from gen.tokenizer.symbols import Group, write_symbol
from gen.web.answers import RefusedError

MOST_LISTED = 50
MOST_LOADED_BYTES = 1 << 30
RUNS = Path("checkpoints")
_LONGEST_NAME = 80
_LARGEST = 1e18


@dataclass(frozen=True)
class Opened:
    """A model that is ready to write.

    Attributes:
        model: As its file has it.
        network: Steps.
        tokenizer: Its vocabulary.
        memory: What it has read lately.
    """

    model: Model
    network: Network
    tokenizer: Tokenizer[Any]
    memory: Memory


@dataclass(frozen=True)
class _Version:
    """Which content of a file: a training may put another in its place."""

    modified_ns: int
    size_bytes: int


class Models:
    """Models by their names.

    Args:
        places: Model files, run folders, names of models that come along; none for the newest runs under
            `checkpoints/` and all that come along.
        tell: Called with what the user should know, a line at a time.

    Raises:
        ModelFileError: One that was named is missing, damaged or from a newer release; or there is none.
    """

    def __init__(self, places: Sequence[Path], tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._finds = not places
        self._paths = _named([find_model(place) for place in places])
        self._facts: dict[Path, tuple[_Version, dict[str, Any]]] = {}
        self._told: set[tuple[Path, _Version | None]] = set()
        self._lock = threading.Lock()
        self._loading: dict[Path, threading.Lock] = {}
        self._loaded: OrderedDict[Path, tuple[_Version, Opened]] = OrderedDict()
        for path in self._paths.values():
            self._describe(path)
        if self._finds and not self.listed():
            find_model(None)  # says what to do where there is none at all
            raise ModelFileError(
                "None of the models under checkpoints/ can be read.", "Name one: gen serve MODEL"
            )

    def listed(self) -> list[dict[str, Any]]:
        """What a page shows of each model, `name` among it; runs that have ended since are found."""
        if self._finds:
            self._paths = self._found()
        facts = []
        for name, path in self._paths.items():
            try:
                facts.append({"name": name, **self._describe(path)})
            except ModelFileError as error:  # it was sound at the start
                facts.append({"name": name, "kind": "unreadable", "problem": error.problem})
        return facts

    def describe(self, name: str, kind: str) -> None:
        """See that there is a model of that name and kind.

        Raises:
            RefusedError: There is none.
            ModelFileError: It cannot be read any more.
        """
        path = self._paths.get(name)
        if path is None:
            known = ", ".join(self._paths)
            raise RefusedError(404, "There is no model of that name.", f"The models are {known}.")
        found = self._describe(path)["kind"]
        if found != kind:
            raise RefusedError(
                400, f"This model writes {found}, not {kind}.", f"Send the request to its /{found}."
            )

    def open(self, name: str) -> Opened:
        """A model, loaded unless it is; on a thread, for a large one takes a while.

        Raises:
            RefusedError: There is none of that name.
            GenError: It cannot be read any more.
        """
        path = self._paths.get(name)
        if path is None:
            raise RefusedError(404, "There is no model of that name.", "Choose another.")
        with self._lock:
            loading = self._loading.setdefault(path, threading.Lock())
        with loading:
            version = _version(path)
            with self._lock:
                kept = self._loaded.get(path)
                if kept is not None and kept[0] == version:
                    self._loaded.move_to_end(path)
                    return kept[1]
            model = load_model(path)
            network = Network(model.config, model.weights)
            opened = Opened(model, network, tokenizer_of(model.kind, model.tokenizer), Memory())
            with self._lock:
                self._loaded[path] = version, opened
                self._loaded.move_to_end(path)
                self._forget_the_oldest()
            return opened

    def _forget_the_oldest(self) -> None:
        # float32, whatever the file has: the weights, and their products and copies in the network that steps
        sizes = {path: 8 * opened.model.config.parameters() for path, (_, opened) in self._loaded.items()}
        while len(self._loaded) > 1 and sum(sizes.values()) > MOST_LOADED_BYTES:
            path, _ = self._loaded.popitem(last=False)
            del sizes[path]

    def _found(self) -> dict[str, Path]:
        """The newest runs, then what comes along; a model that cannot be read is left out, and told once."""
        newest = sorted(RUNS.glob("*/best.safetensors"), key=_modified_ns, reverse=True)[:MOST_LISTED]
        good = []
        for path in (*newest, *bundled_models().values()):
            try:
                self._describe(path)
            except ModelFileError as error:
                seen = path, _version_or_none(path)
                if seen not in self._told:
                    self._told.add(seen)
                    self._tell(f"Left out: {error.problem}")
            else:
                good.append(path)
        return _named(good)

    def _describe(self, path: Path) -> dict[str, Any]:
        version = _version(path)
        known = self._facts.get(path)
        if known is None or known[0] != version:
            try:
                facts = _facts(load_model(path))
            except ModelFileError:
                raise
            except GenError as error:  # the vocabulary in it
                raise ModelFileError(f"{path}: {error.problem}", error.fix) from error
            self._facts[path] = known = version, facts
        return known[1]


def _version(path: Path) -> _Version:
    version = _version_or_none(path)
    if version is None:
        raise ModelFileError(f"{path} cannot be read.", "Give a model file, or the folder of a run.")
    return version


def _version_or_none(path: Path) -> _Version | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return _Version(status.st_mtime_ns, status.st_size)


def _modified_ns(path: Path) -> int:
    version = _version_or_none(path)
    return 0 if version is None else version.modified_ns


def _named(paths: Sequence[Path]) -> dict[str, Path]:
    """A name of its own for each path: the run's folder, or the file without its ending."""
    named: dict[str, Path] = {}
    for path in paths:
        if path in named.values():
            continue
        plain = path.resolve().parent.name if path.name == "best.safetensors" else path.stem
        plain = one_line(os.fsencode(plain).decode(errors="replace"))[:_LONGEST_NAME].replace("/", "?")
        name, number = plain or "model", 1
        while name in named or name in (".", ".."):
            number += 1
            name = f"{plain} ({number})"
        named[name] = path
    return named


def _facts(model: Model) -> dict[str, Any]:
    """What a page shows of a model; its file can claim anything, so only plain words and numbers pass."""
    tokenizer = tokenizer_of(model.kind, model.tokenizer)
    facts: dict[str, Any] = {
        "kind": model.kind,
        "corpus": _words(model.corpus.get("name")),
        "licence": _words(model.corpus.get("licence")),
        "layers": model.config.layers,
        "units": model.config.units,
        "parameters": model.config.parameters(),
        "vocabulary_size": model.config.vocabulary_size,
        "measures": {},
    }
    for measure in tokenizer.measures:
        if (value := _number(model.training.get(f"validation_{measure}"))) is not None:
            facts["measures"][measure] = value
    if isinstance(tokenizer, NotesTokenizer):
        facts["melody"] = tokenizer.melody
        for group in (Group.KEY, Group.METRE):
            known = [symbol for symbol in tokenizer.symbols if symbol.group is group]
            facts[f"{group.name.lower()}s"] = [write_symbol(each).partition("_")[2] for each in sorted(known)]
        known_pitches = [s.value for s in tokenizer.symbols if s.group is Group.PITCH]
        facts["pitches"] = [min(known_pitches), max(known_pitches)] if known_pitches else None
    return facts


def _words(value: Any) -> str | None:
    return one_line(value)[:_LONGEST_NAME] if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LARGEST:
        return None
    return round(float(value), 4)
