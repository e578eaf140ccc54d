"""What `--corpus` can say, and what is found there."""

import io
import os
import sys
from pathlib import Path

import pytest

from gen.corpus.locate import locate
from gen.corpus.text import iterate_text
from tests.corpus.places import names, put, refused

pytestmark = pytest.mark.usefixtures("empty_folder")


class Stdin(io.TextIOWrapper):
    def __init__(self, content: bytes, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(content))
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def test_a_file() -> None:
    put("books/moby dick, vol. 1.txt")
    located = locate("books/moby dick, vol. 1.txt")
    assert names(located.files) == ["books/moby dick, vol. 1.txt"]
    assert located.name == "moby-dick-vol.-1"
    assert (located.licence, located.validation, located.test, located.notes) == (None, None, None, ())


@pytest.mark.parametrize(
    ("file", "name"), [("…?.txt", "corpus"), ("日本語.txt", "日本語"), ("-x-", "x"), (".env", "env")]
)
def test_names_are_fit_for_files(file: str, name: str) -> None:
    put(file)
    assert locate(f"./{file}").name == name


def test_a_folder_is_read_through_and_through_in_order_without_hidden_things() -> None:
    for name in ["c/b.txt", "c/a.txt", "c/d/e/z", "c/d/y.md", "c/.hidden", "c/.git/config", "c/é.txt", "c/B"]:
        put(name)
    assert names(locate("c").files) == ["c/B", "c/a.txt", "c/b.txt", "c/é.txt", "c/d/y.md", "c/d/e/z"]
    assert locate("c").name == "c"
    assert locate("c").files == locate("c/").files
    assert locate(str(Path("c").absolute())).name == "c"


def test_the_current_folder_is_called_by_its_name(tmp_path: Path) -> None:
    put("a.txt")
    assert locate(".").name == tmp_path.name
    assert names(locate(".").files) == ["a.txt"]


@pytest.mark.parametrize("word", ["valid", "validation"])
def test_a_folder_already_split_is_used_as_it_is(word: str) -> None:
    for name in ["c/train/b/2", "c/train/1", f"c/{word}/v", "c/test/bad.mid", "c/README"]:
        put(name)
    located = locate("c")
    assert names(located.files) == ["c/train/1", "c/train/b/2"]
    assert names(located.validation) == [f"c/{word}/v"]
    assert located.test == Path("c/test")
    assert not located.refused
    assert any("already split" in note for note in located.notes)
    assert any("c/test is left alone" in note for note in located.notes)


def test_test_is_left_alone_in_a_folder_that_is_not_split_too() -> None:
    for name in ["c/train/1", "c/test/t", "c/other/test/2"]:
        put(name)
    located = locate("c")
    assert names(located.files) == ["c/other/test/2", "c/train/1"]
    assert located.validation is None
    put("d/test/only")
    assert "no files outside" in refused("d").problem


def test_a_split_folder_must_be_clear_and_whole() -> None:
    for name in ["c/train/1", "c/valid/1", "c/validation/1"]:
        put(name)
    assert "both" in refused("c").problem
    put("d/train/1")
    Path("d/valid").mkdir()
    assert "d/valid holds no files" in refused("d").problem
    put("e/valid/bad", b"\0")
    put("e/train/1")
    assert "e/valid/bad is not text" in refused("e").problem


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("c/*.txt", ["c/a.txt", "c/b.txt"]),
        ("c/[b-z].txt", ["c/b.txt"]),
        ("c/**/*.txt", ["c/a.txt", "c/b.txt", "c/d/a.txt", "c/d/e/a.txt"]),
        ("**/e/*", ["c/d/e/a.txt"]),
        ("c/**", ["c/a.txt", "c/b.txt", "c/n.md", "c/d/a.txt", "c/d/e/a.txt"]),
        ("c/*/a.txt", ["c/d/a.txt"]),
    ],
)
def test_a_glob(pattern: str, found: list[str]) -> None:
    for name in ["c/b.txt", "c/a.txt", "c/n.md", "c/d/a.txt", "c/d/e/a.txt", "c/.h.txt", "c/.g/a.txt"]:
        put(name)
    located = locate(pattern)
    assert names(located.files) == found
    assert locate(str(Path.cwd() / pattern)).files == tuple(Path.cwd() / name for name in found)


