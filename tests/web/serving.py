"""A server of ours in a thread of this process, and clients that speak to it over real sockets."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn

from gen.web.app import Bounds, Site, make_site
from gen.web.models import Models
from gen.web.server import ADDRESS, listening, make_server

JSON = {"Content-Type": "application/json"}


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def lines(self) -> list[Any]:
        assert self.status == 200, self.body
        return [json.loads(line) for line in self.body.splitlines()]


class Server:
    """A server that answers.

    Attributes:
        port: Where.
        site: What stands behind it.
        server: What listens.
    """

    def __init__(self, port: int, site: Site, server: uvicorn.Server) -> None:
        self.port = port
        self.site = site
        self.server = server

    @property
    def address(self) -> str:
        return f"http://{ADDRESS}:{self.port}"

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def post(self, path: str, value: Any, **headers: str) -> Answer:
        return self.ask("POST", path, json.dumps(value).encode(), {**JSON, **headers})

    def begin(self, path: str, value: Any, receive_bytes: int | None = None) -> socket.socket:
        """A request that has been sent, and of whose answer nothing has been read."""
        client = socket.socket()
        if receive_bytes is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.settimeout(60)
        client.connect((ADDRESS, self.port))
        body = json.dumps(value).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {ADDRESS}:{self.port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        client.sendall(head.encode() + body)
        return client

    def raw(self, request: bytes) -> bytes:
        """All that comes back for any bytes, until the server closes or has nothing more to say."""
        with socket.create_connection((ADDRESS, self.port), timeout=20) as client:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: client.recv(1 << 16), b""))


@contextmanager
def serving(places: Sequence[Path], bounds: Bounds | None = None) -> Iterator[Server]:
    """A server with these models."""
    site = make_site(Models(places, lambda _line: None), bounds or Bounds(2, 8))
    has_begun = threading.Event()
    server = make_server(site, has_begun.set)
    with listening(0) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert has_begun.wait(20)
            yield Server(port, site, server)
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()
