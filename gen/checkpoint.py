"""A model is one `.safetensors` file: weights, shape, vocabulary, where it comes from.

The file opens without running code. Its metadata has one key, `gen`, a JSON object; its tensors are
`embedding`, `lstm.0.W_f` … `lstm.0.b_o`, `lstm.1.W_f` …, `output.W` and `output.b`, all float32. Everything
is checked before anything is built from it: the size of the header before a library reads it, names and
shapes against the configuration, the SHA-256 of the tensors, and that every number is finite.
"""

import hashlib
import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from gen.config import ConfigError, ModelConfig
from gen.errors import ModelFileError
from gen.files import replacing
from gen.model.cell import Weights

FORMAT_VERSION = 1
MAX_HEADER_BYTES = 4 << 20
LARGEST_WEIGHT = 1e6  # products of these still are finite
READ_DTYPES = ("F32", "I32", "I64")  # weights and state, and the optimiser's count of updates

_DAMAGED = "Use an undamaged copy of the file, or train the model again."


@dataclass(frozen=True)
class Model:
    """A trained network with all that is needed to use it.

    Attributes:
        kind: `text`.
        config: The shape of the network.
        tokenizer: The vocabulary, as `Tokenizer.to_json` gives it.
        weights: Arrays by the names of `weight_shapes`.
        corpus: Name, licence and size of what it learned from.
        training: How it was trained, and its validation result.
    """

    kind: str
    config: ModelConfig
    tokenizer: dict[str, Any]
    weights: dict[str, NDArray[np.float32]]
    corpus: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)


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
        OSError: The file cannot be written.
    """
    about = {
        "format_version": FORMAT_VERSION,
        "kind": model.kind,
        "config": model.config.to_json(),
        "tokenizer": model.tokenizer,
        "corpus": model.corpus,
        "training": model.training,
    }
    save_tensors(path, model.weights, about)


def load_model(path: Path) -> Model:
    """Read a model.

    Raises:
        ModelFileError: The file is missing, damaged, not a model, or from a newer release.
    """
    about, tensors = load_tensors(path)
    if about.get("format_version") != FORMAT_VERSION:
        raise ModelFileError(
            f"{path} has format {about.get('format_version')!r}; this release reads {FORMAT_VERSION}.",
            "Install a newer release of gen.",
        )
    for name, expected in (("kind", str), ("tokenizer", dict), ("corpus", dict), ("training", dict)):
        if not isinstance(about.get(name), expected):
            raise ModelFileError(f"{path} lacks {name!r} in its metadata.", _DAMAGED)
    try:
        config = ModelConfig.from_json(about.get("config"))
    except ConfigError as error:
        raise ModelFileError(f"{path}: {error}.", _DAMAGED) from error
    found = {name: (array.shape, str(array.dtype)) for name, array in tensors.items()}
    wanted = {name: (shape, "float32") for name, shape in weight_shapes(config).items()}
    if wrong := [name for name in {**found, **wanted} if found.get(name) != wanted.get(name)]:
        raise ModelFileError(
            f"{path}: tensor {wrong[0]!r} is {_describe(found, wrong[0])}, "
            f"its configuration asks for {_describe(wanted, wrong[0])}.",
            _DAMAGED,
        )
    tokens = about["tokenizer"].get("tokens")
    if not isinstance(tokens, list) or len(tokens) != config.vocabulary_size:
        raise ModelFileError(f"{path}: its vocabulary has not {config.vocabulary_size} tokens.", _DAMAGED)
    # which is also false of what is not a number
    if wild := [name for name, array in tensors.items() if not (np.abs(array) < LARGEST_WEIGHT).all()]:
        raise ModelFileError(f"{path}: tensor {wild[0]!r} holds values that no training leads to.", _DAMAGED)
    return Model(about["kind"], config, about["tokenizer"], tensors, about["corpus"], about["training"])


def save_tensors(path: Path, tensors: dict[str, NDArray[Any]], about: dict[str, Any]) -> None:
    """Write arrays and a JSON object, with the arrays' checksum, as one `.safetensors` file.

    Raises:
        ValueError: The JSON object makes the header larger than any reader here accepts.
        OSError: The file cannot be written.
    """
    signed = {**about, "sha256": _sha256(tensors)}
    content = safetensors.numpy.save(
        {name: np.asarray(array, order="C") for name, array in tensors.items()}, {"gen": json.dumps(signed)}
    )
    if struct.unpack("<Q", content[:8])[0] > MAX_HEADER_BYTES:
        raise ValueError(f"the header of {path} would be larger than {MAX_HEADER_BYTES} bytes")
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def load_tensors(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what `save_tensors` wrote: the JSON object and the arrays.

    Raises:
        ModelFileError: The file is missing, damaged, or written by something else.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():  # to open a named pipe would wait for its other end
            raise ModelFileError(f"{path} is not a file.", "Give a model file, or the folder of a run.")
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise ModelFileError(
            f"{path} cannot be read: {error.strerror}.", "Give a model file, or the folder of a run."
        ) from error
    header_bytes = struct.unpack("<Q", start)[0] if len(start) == 8 else -1
    if not 0 < header_bytes <= min(MAX_HEADER_BYTES, size - 8):
        raise ModelFileError(f"{path} is not a model file: it has no sound header.", _DAMAGED)
    try:
        with safetensors.safe_open(path, framework="numpy") as opened:
            metadata = opened.metadata() or {}
            if "gen" not in metadata:
                raise ModelFileError(f"{path} is no model of gen.", "Give a model that gen trained.")
            about = json.loads(metadata["gen"], parse_constant=_refuse_constant)
            dtypes = {name: opened.get_slice(name).get_dtype() for name in opened.keys()}  # noqa: SIM118
            if odd := [name for name, dtype in dtypes.items() if dtype not in READ_DTYPES]:
                raise ModelFileError(f"{path}: tensor {odd[0]!r} is {dtypes[odd[0]]}.", _DAMAGED)
            # `keys` and `get_tensor` are the library's, and know every tensor that the header names
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise ModelFileError(f"{path} is not a model of gen, or is damaged ({error}).", _DAMAGED) from error
    if not isinstance(about, dict):
        raise ModelFileError(f"{path} holds metadata that is not a JSON object.", _DAMAGED)
    if about.get("sha256") != _sha256(tensors):
        raise ModelFileError(f"{path} is damaged: the checksum of its tensors does not match.", _DAMAGED)
    return about, tensors


def find_model(place: Path | None) -> Path:
    """The model file that a user means.

    Args:
        place: A model file, a run folder (its best model), or None for the newest run under `checkpoints/`.

    Raises:
        ModelFileError: There is none.
    """
    if place is None:
        found = sorted(Path("checkpoints").glob("*/best.safetensors"), key=lambda path: path.stat().st_mtime)
        if not found:
            raise ModelFileError(
                "There is no trained model under checkpoints/.", "Train one: gen train --corpus FILE"
            )
        return found[-1]
    if not place.is_dir():
        return place
    if not (best := place / "best.safetensors").is_file():
        raise ModelFileError(
            f"{place} holds no best.safetensors.",
            "Give a model file or a run folder; a run has one from its first validation on.",
        )
    return best


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _describe(tensors: dict[str, tuple[tuple[int, ...], str]], name: str) -> str:
    if name not in tensors:
        return "nothing"
    shape, dtype = tensors[name]
    return f"{dtype} of shape {shape}"


def _sha256(tensors: dict[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.data)
    return digest.hexdigest()
