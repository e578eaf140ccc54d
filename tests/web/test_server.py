"""Many clients at once, slow ones, and ones that leave; and the process as its user sees it."""

import asyncio
import http.client
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gen.checkpoint import Model
from gen.config import ModelConfig
from gen.web import queue as queues
from gen.web import server as servers
from gen.web import texts
from gen.web.app import Bounds
from gen.web.server import ADDRESS
from tests.calling import assert_users_mistake, call, call_process
from tests.tiny import put_model, random_weights, tiny_model
from tests.web.serving import Server, serving

WRITE = "/api/models/letters/text"
AT_ONCE = 300


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(1500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came true")


async def ask_at_once(server: Server, number: int, length: int) -> list[tuple[int, bytes]]:
    """The status and the body of so many answers, all asked for before any is read."""

    async def one(seed: int) -> tuple[int, bytes]:
        reader, writer = await asyncio.open_connection(ADDRESS, server.port)
        body = json.dumps({"length": length, "seed": seed}).encode()
        writer.write(
            f"POST {WRITE} HTTP/1.1\r\nHost: {ADDRESS}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        rest = await reader.read()
        writer.close()
        if "chunked" in head.lower():
            rest = unchunked(rest)
        return int(head.split()[1]), rest

    return await asyncio.gather(*map(one, range(number)))


def unchunked(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        parts.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    return b"".join(parts)


def body_of(client: socket.socket) -> bytes:
    """What a request that `begin` sent brings."""
    answer = http.client.HTTPResponse(client)
    answer.begin()
    return answer.read()


def is_whole(body: bytes, length: int) -> bool:
    lines = [json.loads(line) for line in body.splitlines()]
    text = "".join(line.get("text", "") for line in lines)
    return len(text) == length and lines[-1] == {"done": {"characters": [length]}}


@pytest.mark.parametrize("room", [AT_ONCE, 100])
def test_of_three_hundred_at_once_each_is_answered_whole_or_told_to_wait(
    models: list[Path], room: int
) -> None:
    with serving(models, Bounds(2, 8, room)) as server:
        answers = asyncio.run(ask_at_once(server, AT_ONCE, 120))
        counts = Counter(status for status, _ in answers)
        assert sum(counts.values()) == AT_ONCE
        assert counts.keys() <= {200, 503}
        assert counts[200] >= room
        assert counts[503] <= AT_ONCE - room
        assert all(is_whole(body, 120) for status, body in answers if status == 200)
        assert all(json.loads(body).keys() == {"problem", "fix"} for status, body in answers if status == 503)
        assert len({body for status, body in answers if status == 200}) == counts[200]  # a seed, a text
        wait_until(lambda: len(server.site.writing) == 0)


def test_where_there_is_no_room_it_is_said_when_to_try_again(models: list[Path]) -> None:
    with serving(models, Bounds(1, 1, 1)) as server:
        first = server.begin(WRITE, {"length": 20_000}, receive_bytes=4096)
        first.recv(1)
        answer = server.post(WRITE, {"length": 1})
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        first.close()
        wait_until(lambda: len(server.site.writing) == 0)
        assert server.post(WRITE, {"length": 1}).status == 200


def test_a_client_that_does_not_read_does_not_stop_another(
    models: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    # so that a little text fills all that lies between
    monkeypatch.setattr(queues, "MOST_UNREAD_BYTES", 1 << 13)
    monkeypatch.setattr(servers, "_UNSENT_BYTES", 1 << 13)
    with serving(models, Bounds(1, 8, 20)) as server:
        asked = {"length": 5_000, "count": 8}
        slow = [server.begin(WRITE, asked, receive_bytes=1 << 13) for _ in range(5)]
        for _ in range(3):
            assert len(server.post(WRITE, {"length": 500}).lines()) > 10
        wait_until(lambda: sum(answer.must_rest for answer in server.site.writing._all) == 5)
        # what is not read waits, and is whole when it is read at last
        lines = body_of(slow[0]).splitlines()
        assert json.loads(lines[-1]) == {"done": {"characters": [5_000] * 8}}
        assert sum(len(json.loads(line).get("text", "")) for line in lines) == 40_000
        for client in slow:
            client.close()
        wait_until(lambda: len(server.site.writing) == 0)


def test_a_client_that_leaves_frees_its_place(models: list[Path]) -> None:
    with serving(models, Bounds(1, 1, 4)) as server:
        for _ in range(3):
            clients = [server.begin(WRITE, {"length": 20_000, "seed": seed}) for seed in range(4)]
            clients[0].recv(1)
            for client in clients:
                client.close()
            wait_until(lambda: len(server.site.writing) == 0)
        assert server.post(WRITE, {"length": 3}).status == 200


def test_a_long_prompt_does_not_hold_up_a_short_request(models: list[Path]) -> None:
    with serving(models, Bounds(1, 4, 20)) as server:
        long = server.begin(WRITE, {"prompt": "the fox " * 2500, "length": 1})
        assert len(server.post(WRITE, {"length": 20}).lines()) > 1
        assert is_whole(body_of(long), 1)
        long.close()


def test_the_server_ends_while_it_writes(models: list[Path]) -> None:
    with serving(models, Bounds(1, 2, 20)) as server:
        clients = [server.begin(WRITE, {"length": 20_000, "seed": seed}) for seed in range(6)]
        clients[0].recv(1)
    for client in clients:
        client.close()


def test_a_model_that_is_damaged_meanwhile_is_said_to_be(tmp_path: Path) -> None:
    path = put_model(tmp_path / "letters")
    with serving([path]) as server:
        assert server.post(WRITE, {"length": 1}).status == 200
        path.write_bytes(path.read_bytes()[:-1])
        answer = server.post(WRITE, {"length": 1})
        assert answer.status == 500
        assert answer.json()["fix"]


def test_a_mistake_of_ours_costs_one_answer_and_is_told_in_the_terminal(
    models: list[Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Iterator[list[str]]:
        raise ZeroDivisionError("one of ours")

    with serving(models) as server:
        with monkeypatch.context() as patched:
            patched.setattr(texts, "write_text", broken)
            answer = server.post(WRITE, {"length": 1})
        assert (answer.status, answer.json().keys()) == (500, {"problem", "fix"})
        wait_until(lambda: "one of ours" in caplog.text)  # the client knows before
        assert server.post(WRITE, {"length": 1}).status == 200
        assert len(server.site.writing) == 0


class Process:
    """`gen serve` as a process, and where it says that it is."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gen", "serve", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()

    @property
    def port(self) -> int:
        return int(self.address.rstrip("/").rpartition(":")[2])

    def get(self, path: str) -> Any:
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=30)
        connection.request("GET", path)
        body = connection.getresponse().read()
        connection.close()
        return body

    def end(self, number: int) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@contextmanager
def gen_serve(folder: Path, *arguments: str) -> Iterator[Process]:
    started = Process(folder, *arguments)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.process.kill()
            started.process.communicate()


def test_it_writes_what_gen_sample_writes_with_as_many_threads(tmp_path: Path) -> None:
    letters = tiny_model()
    config = ModelConfig(
        len(letters.tokenizer["tokens"]), 32, 256, 2
    )  # large enough for products to be split
    model = Model("text", config, letters.tokenizer, random_weights(config, scale=0.1))
    path = put_model(tmp_path / "model.safetensors", model)
    written = call_process("sample", path, "--length", "400", OPENBLAS_NUM_THREADS="1").out
    with gen_serve(tmp_path, "model.safetensors", "--port", "0") as started:
        connection = http.client.HTTPConnection(ADDRESS, started.port, timeout=60)
        body = json.dumps({"length": 400})
        connection.request("POST", "/api/models/model/text", body, {"Content-Type": "application/json"})
        lines = [json.loads(line) for line in connection.getresponse().read().splitlines()]
        connection.close()
    assert "".join(line.get("text", "") for line in lines) == written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put_model(tmp_path / "model.safetensors")
    return tmp_path


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_it_says_where_it_is_and_ends_quietly(folder: Path, number: int, code: int) -> None:
    with gen_serve(folder, "model.safetensors", "--port", "0") as started:
        assert started.address == f"http://127.0.0.1:{started.port}/"
        assert b"<title>gen</title>" in started.get("/")
        assert json.loads(started.get("/api/models"))["models"][0]["name"] == "model"
        # with a client that is connected and reads nothing
        with socket.create_connection((ADDRESS, started.port)):
            ended, out, err = started.end(number)
    assert (ended, out) == (code, "")
    assert err == "Models: model. Ctrl-C ends.\n"


@pytest.mark.parametrize("opens", [True, False])
def test_it_opens_the_browser_where_it_is_asked_to(
    models: list[Path], monkeypatch: pytest.MonkeyPatch, opens: bool
) -> None:
    class Fake:
        def __init__(self, _site: object, started: Callable[[], None]) -> None:
            self.started = started

        def run(self, sockets: list[socket.socket]) -> None:
            self.started()

    opened: list[str] = []
    shown: list[str] = []
    told: list[str] = []

    def open_browser(address: str) -> bool:
        opened.append(address)
        return opens

    monkeypatch.setattr(servers, "make_server", Fake)
    monkeypatch.setattr("webbrowser.open", open_browser)
    for asked in (True, False):
        servers.serve(models, 0, open_browser=asked, show=shown.append, tell=told.append)
    assert opened == shown[:1]
    assert told[0].startswith("Models: letters, tunes, spelling.")
    assert any("no browser" in line for line in told) != opens


def test_only_this_machine_can_reach_it(folder: Path) -> None:
    with gen_serve(folder, "model.safetensors", "--port", "0") as started:
        assert started.get("/")
        with socket.socket() as other:  # another address of this machine, as other machines use
            other.settimeout(5)
            assert other.connect_ex(("127.0.0.2", started.port)) != 0


def test_without_a_port_it_takes_the_next_that_is_free(folder: Path) -> None:
    with gen_serve(folder, "model.safetensors") as first, gen_serve(folder, "model.safetensors") as second:
        assert 8000 <= first.port < second.port < 8100


def test_a_port_that_is_taken_is_the_users_mistake(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = call(capsys, "serve", "model.safetensors", "--port", str(port))
        assert_users_mistake(outcome, f"Port {port}")


def test_without_a_model_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_users_mistake(call(capsys, "serve"), "no trained model")
    (tmp_path / "bad").write_bytes(b"bad")
    assert_users_mistake(call(capsys, "serve", "bad"), "bad")


def test_without_its_libraries_it_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    find = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> object:
        return None if name in ("uvicorn", "starlette") else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    outcome = call(capsys, "serve", "model.safetensors")
    assert_users_mistake(outcome, "starlette and uvicorn")
    assert "pip install starlette uvicorn" in outcome.err
