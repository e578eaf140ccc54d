"""Where the corpora of a run are, and that they are found again from wherever it is resumed."""

import io
import sys
from pathlib import Path

import pytest

from gen.errors import CorpusError
from gen.training.source import Found, Source, find, find_again, is_same
from tests.corpus.places import names, put

pytestmark = pytest.mark.usefixtures("empty_folder")


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / ".cache"))


def pipe(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def read(found: Found) -> list[str]:
    """The text of every file, to train on and then to validate on."""
    return [path.read_text() for path in (*found.files, *(found.held_out or ()))]


def find_from_elsewhere(source: Source, monkeypatch: pytest.MonkeyPatch) -> Found:
    again = Source.from_json(source.to_json())
    elsewhere = Path("else/where").absolute()
    elsewhere.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    return find_again(again)


@pytest.mark.parametrize("corpus", ["books", "books/a.txt", "books/*.txt", "python-docs"])
def test_a_corpus_is_found_again_from_another_folder(corpus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put("books/a.txt", "a text")
    put("held.txt", "held out")
    found = find(corpus, "held.txt", None)
    before = read(found)
    again = find_from_elsewhere(found.source, monkeypatch)
    assert again.source == found.source
    assert read(again) == before
    assert before[-1] == "held out"


def test_without_a_text_for_validation_none_is_held_out() -> None:
    put("a.txt")
    found = find("a.txt", None, None)
    assert (found.held_out, found.notes) == (None, ())
    assert (found.source.name, found.source.licence, found.source.validation) == ("a", None, None)


def test_a_text_for_validation_is_used_whole_and_told() -> None:
    put("a.txt")
    put("held/b.txt")
    put("held/c.txt")
    found = find("a.txt", "held", None)
    assert names(found.held_out) == ["held/b.txt", "held/c.txt"]
    assert "held is for validation" in found.notes


@pytest.mark.parametrize("corpus", ["a.txt", "split"])
def test_a_split_folder_for_validation_gives_what_it_validates_on(corpus: str) -> None:
    put("a.txt")
    for folder in ("split", "other"):
        for part in ("train", "valid", "test"):
            put(f"{folder}/{part}/text.txt", f"{folder} {part}")
    found = find(corpus, "other", None)
    assert names(found.held_out) == ["other/valid/text.txt"]
    assert names(found.files) == (["a.txt"] if corpus == "a.txt" else ["split/train/text.txt"])
    told = "other is for validation" + (" instead of the corpus' own" if corpus == "split" else "")
    assert told in found.notes
    assert names(find("split", None, None).held_out) == ["split/valid/text.txt"]


def test_standard_input_is_one_corpus_and_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.txt", "a text")
    pipe(monkeypatch, "piped")
    with pytest.raises(CorpusError, match="cannot be both") as caught:
        find("-", "-", None)
    assert caught.value.fix
    found = find("-", "a.txt", None)
    assert (read(found), found.source.name) == (["piped", "a text"], "stdin")
    again = find_from_elsewhere(found.source, monkeypatch)
    assert read(again) == ["piped", "a text"]
    assert (again.source.name, again.source) == ("stdin", found.source)


def test_standard_input_may_be_what_to_validate_on(monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.txt", "a text")
    pipe(monkeypatch, "piped")
    found = find("a.txt", "-", None)
    assert read(found) == ["a text", "piped"]
    assert read(find_from_elsewhere(found.source, monkeypatch)) == ["a text", "piped"]


def test_what_is_no_longer_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.txt")
    put("b.txt")
    source = find("a.txt", "b.txt", None, init_from=Path("model.safetensors")).source
    assert source.init_from == str(Path("model.safetensors").absolute())
    Path("b.txt").unlink()
    with pytest.raises(CorpusError, match=r"b\.txt"):
        find_again(source)


def test_an_option_given_again_means_the_same_by_any_name_of_it() -> None:
    put("books/a.txt")
    for corpus in ("books", "books/a.txt", "books/*.txt", "python-docs"):
        recorded = find(corpus, None, None).source.corpus
        assert is_same(corpus, recorded)
        assert is_same(recorded, recorded)
        assert is_same("-", recorded)
        assert not is_same("other", recorded)
    recorded = find("books", None, None).source.corpus
    for same in ("./books", "books/", "books/../books", str(Path("books").absolute())):
        assert is_same(same, recorded), same
    assert not is_same("books", None)
