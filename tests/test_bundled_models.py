"""The models that come along: found by name, small, and sound to a reader of our own description."""

from pathlib import Path

import pytest

from gen.checkpoint import bundled_models, find_model, load_model, shown_name
from gen.errors import ModelFileError
from gen.training.run import RunFolder
from tests import second_reader
from tests.tiny import put_model


def test_a_model_that_comes_along_is_found_by_name_where_no_file_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, path in bundled_models().items():
        assert find_model(Path(name)) == path
        assert shown_name(path) == name
        put_model(tmp_path / name)
        assert find_model(Path(name)) == Path(name)
        assert shown_name(Path("runs") / name) == f"runs/{name}"
    with pytest.raises(ModelFileError) as caught:
        find_model(Path("ryans-mamoth"))
    assert "ryans-mammoth" in caught.value.fix
    for other in ("missing/ryans-mammoth", "../ryans-mammoth", "ryans-mammoth.safetensors", ""):
        with pytest.raises(ModelFileError):
            load_model(find_model(Path(other)))


def test_a_folder_hides_a_model_that_comes_along_only_if_it_is_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = Path("king-james")
    name.mkdir()
    assert find_model(name) == bundled_models()["king-james"]
    (name / "genesis.txt").write_text("In the beginning")
    assert find_model(name) == bundled_models()["king-james"]
    run = RunFolder(name)
    with run.locked(), pytest.raises(ModelFileError, match="holds no best") as caught:
        find_model(name)
    assert "another folder" in caught.value.fix
    put_model(run.last)
    with pytest.raises(ModelFileError, match="holds no best"):
        find_model(name)
    put_model(run.best)
    assert find_model(name) == run.best
    Path("other").mkdir()
    with pytest.raises(ModelFileError) as caught:
        find_model(Path("other"))
    assert "comes along" not in caught.value.fix


@pytest.mark.parametrize("name", ["king-james", "ryans-mammoth"])
def test_a_model_that_comes_along_is_small_and_says_what_it_learned_from(name: str) -> None:
    path = bundled_models()[name]
    assert path.stat().st_size <= 3_000_000
    model = load_model(path)
    assert (model.dtype, model.corpus["name"]) == ("float16", name)
    assert "public domain" in model.corpus["licence"].lower()
    assert second_reader.read(path.read_bytes())["kind"] == model.kind
