"""Models by the names that the server gives, and by no others; bad ones are told or refused."""

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from gen import checkpoint
from gen.checkpoint import save_model
from gen.errors import ModelFileError
from gen.web import models as shelves
from gen.web.answers import RefusedError
from gen.web.models import Models
from tests.hostile_values import HOSTILE
from tests.tiny import contents, put_model, sign, tiny_model
from tests.tunes import tune_model
from tests.web.serving import serving


def shelf(*places: Path) -> tuple[Models, list[str]]:
    told: list[str] = []
    return Models(places, told.append), told


def names(models: Models) -> list[str]:
    return [each["name"] for each in models.listed()]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checkpoint, "BUNDLED", tmp_path / "bundled")


def put_run(name: str, age_s: int = 0, letters: str = "\nabc") -> Path:
    path = Path("checkpoints") / name / "best.safetensors"
    path.parent.mkdir(parents=True)
    put_model(path, tiny_model(letters))
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def test_runs_are_named_by_their_folders_and_files_by_themselves() -> None:
    put_run("mine")
    models, _ = shelf(Path("checkpoints/mine"), put_model(Path("a.b.safetensors")))
    assert names(models) == ["mine", "a.b"]
    assert models.open("mine").model.tokenizer["tokens"] == ["\n", "a", "b", "c"]


def test_every_model_has_a_name_of_its_own() -> None:
    places = []
    for folder in ("x", "y", "z"):
        Path(folder).mkdir()
        places.append(put_model(Path(folder) / "model.safetensors", tiny_model("\n" + folder)))
    models, _ = shelf(*places, places[0])
    assert names(models) == ["model", "model (2)", "model (3)"]
    assert [models.open(name).model.tokenizer["tokens"][1] for name in names(models)] == ["x", "y", "z"]


def test_without_names_the_newest_runs_are_found_and_new_ones_later() -> None:
    put_run("old", 100)
    put_run("new", 1)
    models, told = shelf()
    assert names(models) == ["new", "old"]
    put_run("newest")
    assert names(models) == ["newest", "new", "old"]
    assert models.open("newest")
    assert told == []


def test_models_that_come_along_stand_after_the_runs_and_can_be_named() -> None:
    Path("bundled").mkdir()
    for name in ("plays", "reels"):
        put_model(Path(f"bundled/{name}.safetensors"))
    assert names(shelf()[0]) == ["plays", "reels"]
    put_run("mine")
    assert names(shelf()[0]) == ["mine", "plays", "reels"]
    models, _ = shelf(Path("reels"))
    assert names(models) == ["reels"]
    assert models.open("reels")


def test_named_models_are_all_there_is() -> None:
    put_run("other")
    models, _ = shelf(put_model(Path("mine.safetensors")))
    assert names(models) == ["mine"]
    for name in ("other", "checkpoints/other", "../mine", "mine.safetensors", "", "."):
        with pytest.raises(RefusedError):
            models.open(name)
        with pytest.raises(RefusedError):
            models.describe(name, "text")


def test_a_bad_one_that_was_named_is_refused() -> None:
    good, bad = put_model(Path("good")), put_model(Path("bad"))
    bad.write_bytes(bad.read_bytes()[:-10])
    with pytest.raises(ModelFileError, match="bad"):
        shelf(good, bad)
    content = bytearray(good.read_bytes())
    content[-1] ^= 1  # in a weight
    bad.write_bytes(content)
    with pytest.raises(ModelFileError, match="bad is damaged"):
        shelf(good, bad)
    with pytest.raises(ModelFileError, match="no model none"):
        shelf(good, Path("none"))


def test_a_bad_one_that_was_found_is_left_out_and_told_once() -> None:
    put_run("good")
    bad = put_run("bad")
    bad.write_bytes(b"x" * 100)
    models, told = shelf()
    assert names(models) == names(models) == ["good"]
    assert len(told) == 1
    assert "bad" in told[0]


