"""A file of arrays and a JSON object: what comes back, and what is refused before an array is read."""

import hashlib
import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from numpy.typing import NDArray

import gen
from gen import tensor_file
from gen.errors import ModelFileError
from gen.tensor_file import (
    DEEPEST,
    MAX_HEADER_BYTES,
    MAX_TENSORS,
    load_tensors,
    save_tensors,
    sha256_of_metadata,
    sha256_of_tensors,
)
from tests.tiny import contents, sign

ARRAYS: dict[str, NDArray[Any]] = {
    "step": np.array(3, np.int64),
    "updates": np.array([7], np.int32),
    "h": np.ones((2, 3), np.float32),
    "none": np.zeros((0, 4), np.float32),
}
ABOUT = {"format_version": 2, "cursor": [1, 2], "path": "caf\udce9", "share": 1 / 3}


def nested(levels: int) -> Any:
    value: Any = 0
    for level in range(levels):
        value = {"in": value} if level % 2 else [value]
    return value


def refused(path: Path, newest: int = 2) -> ModelFileError:
    with pytest.raises(ModelFileError) as caught:
        load_tensors(path, newest)
    assert path.name in caught.value.problem
    assert "\n" not in caught.value.problem + caught.value.fix
    return caught.value


def put_text(path: Path, text: str) -> Path:
    safetensors.numpy.save_file(ARRAYS, path, {"gen": text})
    return path


def test_arrays_of_every_dtype_and_the_object_come_back(tmp_path: Path) -> None:
    save_tensors(tmp_path / "state", ARRAYS, ABOUT)
    about, read = load_tensors(tmp_path / "state", 2)
    assert about.pop("sha256") == sha256_of_tensors(ARRAYS)
    assert about.pop("metadata_sha256")
    assert about.pop("release") == gen.__version__
    assert about == ABOUT
    assert {name: (array.dtype, array.tolist()) for name, array in read.items()} == {
        name: (array.dtype, array.tolist()) for name, array in ARRAYS.items()
    }


def test_what_was_read_can_be_written_again(tmp_path: Path) -> None:
    save_tensors(tmp_path / "state", ARRAYS, ABOUT)
    about, read = load_tensors(tmp_path / "state", 2)
    save_tensors(tmp_path / "again", read, about | {"cursor": [3, 4]})
    assert load_tensors(tmp_path / "again", 2)[0]["cursor"] == [3, 4]
    assert (tmp_path / "again").stat().st_size == (tmp_path / "state").stat().st_size


def test_a_header_over_the_limit_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="header"):
        save_tensors(tmp_path / "file", {}, {"padding": "x" * MAX_HEADER_BYTES})
    assert list(tmp_path.iterdir()) == []


def test_the_checksum_of_the_object_is_of_its_one_spelling(tmp_path: Path) -> None:
    """As others can make it: sorted keys, no spaces, ASCII, all but the checksum itself."""
    spelled = rb'{"a":"\u00e9","b":[1,0.5]}'
    by_hand = hashlib.sha256(spelled).hexdigest()
    assert sha256_of_metadata({"b": [1, 0.5], "a": "é", "metadata_sha256": "x"}) == by_hand
    save_tensors(tmp_path / "file", ARRAYS, ABOUT)
    about, _ = contents(tmp_path / "file")
    put_text(tmp_path / "file", json.dumps(dict(reversed(about.items())), indent=3))
    assert load_tensors(tmp_path / "file", 2)[0] == about


@pytest.mark.parametrize("change", [{"cursor": [1, 3]}, {"more": 0}, {"share": 1}, {"metadata_sha256": None}])
def test_an_object_that_is_not_as_it_was_written_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    for version in (1, 2):
        save_tensors(tmp_path / "file", ARRAYS, ABOUT | {"format_version": version})
        about, _ = contents(tmp_path / "file")
        assert "metadata" in refused(put_text(tmp_path / "file", json.dumps(about | change))).problem


def test_version_1_had_no_checksum_of_the_object_and_later_ones_must(tmp_path: Path) -> None:
    about = {"cursor": 1, "sha256": sha256_of_tensors(ARRAYS)}
    put_text(tmp_path / "old", json.dumps(about | {"format_version": 1}))
    assert load_tensors(tmp_path / "old", 2)[0] == about | {"format_version": 1}
    put_text(tmp_path / "stripped", json.dumps(about | {"format_version": 2}))
    assert "no checksum" in refused(tmp_path / "stripped").problem


