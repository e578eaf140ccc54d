"""No damage to a model's file gets past its reader."""

import json
import os
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gen.checkpoint import Model, load_model, save_model
from gen.errors import ModelFileError
from gen.tensor_file import MAX_HEADER_BYTES
from tests.tiny import contents, put_model, sign, tiny_model


def refused(path: Path, said: str = "") -> None:
    with pytest.raises(ModelFileError) as caught:
        load_model(path)
    assert said in caught.value.problem
    assert path.name in caught.value.problem
    assert caught.value.fix
    assert "\n" not in caught.value.problem + caught.value.fix


def assert_same(loaded: Model, model: Model) -> None:
    assert replace(loaded, weights={}) == replace(model, weights={})
    assert loaded.weights.keys() == model.weights.keys()
    assert all(np.array_equal(loaded.weights[name], array) for name, array in model.weights.items())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return put_model(tmp_path / "model.safetensors")


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 9, 500, -1, -4])
def test_a_truncated_file_is_refused(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    refused(path)


@pytest.mark.parametrize("claimed", [0, MAX_HEADER_BYTES + 1, 1 << 40, (1 << 64) - 1])
def test_a_header_of_impossible_size_is_refused_before_anything_reads_it(path: Path, claimed: int) -> None:
    path.write_bytes(struct.pack("<Q", claimed) + path.read_bytes()[8:])
    refused(path, "header")


def test_a_whole_header_over_the_limit_is_refused(path: Path) -> None:
    about, tensors = contents(path)
    padding = {"gen": json.dumps(about), "padding": "x" * MAX_HEADER_BYTES}
    safetensors.numpy.save_file(tensors, path, padding)
    assert contents(path)[0] == about
    refused(path, "header")


def test_a_file_of_something_else_is_refused(path: Path) -> None:
    path.write_bytes(b"GIF89a" * 100)
    refused(path)
    safetensors.numpy.save_file({"weight": np.zeros(3, np.float32)}, path)
    refused(path)
    safetensors.numpy.save_file({"weight": np.zeros(3, np.float32)}, path, {"gen": "[1, 2]"})
    refused(path, "JSON object")
    safetensors.numpy.save_file({}, path, {"gen": "[" * 100_000})
    refused(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "missing", "No such file")
    (tmp_path / "folder").mkdir()
    refused(tmp_path / "folder", "not a file")


@pytest.mark.skipif(os.name == "nt", reason="no named pipes in folders")
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "not a file")


@pytest.mark.parametrize("key", ["format_version", "kind", "config", "tokenizer", "corpus", "training"])
def test_missing_metadata_is_refused(path: Path, key: str) -> None:
    about, tensors = contents(path)
    del about[key]
    sign(path, about, tensors)
    refused(path)


@pytest.mark.parametrize("name", ["embedding", "lstm.1.b_o", "output.W"])
def test_a_tensor_that_is_missing_reshaped_renamed_or_too_much_is_refused(path: Path, name: str) -> None:
    about, tensors = contents(path)
    for wrong in (
        {other: array for other, array in tensors.items() if other != name},
        tensors | {name: tensors[name][:-1]},
        tensors | {name: tensors[name][None]},
        tensors | {f"{name}_": tensors[name]},
    ):
        sign(path, about, wrong)
        refused(path, name)


@pytest.mark.parametrize(("dtype", "named"), [(np.float64, "F64"), (np.float16, "F16"), (np.int32, "I32")])
def test_a_tensor_of_another_dtype_is_refused(path: Path, dtype: type, named: str) -> None:
    about, tensors = contents(path)
    sign(path, about, tensors | {"output.b": tensors["output.b"].astype(dtype)})
    refused(path, named)


