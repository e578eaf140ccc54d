"""The cache of what was read: shared, whole, and mended when it is damaged."""

import os
import sqlite3
from pathlib import Path

import pytest

from gen.corpus.piece_cache import PieceCache
from gen.errors import CorpusError


@pytest.fixture(autouse=True)
def cache_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "music.sqlite"


def test_what_is_put_is_there_at_once_and_later() -> None:
    with PieceCache() as cache:
        assert cache.get(b"a") is None
        assert not cache.has(b"a")
        cache.put(b"a", b"1")
        cache.put(b"a", b"2")
        assert cache.get(b"a") == b"2"
        assert cache.has(b"a")
    with PieceCache() as cache:
        assert cache.get(b"a") == b"2"
        assert cache.has(b"a")
        assert not cache.has(b"b")


def test_what_was_put_before_an_interruption_is_kept() -> None:
    with pytest.raises(KeyboardInterrupt), PieceCache() as cache:
        cache.put(b"a", b"1")
        raise KeyboardInterrupt
    with PieceCache() as cache:
        assert cache.get(b"a") == b"1"


def test_two_runs_share_it() -> None:
    with PieceCache() as one, PieceCache() as other:
        for number in range(20):
            one.put(b"one%d" % number, b"1")
            one.flush()
            other.put(b"other%d" % number, b"2")
            other.flush()
        assert one.get(b"other19") == b"2"
        assert other.get(b"one19") == b"1"


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\0" * 5000])
def test_a_file_that_is_no_database_is_replaced(content: bytes, cache_path: Path) -> None:
    cache_path.parent.mkdir()
    cache_path.write_bytes(content)
    with PieceCache() as cache:
        cache.put(b"a", b"1")
    with PieceCache() as cache:
        assert cache.get(b"a") == b"1"


def test_a_value_of_another_type_counts_as_none(cache_path: Path) -> None:
    with PieceCache():
        pass
    connection = sqlite3.connect(cache_path)
    with connection:
        connection.execute("INSERT INTO readings VALUES (?, 'text')", (b"a",))
    connection.close()
    with PieceCache() as cache:
        assert cache.get(b"a") is None


def test_a_cache_that_cannot_be_made_or_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_path: Path
) -> None:
    with PieceCache():
        pass
    monkeypatch.setattr("gen.corpus.piece_cache._WAIT_S", 0.05)
    blocking = sqlite3.connect(cache_path, isolation_level=None)
    blocking.execute("BEGIN EXCLUSIVE")
    with pytest.raises(CorpusError, match="locked") as caught:
        PieceCache()
    assert "GEN_CACHE" in caught.value.fix
    blocking.close()
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "cache", tmp_path / "file"):
        monkeypatch.setenv("GEN_CACHE", os.fspath(folder))
        with pytest.raises(CorpusError, match="cache folder"):
            PieceCache()
    (tmp_path / "taken" / "music.sqlite").mkdir(parents=True)
    monkeypatch.setenv("GEN_CACHE", os.fspath(tmp_path / "taken"))
    with pytest.raises(CorpusError, match="cache folder"):
        PieceCache()