def test_a_glob_is_called_by_its_folder(tmp_path: Path) -> None:
    put("my books/a.txt")
    put("b.txt")
    assert locate("my books/*.txt").name == "my-books"
    assert locate("*.txt").name == tmp_path.name


@pytest.mark.parametrize("pattern", ["*.txt", "c/**/*.txt", "nowhere/*", "nowhere/**/x", "c*"])
def test_a_glob_that_matches_no_file(pattern: str) -> None:
    put("c/.hidden.txt")
    assert "matches no file" in refused(pattern).problem


def test_a_file_named_like_a_glob_is_a_file() -> None:
    put("what[1].txt")
    assert names(locate("what[1].txt").files) == ["what[1].txt"]


def test_standard_input_is_spooled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin("héllo\r\n".encode()))
    located = locate("-")
    assert located.name == "stdin"
    assert "".join(iterate_text(located.files)) == "héllo\n"
    assert located.files[0].is_relative_to(tmp_path / ".cache")
    monkeypatch.setattr(sys, "stdin", Stdin("héllo\r\n".encode()))
    assert locate("-").files == located.files
    assert len(list((tmp_path / ".cache/stdin").iterdir())) == 1


def test_standard_input_goes_where_nobody_can_have_put_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put(".cache/stdin/other").parent
    mine = put("mine.txt", "what I keep")
    for number in (os.getpid(), os.getppid()):
        (folder / f"{number}.txt").symlink_to(mine.resolve())
    monkeypatch.setattr(sys, "stdin", Stdin(b"abc"))
    locate("-")
    assert mine.read_text() == "what I keep"


def test_standard_input_must_bring_a_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(b""))
    assert refused("-").problem == "Standard input is empty"
    assert list((tmp_path / ".cache/stdin").iterdir()) == []
    monkeypatch.setattr(sys, "stdin", Stdin(b"abc", terminal=True))
    assert "nothing is piped" in refused("-").problem
    monkeypatch.setattr(sys, "stdin", None)
    assert "nothing is piped" in refused("-").problem
    monkeypatch.setattr(sys, "stdin", Stdin(b"\x89PNG\0\0"))
    assert "NUL byte at offset 4" in refused("-").problem
    monkeypatch.setattr(sys, "stdin", Stdin("a\n".encode("utf-16-le")))
    assert locate("-", "utf-16-le").files


def test_a_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEN_CACHE", str(put("file") / "cache"))
    monkeypatch.setattr(sys, "stdin", Stdin(b"abc"))
    assert "cache folder" in refused("-").problem
    assert "GEN_CACHE" in refused("python-docs").fix


def test_a_named_corpus() -> None:
    located = locate("python-docs")
    assert located.name == "python-docs"
    assert located.licence == "PSF-2.0"
    assert "assert" in next(iterate_text(located.files))


def test_a_path_wins_over_a_name_and_says_so() -> None:
    put("python-docs", "mine")
    located = locate("python-docs")
    assert names(located.files) == ["python-docs"]
    assert located.licence is None
    assert "not as the named corpus" in located.notes[0]


def test_a_name_that_is_nearly_right() -> None:
    assert refused("pyhton-docs").fix == "Did you mean python-docs?"
    assert refused("kingjames").fix == "Did you mean king-james?"


@pytest.mark.parametrize("spec", ["nowhere/at/all.txt", "", "x" * 5_000, "a\0b", "put/under/a/file"])
def test_nothing_there(spec: str) -> None:
    put("put")
    error = refused(spec)
    assert "no file, folder or named corpus" in error.problem
    assert "python-docs" in error.fix


def test_an_address_is_not_a_path() -> None:
    assert "Download it" in refused("https://example.org/book.txt").fix


def test_an_empty_file_and_an_empty_folder() -> None:
    put("empty.txt", b"")
    assert refused("empty.txt").problem == "empty.txt is empty"
    Path("c/d").mkdir(parents=True)
    put("c/.hidden")
    assert refused("c").problem == "c holds no files"