@pytest.mark.parametrize(
    ("dtype", "a_float"), [("F8_E4M3", 4), ("F8_E5M2", 4), ("U8", 4), ("BOOL", 4), ("BF16", 2)]
)
def test_a_dtype_that_no_model_has_is_refused_before_its_numbers_are_read(
    path: Path, dtype: str, a_float: int
) -> None:
    """Other bytes of another dtype in the place of a tensor: as many, so that the file is sound."""
    content = path.read_bytes()
    end = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:end])
    entry = header["output.b"]
    (size,) = entry["shape"]
    entry |= {"dtype": dtype, "shape": [size * a_float]}
    written = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(written)) + written + content[end:])
    with safetensors.safe_open(path, framework="numpy") as opened:
        assert opened.get_slice("output.b").get_shape() == [size * a_float]
    refused(path, f"tensor 'output.b' is {dtype}.")


def test_a_header_that_does_not_fit_its_numbers_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"dtype":"F32"', b'"dtype":"F64"', 1))
    refused(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_a_number_that_no_training_leads_to_is_refused(path: Path, value: float) -> None:
    about, tensors = contents(path)
    tensors["lstm.0.W_C"][3, 2] = value
    sign(path, about, tensors)
    refused(path, "lstm.0.W_C")


def test_any_flipped_bit_of_a_tensor_is_noticed(path: Path) -> None:
    content = path.read_bytes()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    generator = np.random.default_rng(0)
    for place in [start, len(content) - 1, *generator.integers(start, len(content), 30)]:
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(generator.integers(8))
        path.write_bytes(flipped)
        refused(path, "checksum")


def test_any_flipped_bit_of_a_header_is_noticed_or_changes_nothing(path: Path) -> None:
    """Such as one that makes another letter of the vocabulary: the tensors' checksum does not see that."""
    model = tiny_model()
    content = path.read_bytes()
    bits = 8 * (8 + struct.unpack("<Q", content[:8])[0])
    unnoticed = 0
    for bit in np.random.default_rng(0).choice(bits, 500, replace=False):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << int(bit % 8)
        path.write_bytes(flipped)
        try:
            loaded = load_model(path)
        except ModelFileError:
            continue
        unnoticed += 1
        assert_same(loaded, model)
    assert unnoticed < 10


def test_another_letter_in_the_vocabulary_is_noticed(path: Path) -> None:
    content = path.read_bytes()
    assert content.count(b'\\"q\\"') == 1
    path.write_bytes(content.replace(b'\\"q\\"', b'\\"Q\\"'))
    refused(path, "checksum of its metadata")


def test_swapped_gates_are_noticed(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(
        content.replace(b"lstm.0.W_f", b"lstm.0.W_#")
        .replace(b"lstm.0.W_o", b"lstm.0.W_f")
        .replace(b"lstm.0.W_#", b"lstm.0.W_o")
    )
    refused(path, "checksum")


@pytest.mark.parametrize("config", [{"units": 400_000_000}, {"units": 16384}, {"vocabulary_size": 65536}])
def test_a_configuration_that_asks_for_a_giant_allocates_nothing(path: Path, config: dict[str, int]) -> None:
    about, tensors = contents(path)
    sign(path, about | {"config": about["config"] | config}, tensors)
    tracemalloc.start()
    try:
        refused(path)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("tokens", [None, "abc", ["a", "b"], []])
def test_a_vocabulary_of_another_size_than_the_network_is_refused(path: Path, tokens: object) -> None:
    about, tensors = contents(path)
    sign(path, about | {"tokenizer": about["tokenizer"] | {"tokens": tokens}}, tensors)
    refused(path, "vocabulary")


edits = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([(0.0, 255)], 0.5, b"")
@example([(0.998046875, 13)], None, b"")  # a blank at the header's end
@given(edits, st.none() | st.floats(0, 1), st.binary(max_size=8))
def test_bytes_changed_cut_or_added_anywhere_give_a_model_or_a_model_file_error(
    path: Path, edited: list[tuple[float, int]], cut: float | None, added: bytes
) -> None:
    save_model(path, tiny_model())
    model = load_model(path)
    content = bytearray(path.read_bytes())
    header = 8 + struct.unpack("<Q", content[:8])[0]
    for place, byte in edited:
        content[int(place * header)] = byte
    path.write_bytes(content[: None if cut is None else int(cut * len(content))] + added)
    try:
        loaded = load_model(path)
    except ModelFileError:
        return
    # what was changed without harm is the spelling of the header: nothing that it says
    assert_same(loaded, model)
