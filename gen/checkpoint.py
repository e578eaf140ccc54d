"""A model is one `.safetensors` file: weights, shape, vocabulary, where it comes from.

See `gen.tensor_file` for its metadata, whose one key `gen` holds `kind`, `config`, `tokenizer`, `corpus` and
`training`, and for its checksums; its tensors are `embedding`, `lstm.0.W_f` … `lstm.0.b_o`, `lstm.1.W_f` …,
`output.W` and `output.b`: all float32, or in format 3 all float16, which takes half the place. Names and
shapes are checked against the configuration before a number is read, and every number before it is used.

Some models come along with `gen` and are found by name.
"""

import difflib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gen.config import ConfigError, ModelConfig
from gen.errors import ModelFileError
from gen.model.cell import Weights
from gen.tensor_file import DAMAGED, Forms, TensorForm, load_tensors, save_tensors

FORMAT_VERSION = 3
LARGEST_WEIGHT = 1e6  # products of these still are finite
BUNDLED = Path(__file__).parent / "models"

Dtype = Literal["float32", "float16"]
# what safetensors calls each, and the format it is written in
_STORED: dict[Dtype, tuple[str, int]] = {"float32": ("F32", 2), "float16": ("F16", 3)}


@dataclass(frozen=True)
class Model:
    """A trained network with all that is needed to use it.

    Attributes:
        kind: `text`.
        config: The shape of the network.
        tokenizer: The vocabulary, as `Tokenizer.to_json` gives it.
        weights: Arrays by the names of `weight_shapes`; float32, whatever the file has.
        corpus: Name, licence and size of what it learned from.
        training: How it was trained, and its validation result.
        dtype: What the file keeps of each number.
        release: Of the gen that wrote its file; empty where that is not known.
    """

    kind: str
    config: ModelConfig
    tokenizer: dict[str, Any]
    weights: dict[str, NDArray[np.float32]]
    corpus: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    dtype: Dtype = "float32"
    release: str = ""


def weight_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """The name and shape of every tensor of a model."""
    shapes: dict[str, tuple[int, ...]] = {"embedding": (config.vocabulary_size, config.embedding_size)}
    for layer in range(config.layers):
        rows = config.units + config.input_size(layer)
        for name in Weights._fields:
            shapes[f"lstm.{layer}.{name}"] = (rows, config.units) if name[0] == "W" else (config.units,)
    shapes["output.W"] = (config.units, config.vocabulary_size)
    shapes["output.b"] = (config.vocabulary_size,)
    return shapes


def save_model(path: Path, model: Model) -> None:
    """Write a model; the file at `path` is the old one or the whole new one.

    Raises:
        ModelFileError: A weight is larger than any number of the model's dtype.
        OSError: The file cannot be written.
    """
    largest = np.finfo(np.float16).max
    too_large = [name for name, array in model.weights.items() if np.abs(array).max() > largest]
    if model.dtype == "float16" and too_large:
        raise ModelFileError(
            f"{too_large[0]} has weights above {largest:,.0f}, the largest in float16.",
            "Keep the model in float32.",
        )
    about = {
        "format_version": _STORED[model.dtype][1],
        "kind": model.kind,
        "config": model.config.to_json(),
        "tokenizer": model.tokenizer,
        "corpus": model.corpus,
        "training": model.training,
    }
    kept = {name: array.astype(model.dtype, copy=False) for name, array in model.weights.items()}
    save_tensors(path, kept, about)


def load_model(path: Path) -> Model:
    """Read a model.

    Raises:
        ModelFileError: The file is missing, damaged, not a model, or from a newer release.
    """
    about, tensors = load_tensors(path, FORMAT_VERSION, partial(_require_model, path))
    weights = {name: array.astype(np.float32, copy=False) for name, array in tensors.items()}
    for name, array in weights.items():
        # what is not a number is not within bounds either
        if not (array.min() > -LARGEST_WEIGHT and array.max() < LARGEST_WEIGHT):
            raise ModelFileError(f"{path}: tensor {name!r} holds values that no training leads to.", DAMAGED)
    config = ModelConfig.from_json(about["config"])
    own = (about["kind"], config, about["tokenizer"], weights, about["corpus"], about["training"])
    return Model(*own, _dtype(about), str(about.get("release", "")))