@pytest.mark.parametrize(
    ("release", "named"),
    [
        ("0.9.1", "gen 0.9.1, which"),
        ("2.0rc1", "gen 2.0rc1, which"),
        (None, "a newer release"),
        ("1 and pip install evil", "a newer release"),
        ("1" * 99, "a newer release"),
        ([2, 0], "a newer release"),
    ],
)
def test_a_file_of_a_newer_release_says_which_one_to_get(tmp_path: Path, release: object, named: str) -> None:
    sign(tmp_path / "file", {"format_version": 3, "release": release}, {"new": np.zeros(2, np.float16)})
    error = refused(tmp_path / "file")
    assert "format 3" in error.problem
    assert gen.__version__ in error.problem
    assert error.fix.startswith(f"Install {named}")
    assert "evil" not in error.fix
    assert load_tensors(sign(tmp_path / "file", {"format_version": 3}, ARRAYS), 3)


@pytest.mark.parametrize("version", [0, -1, None, "2", True, 1.0, 2.5, [], "x" * 99])
def test_a_format_that_never_was_is_damage(tmp_path: Path, version: object) -> None:
    sign(tmp_path / "file", {"format_version": version}, ARRAYS)
    assert repr(version) in refused(tmp_path / "file").problem
    sign(tmp_path / "file", {}, ARRAYS)
    refused(tmp_path / "file")


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-Infinity", "1e999", "-1e400", "9" * 20, "-" + "9" * 5000, "{", '"\\ud8"']
)
@pytest.mark.parametrize("version", [1, 2])
def test_numbers_that_are_none_and_what_is_no_json_are_refused(
    tmp_path: Path, value: str, version: int
) -> None:
    refused(put_text(tmp_path / "file", f'{{"format_version": {version}, "x": {value}}}'))


@pytest.mark.parametrize("value", ["[1, 2]", "3", "null", '"x"', ""])
def test_what_is_not_an_object_is_refused(tmp_path: Path, value: str) -> None:
    refused(put_text(tmp_path / "file", value))


def test_levels_beyond_what_any_file_has_are_refused(tmp_path: Path) -> None:
    sign(tmp_path / "file", {"format_version": 2, "x": nested(DEEPEST - 1)}, ARRAYS)
    assert load_tensors(tmp_path / "file", 2)
    for levels in (DEEPEST, 200):
        sign(tmp_path / "file", {"format_version": 2, "x": nested(levels)}, ARRAYS)
        assert "levels" in refused(tmp_path / "file").problem
    for bracket in ("[", '{"x":'):
        refused(put_text(tmp_path / "file", f'{{"format_version": 2, "x": {bracket * 100_000}'))


@pytest.mark.parametrize(
    "item", ["0", "[]", "{}", "1.5", '"ab"', "[[]]", '{"a":0}', "-1e-9", "123456789", "[[[[[[[[1]]]]]]]]"]
)
def test_a_header_as_full_as_can_be_takes_no_time_and_no_memory_to_speak_of(
    tmp_path: Path, item: str
) -> None:
    most = (MAX_HEADER_BYTES - 1000) // (len(json.dumps(item)) - 1)
    put_text(tmp_path / "file", f'{{"format_version": 2, "x": [{",".join([item] * most)}]}}')
    tracemalloc.start()
    began_s = time.monotonic()
    try:
        refused(tmp_path / "file")
        assert time.monotonic() - began_s < 5
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_more_tensors_than_any_model_has_are_refused(tmp_path: Path) -> None:
    sign(
        tmp_path / "file",
        {"format_version": 2},
        {f"{n}": np.zeros(0, np.float32) for n in range(MAX_TENSORS + 1)},
    )
    assert "tensors" in refused(tmp_path / "file").problem


def test_what_is_required_is_asked_before_a_number_is_read(tmp_path: Path) -> None:
    sign(tmp_path / "file", {"format_version": 2, "x": 5}, ARRAYS)
    content = bytearray((tmp_path / "file").read_bytes())
    content[-1] ^= 1
    (tmp_path / "file").write_bytes(content)
    asked = []

    def require(about: dict[str, Any], forms: tensor_file.Forms) -> None:
        asked.append((about["x"], {name: (form.dtype, form.shape) for name, form in forms.items()}))
        raise ModelFileError("not this", "-")

    with pytest.raises(ModelFileError, match="not this"):
        load_tensors(tmp_path / "file", 2, require)
    forms = {"step": ("I64", ()), "updates": ("I32", (1,)), "h": ("F32", (2, 3)), "none": ("F32", (0, 4))}
    assert asked == [(5, forms)]


def test_a_file_larger_than_memory_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_tensors(tmp_path / "file", ARRAYS, ABOUT)
    monkeypatch.setattr(tensor_file, "memory_bytes", lambda: 100)
    assert "memory" in refused(tmp_path / "file").problem
    monkeypatch.setattr(tensor_file, "memory_bytes", lambda: None)
    assert load_tensors(tmp_path / "file", 2)
