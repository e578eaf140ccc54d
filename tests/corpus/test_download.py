"""Downloading, against a server on this machine."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gen.corpus.download import download
from gen.errors import CorpusError

CONTENT = b"To be, or not to be. " * 20_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.close_connection = True
        match self.path:
            case "/text.txt" | "/lengthless.txt":
                self.send_response(200)
                if self.path == "/text.txt":
                    self.send_header("Content-Length", str(len(CONTENT)))
                self.end_headers()
                self.wfile.write(CONTENT)
            case "/short.txt":
                self.send_response(200)
                self.send_header("Content-Length", str(len(CONTENT)))
                self.end_headers()
                self.wfile.write(CONTENT[:1000])
            case "/silent":
                self.connection.shutdown(socket.SHUT_RDWR)
            case "/chunked":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"5\r\nabcde\r\nff\r\nxyz")
            case "/slow":
                self.send_response(200)
                self.send_header("Content-Length", "10")
                self.end_headers()
                self.server.released.wait(10)  # type: ignore[attr-defined]
            case "/nothing":
                self.send_response(204)
                self.end_headers()
            case path if path.startswith("/to/"):
                self.send_response(302)
                self.send_header("Location", path.removeprefix("/to/"))
                self.end_headers()
            case _:
                self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.released = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.released.set()  # type: ignore[attr-defined]
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "named/text.txt"


def fetch(url: str, path: Path, sha256: str = SHA256, max_bytes: int = len(CONTENT)) -> None:
    download(url, path, sha256=sha256, max_bytes=max_bytes, instead="Do this instead.", timeout_s=5)


def failure(url: str, path: Path, sha256: str = SHA256, max_bytes: int = len(CONTENT)) -> str:
    with pytest.raises(CorpusError) as caught:
        fetch(url, path, sha256, max_bytes)
    assert caught.value.fix == "Do this instead."
    assert "\n" not in caught.value.problem
    assert not path.parent.exists() or list(path.parent.iterdir()) == []
    return caught.value.problem


def closed_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@pytest.mark.parametrize("name", ["text.txt", "lengthless.txt"])
def test_a_file_arrives_whole(
    server: str, target: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch(f"{server}/{name}", target)
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]
    shown = capsys.readouterr()
    assert name in shown.err
    assert shown.out == ""


def test_a_file_replaces_another_only_when_it_is_right(server: str, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"old")
    with pytest.raises(CorpusError):
        fetch(f"{server}/text.txt", target, sha256="0" * 64)
    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]
    fetch(f"{server}/text.txt", target)
    assert target.read_bytes() == CONTENT


def test_a_wrong_content_leaves_nothing(server: str, target: Path) -> None:
    assert SHA256 in failure(f"{server}/text.txt", target, sha256="0" * 64)


@pytest.mark.parametrize("name", ["text.txt", "lengthless.txt"])
def test_a_file_too_big_leaves_nothing(server: str, target: Path, name: str) -> None:
    assert "larger than" in failure(f"{server}/{name}", target, max_bytes=len(CONTENT) - 1)


def test_a_status_is_named(server: str, target: Path) -> None:
    assert "404" in failure(f"{server}/gone.txt", target)
    assert "204" in failure(f"{server}/nothing", target)


def test_a_server_that_ends_early(server: str, target: Path) -> None:
    assert f"ended early, after 1000 of {len(CONTENT)} bytes" in failure(f"{server}/short.txt", target)
    assert "cannot be downloaded" in failure(f"{server}/chunked", target)
    assert "cannot be downloaded" in failure(f"{server}/silent", target)


def test_a_server_that_falls_silent(server: str, target: Path) -> None:
    with pytest.raises(CorpusError, match="timed out"):
        download(f"{server}/slow", target, sha256=SHA256, max_bytes=99, instead="-", timeout_s=0.05)


def test_a_refused_connection_and_an_unknown_host(target: Path) -> None:
    assert "refused" in failure(f"http://127.0.0.1:{closed_port()}/x", target)
    assert "cannot be downloaded" in failure(f"https://127.0.0.1:{closed_port()}/x", target)


def test_a_server_that_does_not_encrypt_is_no_https_server(server: str, target: Path) -> None:
    assert "cannot be downloaded" in failure(server.replace("http:", "https:") + "/text.txt", target)


def test_only_encrypted_addresses(target: Path) -> None:
    for url in [
        "http://example.org/x",
        "ftp://localhost/x",
        "file:///etc/hostname",
        "x",
        "http://localhost.org/",
    ]:
        assert "is not an https address" in failure(url, target)


def test_redirections_lead_to_encrypted_addresses_only(server: str, target: Path) -> None:
    assert "redirects to" in failure(f"{server}/to/{server}/text.txt", target)
    assert "redirects to" in failure(f"{server}/to/ftp://127.0.0.1/text.txt", target)
    assert "cannot be downloaded" in failure(f"{server}/to/file:///etc/hostname", target)
    followed = failure(f"{server}/to/https://127.0.0.1:{closed_port()}/text.txt", target)
    assert "redirects" not in followed
    assert "refused" in followed


def test_a_disk_that_is_full_is_no_network_fault(server: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        fetch(f"{server}/text.txt", tmp_path / "file/text.txt")
