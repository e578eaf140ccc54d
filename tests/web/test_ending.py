"""`gen serve` ends when it is told to, in time and in silence, whatever it is at."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gen.web.server import ADDRESS
from tests.calling import skip_if_ignored
from tests.tiny import put_model
from tests.tunes import tune_model
from tests.web.process import gen_serve

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
SIGNALS = [(signal.SIGINT, 130, ""), (signal.SIGTERM, 143, "Ended.\n")]
if hasattr(signal, "SIGHUP"):
    SIGNALS.append((signal.SIGHUP, 129, "Ended.\n"))


def send(port: int, path: str, value: Any, sent_bytes: int | None = None) -> socket.socket:
    """A request, or the beginning of one."""
    client = socket.create_connection((ADDRESS, port), timeout=60)
    body = json.dumps(value).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {ADDRESS}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    client.sendall(head.encode() + body[:sent_bytes])
    return client


def wait_until(condition: Callable[[], object]) -> None:
    for _ in range(1500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came true")


@pytest.mark.parametrize(("number", "code", "word"), SIGNALS)
def test_it_ends_quietly_while_it_writes(tmp_path: Path, number: int, code: int, word: str) -> None:
    skip_if_ignored(number)
    put_model(tmp_path / "model.safetensors")
    text = "/api/models/model/text"
    with gen_serve(tmp_path, "model.safetensors", "--port", "0") as started:
        # more than there are places, none of whom reads on, and one who has not sent all
        clients = [send(started.port, text, {"length": 20_000, "count": 16, "seed": n}) for n in range(24)]
        clients.append(send(started.port, text, {"length": 20_000}, sent_bytes=3))
        for client in clients[:4]:
            assert client.recv(12) == b"HTTP/1.1 200"
        ended, out, err = started.end(number)
        for client in clients:
            client.close()
    assert (ended, out) == (code, "")
    assert err == f"Models: model. Ctrl-C ends.\n{word}"


@pytest.mark.parametrize(("number", "code", "word"), SIGNALS)
def test_it_ends_while_a_file_is_made_and_leaves_nothing(
    tmp_path: Path, number: int, code: int, word: str
) -> None:
    skip_if_ignored(number)
    put_model(tmp_path / "model.safetensors", tune_model())
    made_in = tmp_path / "made"
    made_in.mkdir()
    # minutes of work in one go
    notes = [[3 * place, 1, 60 + part, 72, part] for place in range(3000) for part in range(30)]
    music = {"parts": [{"program": part} for part in range(30)], "notes": notes, "metres": [[0, 1, 32]]}
    with (
        gen_serve(tmp_path, "model.safetensors", "--port", "0", TMPDIR=str(made_in)) as started,
        send(started.port, "/api/music/musicxml", music),
    ):
        wait_until(lambda: list(made_in.glob("gen-*")))
        ended, out, err = started.end(number)
    assert (ended, out) == (code, "")
    assert err == f"Models: model. Ctrl-C ends.\n{word}"
    assert list(made_in.glob("gen-*")) == []
