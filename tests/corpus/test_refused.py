"""What lies where `--corpus` points and is no text: each a clear error, none of them opened in vain."""

import os
import socket
from pathlib import Path
from typing import IO

import pytest

from gen.corpus.locate import find, locate
from tests.corpus.places import names, put, refused

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_pipes_sockets_and_devices_are_never_opened() -> None:
    os.mkfifo("pipe")
    assert "pipe is a pipe (FIFO)" in refused("pipe").problem
    assert "--corpus -" in refused("pipe").fix
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert "is a socket" in refused("socket").problem
        assert "is a device" in refused("/dev/zero").problem
        put("c/a.txt")
        os.mkfifo("c/b")
        error = refused("c")
        assert "c holds 1 file of text and 1 that cannot be used: c/b is a pipe" in error.problem


def test_dangling_and_circular_links() -> None:
    Path("dangling").symlink_to("gone")
    assert refused("dangling").problem == "dangling is a link to nothing"
    Path("round").symlink_to("round")
    assert "round cannot be read" in refused("round").problem
    put("c/a.txt")
    Path("c/dangling").symlink_to("gone")
    Path("c/round").symlink_to("round")
    assert (
        "1 file of text and 2 that cannot be used: c/dangling is a link to nothing, " in refused("c").problem
    )


def test_a_link_back_to_its_own_folder_is_an_error_and_does_not_go_round() -> None:
    put("c/d/a.txt")
    Path("c/d/up").symlink_to("..")
    assert "c/d/up leads back to c, which it is in" in refused("c").problem
    assert names(find("c").files) == ["c/d/a.txt"]
    assert names(find("c/**/*.txt").files) == ["c/d/a.txt"]


def test_two_folders_linked_to_each_other() -> None:
    put("c/a/1.txt")
    put("c/b/2.txt")
    Path("c/a/b").symlink_to("../b")
    Path("c/b/a").symlink_to("../a")
    found = find("c")
    assert names(found.files) == ["c/a/1.txt", "c/a/b/2.txt"]
    assert [bad.path.as_posix() for bad in found.refused] == ["c/a/b/a"]


def test_a_folder_linked_a_second_time_is_read_once_and_noted() -> None:
    put("c/a/1.txt")
    Path("c/b").symlink_to("a")
    located = locate("c")
    assert names(located.files) == ["c/a/1.txt"]
    assert "c/b is the same folder as c/a" in located.notes[0]


def test_what_the_system_will_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    put("secret.txt")

    def denied(self: Path, *_: object, **__: object) -> IO[bytes]:
        raise PermissionError(13, "Permission denied", str(self))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", denied)
        error = refused("secret.txt")
        assert error.problem == "secret.txt cannot be read: Permission denied"
        assert "permissions" in error.fix
    put("c/a.txt")
    monkeypatch.setattr(os, "scandir", denied)
    assert refused("c").problem == "c cannot be read: Permission denied"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_files_and_folders_without_permission() -> None:
    put("locked/a.txt")
    put("secret.txt").chmod(0)
    Path("locked").chmod(0)
    try:
        assert "Permission denied" in refused("secret.txt").problem
        assert "Permission denied" in refused("locked").problem
        assert "Permission denied" in refused("locked/a.txt").problem
    finally:
        Path("locked").chmod(0o700)


def test_xml_without_notes_is_text() -> None:
    put("a.xml", "<p>score-partwise</p>")
    assert locate("a.xml").files


def test_a_mixed_folder_is_an_error_with_counts_and_first_names() -> None:
    for number in range(3):
        put(f"c/{number}.txt")
    for number in range(5):
        put(f"c/{number}.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    error = refused("c")
    assert error.problem.startswith("c holds 3 files of text and 5 that cannot be used: c/0.png is not text")
    assert "c/2.png" in error.problem
    assert "c/3.png" not in error.problem
    assert error.problem.endswith(", and 2 more")
    assert "glob" in error.fix
    found = find("c")
    assert (len(found.files), len(found.refused)) == (3, 5)


def test_wide_encodings_may_hold_nul_bytes() -> None:
    put("mark.txt", "text".encode("utf-16"))
    assert locate("mark.txt").files
    put("le.txt", "text".encode("utf-16-le"))
    assert "NUL byte at offset 1" in refused("le.txt").problem
    assert "--encoding utf-16-le" in refused("le.txt").fix
    assert locate("le.txt", "utf-16-le").files
    assert "NUL byte" in refused("le.txt", "latin-1").problem
    assert "no encoding" in refused("le.txt", "utf-61").problem
