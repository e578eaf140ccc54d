"""The models that come along: found by name, small, and sound to a reader of our own description."""

from pathlib import Path

import pytest

from gen.checkpoint import bundled_models, find_model, load_model, shown_name
from gen.errors import ModelFileError
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


@pytest.mark.parametrize("name", ["king-james", "ryans-mammoth"])
def test_a_model_that_comes_along_is_small_and_says_what_it_learned_from(name: str) -> None:
    path = bundled_models()[name]
    assert path.stat().st_size <= 3_000_000
    model = load_model(path)
    assert (model.dtype, model.corpus["name"]) == ("float16", name)
    assert "public domain" in model.corpus["licence"].lower()
    assert second_reader.read(path.read_bytes())["kind"] == model.kind
