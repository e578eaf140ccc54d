"""Many clients at once, slow ones, and ones that leave."""

import asyncio
import http.client
import json
import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gen.score import Score
from gen.web import answers, app, texts, tunes
from gen.web import queue as queues
from gen.web import server as servers
from gen.web.app import Bounds
from gen.web.server import ADDRESS
from gen.writing.music_prompt import sayable_ids
from tests.tiny import put_model
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
        found = asyncio.run(ask_at_once(server, AT_ONCE, 120))
        counts = Counter(status for status, _ in found)
        assert sum(counts.values()) == AT_ONCE
        assert counts.keys() <= {200, 503}
        assert counts[200] >= room
        assert counts[503] <= AT_ONCE - room
        assert all(is_whole(body, 120) for status, body in found if status == 200)
        assert all(json.loads(body).keys() == {"problem", "fix"} for status, body in found if status == 503)
        assert len({body for status, body in found if status == 200}) == counts[200]  # a seed, a text
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


@pytest.mark.parametrize("length", [1_000, 20_000])  # all of it made, and still being made
def test_a_client_that_never_reads_loses_its_connection(
    models: list[Path], monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr(answers, "LONGEST_REST_S", 0.2)
    monkeypatch.setattr(queues, "LONGEST_REST_S", 0.2)
    monkeypatch.setattr(servers, "_UNSENT_BYTES", 1 << 12)
    with serving(models, Bounds(1, 8, 20)) as server:
        connections = server.server.server_state.connections
        with server.begin(WRITE, {"length": length, "count": 16}, receive_bytes=1 << 12) as slow:
            wait_until(lambda: len(connections) == 1)
            wait_until(lambda: len(connections) == 0)
            wait_until(lambda: len(server.site.writing) == 0)
            read = b"".join(iter(lambda: slow.recv(1 << 16), b""))
        assert read
        assert b'"done"' not in read


def test_a_client_that_leaves_frees_its_place(models: list[Path]) -> None:
    with serving(models, Bounds(1, 1, 4)) as server:
        for _ in range(3):
            clients = [server.begin(WRITE, {"length": 20_000, "seed": seed}) for seed in range(4)]
            clients[0].recv(1)
            for client in clients:
                client.close()
            wait_until(lambda: len(server.site.writing) == 0)
        assert server.post(WRITE, {"length": 3}).status == 200


def test_music_that_is_too_long_does_not_hold_up_a_short_request(
    models: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []

    def encode(score: Score, *others: Any) -> Any:
        encoded.append(len(score.notes))
        return sayable_ids(score, *others)

    monkeypatch.setattr(tunes, "sayable_ids", encode)
    notes = [[4 * place, 3, 60 + place % 3, 72, 0] for place in range(100_000)]
    with serving(models, Bounds(1, 4, 20)) as server:
        asked = {"bars": 1, "prompt": {"parts": [{}], "notes": notes}}
        long = [server.begin("/api/models/tunes/music", asked) for _ in range(4)]
        assert is_whole(server.post(WRITE, {"length": 20}).body, 20)
        for client in long:
            assert json.loads(body_of(client))["problem"].startswith("The prompt is 100,000 notes long")
            client.close()
    assert encoded == []


def test_a_long_prompt_does_not_hold_up_a_short_request(models: list[Path]) -> None:
    with serving(models, Bounds(1, 4, 20)) as server:
        long = server.begin(WRITE, {"prompt": "the fox " * 2500, "length": 1})
        assert len(server.post(WRITE, {"length": 20}).lines()) > 1
        assert is_whole(body_of(long), 1)
        long.close()


def test_uploads_that_never_end_take_bounded_memory(
    models: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "MOST_ARRIVING_BYTES", 1 << 20)
    head = (
        f"POST /api/music/read?ending=mid HTTP/1.1\r\nHost: {ADDRESS}\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {1 << 20}\r\n\r\n"
    ).encode()
    with serving(models) as server, ExitStack() as clients:
        unfinished = []
        for _ in range(2):
            client = clients.enter_context(socket.create_connection((ADDRESS, server.port), timeout=60))
            client.sendall(head + bytes(600 << 10))
            unfinished.append(client)
        readable, _, _ = select.select(unfinished, [], [], 60)
        (refused,) = readable
        answer = http.client.HTTPResponse(refused)
        answer.begin()
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert server.post(WRITE, {"length": 3}).status == 200
        refused.close()
        # what has been refused leaves its room to others
        (waiting,) = set(unfinished) - {refused}
        waiting.sendall(bytes((1 << 20) - (600 << 10)))
        answer = http.client.HTTPResponse(waiting)
        answer.begin()
        assert answer.status == 400  # it is no music


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
