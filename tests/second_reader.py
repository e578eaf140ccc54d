"""Another reader of model files, from the description alone: it uses nothing of `gen`, nor of safetensors."""

import hashlib
import json
import re
from math import prod
from typing import Any

import numpy as np

_GATES = [f"{kind}_{gate}" for kind in "Wb" for gate in "fiCo"]
_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
_MUSIC = re.compile(
    r"Start|End|Bar|Drums|Key_[A-G][b#]?[A-Za-z]*|Metre_[1-9]\d*/[1-9]\d*|[A-Z][a-z]+_\d+", re.ASCII
)

# what reading without care runs into, besides what is looked for
UNSOUND = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OverflowError)


def read(content: bytes) -> dict[str, Any]:
    """The metadata of a file that is sound in every respect.

    Raises:
        UNSOUND: It is not.
    """
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    about: dict[str, Any] = json.loads(header.pop("__metadata__")["gen"])
    _need(end <= len(content), "the header ends in the file")
    _check_metadata(about)
    _check_tensors(about, header, content[end:])
    _check_vocabulary(about)
    return about


def _need(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"it does not hold that {what}")


def _check_metadata(about: dict[str, Any]) -> None:
    version = about["format_version"]
    _need(type(version) is int and version in (1, 2, 3), "the format is known")
    _need(version == 1 or "metadata_sha256" in about, "the metadata has a checksum")
    rest = {name: value for name, value in about.items() if name != "metadata_sha256"}
    spelled = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    found = hashlib.sha256(spelled).hexdigest()
    _need(about.get("metadata_sha256", found) == found, "the checksum is that of the metadata")
    _need(
        all(isinstance(about[name], dict) for name in ("tokenizer", "corpus", "training")),
        "sections are objects",
    )


def _check_tensors(about: dict[str, Any], header: dict[str, Any], body: bytes) -> None:
    shapes = _shapes(about["config"])
    _need(header.keys() == shapes.keys(), "tensors are those of the configuration")
    digest = hashlib.sha256()
    ends = {0}
    half = about["format_version"] == 3
    stored, width, numpy_name = ("F16", 2, "float16") if half else ("F32", 4, "float32")
    for name in sorted(header):
        entry = header[name]
        begin, end = entry["data_offsets"]
        shape = tuple(entry["shape"])
        _need(entry["dtype"] == stored and shape == shapes[name], f"{name} is of its form")
        _need(0 <= begin < end <= len(body) and end - begin == width * prod(shape), f"{name} has its place")
        ends |= {begin, end}
        digest.update(f"{name} {numpy_name} {shape}\n".encode() + body[begin:end])
        numbers = np.frombuffer(body[begin:end], f"<f{width}").astype(float)
        _need(bool(np.isfinite(numbers).all() and (np.abs(numbers) < 1e6).all()), f"{name} has sound numbers")
    _need(
        len(ends) == len(header) + 1 and max(ends) == len(body), "tensors lie side by side and fill the file"
    )
    _need(about["sha256"] == digest.hexdigest(), "the checksum is that of the tensors")


def _shapes(config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    _need(
        config.keys() == {"vocabulary_size", "embedding_size", "units", "layers"}, "the configuration is one"
    )
    _need(
        all(type(value) is int and 1 <= value <= 1 << 16 for value in config.values()),
        "sizes are within bounds",
    )
    size, width, units = config["vocabulary_size"], config["embedding_size"], config["units"]
    shapes: dict[str, tuple[int, ...]] = {
        "embedding": (size, width),
        "output.W": (units, size),
        "output.b": (size,),
    }
    for layer in range(min(config["layers"], 100)):
        rows = units + (units if layer else width)
        shapes |= {f"lstm.{layer}.{gate}": (rows, units) if gate[0] == "W" else (units,) for gate in _GATES}
    return shapes


def _check_vocabulary(about: dict[str, Any]) -> None:
    tokenizer = about["tokenizer"]
    tokens = tokenizer["tokens"]
    _need(all(isinstance(token, str) for token in tokens), "tokens are strings")
    _need(
        len(tokens) == len(set(tokens)) == about["config"]["vocabulary_size"],
        "tokens are as many, and distinct",
    )
    _need(tokenizer["version"] == 1, "the vocabulary is of a known version")
    if about["kind"] == "text":
        _need(tokenizer["name"] == "characters", "a text has characters")
        own = tokens[:-256] if tokens[-256:] == _BYTES else tokens
        _need(
            all(len(token) == 1 and not "\ud800" <= token <= "\udfff" for token in own),
            "tokens are characters",
        )
        return
    _need(about["kind"] == "music" and tokenizer["name"] == "notes", "the kind is known")
    _need(all(_MUSIC.fullmatch(token) for token in tokens), "tokens are of music")
    _need(tokens[0] == "Start" and {"End", "Bar"} <= set(tokens), "a vocabulary of music has its frame")
    _need(
        all(type(tokenizer[name]) is bool for name in ("velocity", "melody", "transpose")), "choices are made"
    )