def bundled_models() -> dict[str, Path]:
    """The models that come along, by name."""
    return {path.stem: path for path in sorted(BUNDLED.glob("*.safetensors"))}


def shown_name(path: Path) -> str:
    """What to call a model file: one that comes along by its name, any other by its path."""
    return path.stem if path.parent == BUNDLED else str(path)


def find_model(place: Path | None) -> Path:
    """The model file that a user means.

    Args:
        place: A model file, a run folder (its best model), the name of a model that comes along (which a
            folder without a run may have as well), or None for the newest run under `checkpoints/`.

    Raises:
        ModelFileError: There is none.
    """
    if place is None:
        found = sorted(Path("checkpoints").glob("*/best.safetensors"), key=lambda path: path.stat().st_mtime)
        if not found:
            raise ModelFileError(
                "There is no trained model under checkpoints/.",
                "Train one: gen train --corpus FILE. Or name one that comes along: "
                f"{' or '.join(bundled_models())}.",
            )
        return found[-1]
    try:
        is_there, is_folder = place.exists(), place.is_dir()
    except OSError:  # reading it will tell
        return place
    if not is_there:
        return _bundled(place)
    if not is_folder:
        return place
    if (best := place / "best.safetensors").is_file():
        return best
    fix = "Give a model file or a run folder; a run has one from its first validation on."
    if str(place) in bundled_models():
        if not _holds_run(place):
            return _bundled(place)
        fix += " For the model of that name that comes along, change to another folder."
    raise ModelFileError(f"{place} holds no best.safetensors.", fix)


def _holds_run(folder: Path) -> bool:
    """Whether a run has begun in a folder, or, where that cannot be seen, may have."""
    try:
        return any(
            path.name == ".lock" or path.suffix in (".safetensors", ".jsonl") for path in folder.iterdir()
        )
    except OSError:
        return True


def _bundled(place: Path) -> Path:
    """The model that comes along under the name that was typed in the place of a path."""
    models = bundled_models()
    if str(place) in models:
        return models[str(place)]
    near = difflib.get_close_matches(str(place), models, n=1)
    raise ModelFileError(
        f"There is no model {place}.",
        f"Did you mean {near[0]}?"
        if near
        else f"Give a model file, the folder of a run, or a name: {', '.join(models)}.",
    )


def _dtype(about: dict[str, Any]) -> Dtype:
    return "float16" if about["format_version"] >= _STORED["float16"][1] else "float32"


def _require_model(path: Path, about: dict[str, Any], forms: Forms) -> None:
    """Refuse metadata that is not a model's, and tensors that are not those of its configuration."""
    if "progress" in about:
        raise ModelFileError(
            f"{path} is the state of a training, not a model.",
            "Give the folder of the run, or its best.safetensors.",
        )
    for name, expected in (("kind", str), ("tokenizer", dict), ("corpus", dict), ("training", dict)):
        if not isinstance(about.get(name), expected):
            raise ModelFileError(f"{path} lacks {name!r} in its metadata.", DAMAGED)
    try:
        config = ModelConfig.from_json(about.get("config"))
    except ConfigError as error:
        raise ModelFileError(f"{path}: {error}.", DAMAGED) from error
    dtype, _ = _STORED[_dtype(about)]
    wanted = {name: TensorForm(dtype, shape) for name, shape in weight_shapes(config).items()}
    if wrong := [name for name in {**forms, **wanted} if forms.get(name) != wanted.get(name)]:
        raise ModelFileError(
            f"{path}: tensor {wrong[0]!r} is {forms.get(wrong[0], 'missing')}, "
            f"its configuration asks for {wanted.get(wrong[0], 'none of that name')}.",
            DAMAGED,
        )
    tokens = about["tokenizer"].get("tokens")
    if not isinstance(tokens, list) or len(tokens) != config.vocabulary_size:
        raise ModelFileError(f"{path}: its vocabulary has not {config.vocabulary_size} tokens.", DAMAGED)