def test_where_there_is_none_that_is_said() -> None:
    with pytest.raises(ModelFileError, match="no trained model"):
        shelf()
    put_run("bad").write_bytes(b"")
    with pytest.raises(ModelFileError, match="None of the models"):
        shelf()


def test_a_model_that_is_damaged_later_is_listed_as_such_and_not_used() -> None:
    path = put_model(Path("a"))
    models, _ = shelf(path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="checksum"):
        models.open("a")
    assert models.listed()[0]["kind"] == "unreadable"


def test_a_model_that_training_replaces_is_loaded_anew() -> None:
    path = put_model(Path("a"), tiny_model("\nab"))
    models, _ = shelf(path)
    first = models.open("a")
    assert models.open("a") is first
    save_model(path, tiny_model("\nabcd"))
    assert models.open("a").model.tokenizer["tokens"] == ["\n", *"abcd"]
    assert models.listed()[0]["vocabulary_size"] == 5
    path.unlink()
    assert models.listed()[0]["kind"] == "unreadable"
    with pytest.raises(ModelFileError):
        models.open("a")


def test_no_more_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    places = [put_model(Path(name)) for name in "abc"]
    monkeypatch.setattr(shelves, "MOST_LOADED_BYTES", 2 * 8 * tiny_model().config.parameters())
    models, _ = shelf(*places)
    a, b = models.open("a"), models.open("b")
    assert models.open("a") is a
    c = models.open("c")
    assert models.open("a") is a
    assert models.open("c") is c
    assert models.open("b") is not b


def test_facts_of_text_and_of_music() -> None:
    models, _ = shelf(put_model(Path("t")), put_model(Path("m"), tune_model()))
    text, music = models.listed()
    assert (text["kind"], text["corpus"], text["units"], text["layers"]) == ("text", "letters", 8, 2)
    assert (music["kind"], music["metres"], music["melody"]) == ("music", ["4/4"], True)
    assert "C" in music["keys"]
    assert music["pitches"][0] < 60 < music["pitches"][1]


def test_files_of_models_are_read_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[threading.Thread] = []
    describe = Models.describe

    def noted(self: Models, name: str, kind: str) -> None:
        readers.append(threading.current_thread())
        describe(self, name, kind)

    monkeypatch.setattr(Models, "describe", noted)
    with serving([put_model(Path("t")), put_model(Path("m"), tune_model())]) as server:
        threads = set(threading.enumerate())
        assert server.post("/api/models/t/text", {"length": 1}).status == 200
        assert server.post("/api/models/m/music", {"bars": 1}).status == 200
    assert len(readers) == 2
    assert not threads & set(readers)


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_what_a_file_claims_is_plain_words_and_numbers(value: Any) -> None:
    about, tensors = contents(put_model(Path("plain")))
    about["corpus"] = {"name": value, "licence": value}
    about["training"] = {"validation_bits_per_character": value}
    try:
        path = sign(Path("hostile"), about, tensors)
        models, _ = shelf(path)
    except (ModelFileError, ValueError):  # the file itself is refused, or cannot be made
        return
    (facts,) = models.listed()
    assert len(json.dumps(facts)) < 1000
    for name in ("corpus", "licence"):
        assert facts[name] is None or facts[name].isprintable()


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J", "x" * 200, "é", "a b", "<b>&amp;", "100%", "?#"])
def test_any_name_of_a_file_can_be_shown_and_asked_for(name: str) -> None:
    models, _ = shelf(put_model(Path(name)))
    (shown,) = names(models)
    assert shown.isprintable()
    assert len(shown) <= 80
    assert models.open(shown)


@pytest.mark.skipif(os.name == "nt", reason="names of files are Unicode there")
def test_a_name_that_is_no_unicode_can_be_shown() -> None:
    path = Path(os.fsdecode(b"caf\xe9"))
    models, _ = shelf(put_model(path))
    assert names(models) == ["caf\ufffd"]
