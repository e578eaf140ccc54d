"""`gen serve` as a process, as its user sees it."""

import http.client
import importlib.util
import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from gen import checkpoint
from gen.checkpoint import Model
from gen.config import ModelConfig
from gen.web import server as servers
from gen.web.server import ADDRESS
from tests.calling import assert_users_mistake, call, call_process
from tests.tiny import put_model, random_weights, tiny_model
from tests.web.process import gen_serve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put_model(tmp_path / "model.safetensors")
    return tmp_path


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


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, ""), (signal.SIGTERM, 143, "Ended.\n")]
)
def test_it_says_where_it_is_and_ends_quietly(folder: Path, number: int, code: int, word: str) -> None:
    with gen_serve(folder, "model.safetensors", "--port", "0") as started:
        assert started.address == f"http://127.0.0.1:{started.port}/"
        assert b"<title>gen</title>" in started.get("/")
        assert json.loads(started.get("/api/models"))["models"][0]["name"] == "model"
        # with a client that is connected and reads nothing
        with socket.create_connection((ADDRESS, started.port)):
            ended, out, err = started.end(number)
    assert (ended, out) == (code, "")
    assert err == f"Models: model. Ctrl-C ends.\n{word}"


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
    monkeypatch.setattr(checkpoint, "BUNDLED", tmp_path / "bundled")
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
