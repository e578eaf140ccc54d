"""Arrays and a JSON object as one `.safetensors` file, with a checksum over each.

The file opens without running code. Its metadata has one key, `gen`: a JSON object with whatever the arrays
are about and, besides, `format_version`; `release`, of the gen that wrote it; `sha256`, of the arrays; and
`metadata_sha256`, of the object but for this field, as `canonical` writes it. Version 1 has no checksum
of the object, and no release. Every later one keeps these fields as they are, so that a file from the future
can be told from a damaged one.

Everything is checked before anything is made of it: the size of the header before a library reads it, the
object before a tensor is read, the tensors' names, dtypes and shapes before their numbers.
"""

import hashlib
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from gen import __version__
from gen.errors import ModelFileError
from gen.files import replacing
from gen.machine import memory_bytes

MAX_HEADER_BYTES = 4 << 20
MAX_TENSORS = 1 << 12
MAX_ITEMS = 1 << 17  # twice the largest vocabulary
DEEPEST = 16  # levels of objects and lists; the deepest file has five
MOST_DIGITS = 19  # as many as a whole number of 64 bits has
READ_DTYPES = ("F32", "F16", "I32", "I64")  # weights and state, and the optimiser's count of updates
DAMAGED = "Use an undamaged copy of the file, or train the model again."

_FIRST_WITH_CHECKED_METADATA = 2
_RELEASE = re.compile(r"[0-9][0-9A-Za-z.+]{0,31}")


class TensorForm(NamedTuple):
    """What a header says of a tensor: dtype, by safetensors' name, and shape."""

    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype} of shape {self.shape}"


Forms = dict[str, TensorForm]


def save_tensors(path: Path, tensors: dict[str, NDArray[Any]], about: dict[str, Any]) -> None:
    """Write arrays and a JSON object; the file at `path` is the old one or the whole new one.

    Args:
        path: The file.
        tensors: The arrays, by name.
        about: The object, with a `format_version`.

    Raises:
        ValueError: The object holds a number that is none, or is larger than any reader here accepts.
        OSError: The file cannot be written.
    """
    signed = {**about, "release": __version__, "sha256": sha256_of_tensors(tensors)}
    signed["metadata_sha256"] = sha256_of_metadata(signed)
    content = safetensors.numpy.save(
        {name: np.asarray(array, order="C") for name, array in tensors.items()}, {"gen": json.dumps(signed)}
    )
    if struct.unpack("<Q", content[:8])[0] > MAX_HEADER_BYTES:
        raise ValueError(f"the header of {path} would be larger than {MAX_HEADER_BYTES} bytes")
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def load_tensors(
    path: Path, newest_version: int, require: Callable[[dict[str, Any], Forms], None] | None = None
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what `save_tensors` wrote: the JSON object and the arrays.

    Args:
        path: The file.
        newest_version: The newest `format_version` that is read; the oldest is 1.
        require: Called with the object and the tensors' forms before a number is read, to raise an error.

    Raises:
        ModelFileError: The file is missing, damaged, from a newer release, or written by something else.
    """
    size = _size_of_sound_file(path)
    try:
        with safetensors.safe_open(path, framework="numpy") as opened:
            metadata = opened.metadata() or {}
            if "gen" not in metadata:
                raise ModelFileError(f"{path} is no model of gen.", "Give a model that gen trained.")
            about = _parsed(metadata["gen"])
            _require_whole_metadata(path, about, newest_version)
            # `keys`, `get_slice` and `get_tensor` are the library's, and know every tensor of the header
            names = list(opened.keys())
            if len(names) > MAX_TENSORS:
                raise ModelFileError(f"{path} has {len(names):,} tensors.", DAMAGED)
            forms = {name: _form(opened.get_slice(name)) for name in names}
            if odd := [name for name, form in forms.items() if form.dtype not in READ_DTYPES]:
                raise ModelFileError(f"{path}: tensor {odd[0]!r} is {forms[odd[0]].dtype}.", DAMAGED)
            if require is not None:
                require(about, forms)
            _require_memory(path, size)
            tensors = {name: opened.get_tensor(name) for name in names}
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise ModelFileError(f"{path} is not a model of gen, or is damaged ({error}).", DAMAGED) from error
    if about.get("sha256") != sha256_of_tensors(tensors):
        raise ModelFileError(f"{path} is damaged: the checksum of its tensors does not match.", DAMAGED)
    return about, tensors


def canonical(about: dict[str, Any]) -> bytes:
    """The one spelling of a JSON object: keys in order, no spaces, ASCII.

    Raises:
        ValueError: It holds infinity, or what is not a number.
    """
    return json.dumps(about, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def sha256_of_metadata(about: dict[str, Any]) -> str:
    """The checksum of the JSON object, over all of it but the field that holds it."""
    signed = {name: value for name, value in about.items() if name != "metadata_sha256"}
    return hashlib.sha256(canonical(signed)).hexdigest()


def sha256_of_tensors(tensors: dict[str, NDArray[Any]]) -> str:
    """The checksum of arrays, their names, dtypes and shapes."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.data)
    return digest.hexdigest()


def _size_of_sound_file(path: Path) -> int:
    """The size of a file whose header a library may read."""
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
        raise ModelFileError(f"{path} is not a model file: it has no sound header.", DAMAGED)
    return size


def _parsed(text: str) -> dict[str, Any]:
    """A JSON object of plain numbers, few levels and no more items than a vocabulary takes.

    Raises:
        ValueError: It is something else.
    """
    # each item has a comma or a bracket of its own; counting them is nothing beside parsing them
    if max(text.count(","), text.count("[") + text.count("{")) > MAX_ITEMS:
        raise ValueError("its metadata has more items than any model")
    try:
        about = json.loads(text, parse_constant=_refuse_constant, parse_int=_whole)
    except RecursionError:
        raise ValueError(f"its metadata has more than {DEEPEST} levels") from None
    if not isinstance(about, dict):
        raise ValueError("its metadata is not a JSON object")
    level: list[Any] = [about]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer)]
        level = [inner for inner in level if isinstance(inner, dict | list)]
    if level:
        raise ValueError(f"its metadata has more than {DEEPEST} levels")
    return about


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > MOST_DIGITS:
        raise ValueError(f"a whole number of {len(digits)} digits")
    return int(digits)


