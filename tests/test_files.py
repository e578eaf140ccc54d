import hashlib
import os
import stat
import sys
from pathlib import Path

import pytest

from gen.files import (
    CHUNK_BYTES,
    cache_folder,
    iterate_chunks,
    remove_abandoned,
    replacing,
    sha256_of_file,
    unusable_cache,
    write_atomically,
)


def test_what_was_written_is_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "made" / "on the way" / "file.bin"
    write_atomically(path, b"first")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert [found.name for found in path.parent.iterdir()] == ["file.bin"]


@pytest.mark.parametrize("there_before", [False, True])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old_file_and_no_temporary_one(
    tmp_path: Path, there_before: bool, error: type[BaseException]
) -> None:
    path = tmp_path / "file"
    if there_before:
        path.write_bytes(b"old")
    with pytest.raises(error), replacing(path) as temporary:
        temporary.write_bytes(b"half of the new o")
        raise error
    assert [found.read_bytes() for found in tmp_path.iterdir()] == ([b"old"] if there_before else [])


def test_until_the_end_a_reader_sees_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
        assert temporary.parent == path.parent
    assert path.read_bytes() == b"new"


def test_a_folder_in_the_files_place_is_an_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        write_atomically(tmp_path / "taken", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
@pytest.mark.parametrize("by_link", [False, True])
def test_what_is_no_file_is_never_replaced_by_one(tmp_path: Path, by_link: bool) -> None:
    place = tmp_path / "pipe.txt"
    os.mkfifo(place)
    if by_link:
        place.rename(tmp_path / "pipe")
        place.symlink_to(tmp_path / "pipe")
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(OSError, match="no regular file"), replacing(place):
        pytest.fail("nothing is to be written")
    assert stat.S_ISFIFO(place.stat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_file_where_a_folder_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(OSError):
        write_atomically(tmp_path / "file" / "below", b"content")


def test_two_writers_at_once_do_not_share_a_temporary_file(tmp_path: Path) -> None:
    with replacing(tmp_path / "file") as first, replacing(tmp_path / "file") as second:
        first.write_bytes(b"first")
        second.write_bytes(b"second")
    assert (tmp_path / "file").read_bytes() == b"first"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 3])
def test_a_file_in_chunks_is_the_file_and_has_its_hash(tmp_path: Path, size: int) -> None:
    content = (b"0123456789" * (size // 10 + 1))[:size]
    path = tmp_path / "file"
    path.write_bytes(content)
    with path.open("rb") as file:
        chunks = list(iterate_chunks(file))
    assert b"".join(chunks) == content
    assert all(1 <= len(chunk) <= CHUNK_BYTES for chunk in chunks)
    assert sha256_of_file(path) == hashlib.sha256(content).hexdigest()


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEN_CACHE", "/somewhere/else")
    assert cache_folder() == Path("/somewhere/else")
    monkeypatch.setenv("GEN_CACHE", "")
    assert cache_folder() == Path("corpora/.cache")
    monkeypatch.delenv("GEN_CACHE")
    assert cache_folder() == Path("corpora/.cache")


@pytest.mark.parametrize(
    ("error", "said"),
    [(OSError(28, "No space left on device"), "No space left on device"), (OSError("odd"), "odd")],
)
def test_a_cache_that_cannot_be_used_is_named(
    error: OSError, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEN_CACHE", "/somewhere/else")
    told = unusable_cache(error)
    assert told.problem == f"The cache folder /somewhere/else cannot be used: {said}"
    assert "GEN_CACHE" in told.fix


@pytest.mark.skipif(os.name == "nt", reason="modes are those of POSIX")
def test_who_might_not_read_a_file_may_not_read_the_new_one_and_a_link_stays(tmp_path: Path) -> None:
    secret, link = tmp_path / "secret.txt", tmp_path / "link.txt"
    secret.write_text("old")
    secret.chmod(0o600)
    link.symlink_to(secret)
    write_atomically(link, b"new")
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == ("new", 0o600)
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.txt", "secret.txt"]


def test_only_what_was_abandoned_long_ago_is_removed(tmp_path: Path) -> None:
    names = (".old.txt.0123456789abcdef.tmp", ".new.txt.0123456789abcdef.tmp", "old.tmp", ".old.tmp")
    for name in names:
        (tmp_path / name).write_text("half")
        if "old" in name:
            os.utime(tmp_path / name, (0, 0))
    remove_abandoned(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(names[1:])
    remove_abandoned(tmp_path / "missing")
