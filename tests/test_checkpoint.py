"""A model's file: what it holds, and which file a user means."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors

from gen.checkpoint import Model, find_model, load_model, save_model, weight_shapes
from gen.config import ModelConfig
from gen.errors import ModelFileError
from tests.tiny import contents, put_model, sign, tiny_model

DOCUMENTED = [
    "embedding",
    *(f"lstm.{layer}.{part}_{gate}" for layer in (0, 1) for part in "Wb" for gate in "fiCo"),
    "output.W",
    "output.b",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return put_model(tmp_path / "model.safetensors")


@pytest.mark.parametrize("layers", [1, 3])
def test_a_model_comes_back_as_it_was(tmp_path: Path, layers: int) -> None:
    model = tiny_model(layers=layers)
    loaded = load_model(put_model(tmp_path / "model", model))
    assert (loaded.kind, loaded.config, loaded.tokenizer) == ("text", model.config, model.tokenizer)
    assert (loaded.corpus, loaded.training) == (model.corpus, model.training)
    assert loaded.weights.keys() == model.weights.keys()
    for name, array in model.weights.items():
        assert loaded.weights[name].dtype == np.float32
        np.testing.assert_array_equal(loaded.weights[name], array)


def test_the_state_of_a_training_is_told_from_a_model(tmp_path: Path) -> None:
    sign(tmp_path / "state", {"format_version": 2, "progress": {}, "about": {}}, {})
    with pytest.raises(ModelFileError, match="state of a training") as caught:
        load_model(tmp_path / "state")
    assert "folder of the run" in caught.value.fix


def test_safetensors_own_reader_finds_the_documented_names(path: Path) -> None:
    model = tiny_model()
    about, tensors = contents(path)
    assert sorted(tensors) == sorted(DOCUMENTED)
    for name, array in model.weights.items():
        np.testing.assert_array_equal(tensors[name], array)
    assert about["format_version"] == 2
    assert about["kind"] == "text"
    assert about["config"] == model.config.to_json()
    assert about["tokenizer"]["tokens"] == model.tokenizer["tokens"]
    with safetensors.safe_open(path, framework="numpy") as opened:
        assert list(opened.metadata()) == ["gen"]


def test_a_model_of_half_width_takes_half_the_place_and_comes_back_rounded_once(tmp_path: Path) -> None:
    model = tiny_model()
    whole, half = tmp_path / "whole", tmp_path / "half"
    save_model(whole, model)
    save_model(half, replace(model, dtype="float16"))
    about, tensors = contents(half)
    assert about["format_version"] == 3
    sizes = [sum(array.nbytes for array in contents(path)[1].values()) for path in (whole, half)]
    assert sizes[0] == 2 * sizes[1]
    loaded = load_model(half)
    assert loaded.dtype == "float16"
    assert load_model(whole).dtype == "float32"
    for name, array in model.weights.items():
        assert [of[name].dtype.name for of in (tensors, loaded.weights)] == ["float16", "float32"]
        # eleven bits of every number are right, and saving again changes nothing
        np.testing.assert_allclose(loaded.weights[name], array, rtol=2.0**-11, atol=2.0**-25)
    save_model(tmp_path / "again", loaded)
    assert (tmp_path / "again").read_bytes() == half.read_bytes()


def test_weights_that_half_the_width_cannot_hold_are_not_written(tmp_path: Path) -> None:
    model = tiny_model()
    model.weights["output.W"][2, 1] = -65_600
    with pytest.raises(ModelFileError, match=r"output\.W") as caught:
        save_model(tmp_path / "half", replace(model, dtype="float16"))
    assert "float32" in caught.value.fix
    assert not (tmp_path / "half").exists()
    save_model(tmp_path / "whole", model)


def test_weights_of_both_widths_are_refused(tmp_path: Path) -> None:
    path = put_model(tmp_path / "half", replace(tiny_model(), dtype="float16"))
    about, tensors = contents(path)
    for name in ("embedding", "output.b"):
        sign(path, about, {**tensors, name: tensors[name].astype(np.float32)})
        with pytest.raises(ModelFileError, match="its configuration asks for"):
            load_model(path)
    sign(path, about | {"format_version": 2}, tensors)  # which has no such numbers
    with pytest.raises(ModelFileError, match="its configuration asks for F32"):
        load_model(path)


def test_weights_have_the_shapes_of_the_equations() -> None:
    shapes = weight_shapes(ModelConfig(vocabulary_size=7, embedding_size=3, units=5, layers=2))
    assert list(shapes) == DOCUMENTED
    assert shapes["embedding"] == (7, 3)
    assert {shapes[f"lstm.0.W_{gate}"] for gate in "fiCo"} == {(5 + 3, 5)}
    assert {shapes[f"lstm.1.W_{gate}"] for gate in "fiCo"} == {(5 + 5, 5)}
    assert {shapes[f"lstm.{layer}.b_{gate}"] for layer in (0, 1) for gate in "fiCo"} == {(5,)}
    assert (shapes["output.W"], shapes["output.b"]) == ((5, 7), (7,))


def test_a_model_whose_arrays_are_not_contiguous_comes_back(tmp_path: Path) -> None:
    model = tiny_model()
    turned = {name: np.asfortranarray(array) for name, array in model.weights.items()}
    save_model(tmp_path / "model", Model("text", model.config, model.tokenizer, turned))
    loaded = load_model(tmp_path / "model")
    assert all(np.array_equal(loaded.weights[name], array) for name, array in model.weights.items())


def test_a_run_folder_means_its_best_model_and_a_file_itself(tmp_path: Path) -> None:
    (tmp_path / "best.safetensors").touch()
    (tmp_path / "last.safetensors").touch()
    assert find_model(tmp_path) == tmp_path / "best.safetensors"
    assert find_model(tmp_path / "last.safetensors") == tmp_path / "last.safetensors"


def test_a_folder_without_a_best_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "last.safetensors").touch()
    with pytest.raises(ModelFileError, match="best"):
        find_model(tmp_path)


def test_no_model_means_the_newest_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelFileError) as caught:
        find_model(None)
    assert "gen train" in caught.value.fix
    for name, age_s in (("a", 300), ("b", 100), ("c", 200)):
        best = tmp_path / "checkpoints" / name / "best.safetensors"
        best.parent.mkdir(parents=True)
        best.touch()
        os.utime(best, (1e9 - age_s, 1e9 - age_s))
    (tmp_path / "checkpoints" / "unfinished").mkdir()
    assert find_model(None) == Path("checkpoints/b/best.safetensors")


def test_a_name_that_no_file_can_have_is_the_users_mistake() -> None:
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_model(find_model(Path("a" * 300)))