def _require_whole_metadata(path: Path, about: dict[str, Any], newest_version: int) -> None:
    """Refuse an object that is not as it was written, or says what only a newer release understands."""
    checksum = sha256_of_metadata(about)  # also where the file has none: it finds numbers that are infinite
    if about.get("metadata_sha256", checksum) != checksum:
        raise ModelFileError(f"{path} is damaged: the checksum of its metadata does not match.", DAMAGED)
    version = about.get("format_version")
    if type(version) is not int or version < 1:
        raise ModelFileError(f"{path} has no format that there ever was: {version!r}.", DAMAGED)
    if version > newest_version:
        raise ModelFileError(
            f"{path} has format {version}; gen {__version__} reads formats up to {newest_version}.",
            f"Install {_release(about)}.",
        )
    if version >= _FIRST_WITH_CHECKED_METADATA and "metadata_sha256" not in about:
        raise ModelFileError(f"{path} is damaged: its metadata has no checksum.", DAMAGED)


def _release(about: dict[str, Any]) -> str:
    """The release to get for a file that this one cannot read."""
    release = about.get("release")
    if isinstance(release, str) and _RELEASE.fullmatch(release):
        return f"gen {release}, which wrote it, or a newer release"
    return "a newer release of gen"


def _require_memory(path: Path, size: int) -> None:
    """Refuse a file that memory cannot hold; a file of holes is as large as it says and takes no place."""
    memory = memory_bytes()
    if memory is not None and size > memory:
        raise ModelFileError(
            f"{path} has {size / 1e9:,.0f} GB, and this machine {memory / 1e9:,.0f} GB of memory.",
            "Use it on a larger machine, or a smaller model.",
        )


def _form(tensor: Any) -> TensorForm:
    return TensorForm(tensor.get_dtype(), tuple(tensor.get_shape()))
