"""Other sites get nothing, and nothing that is sent is larger than it may be."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from gen.web.asking import MOST_BODY_BYTES
from gen.web.guard import refusal
from gen.web.server import ADDRESS
from tests.web.serving import JSON, Server

HERE = ("127.0.0.1", "localhost", "[::1]")
latin = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40)
near_hosts = st.one_of(
    latin,
    st.sampled_from(
        [
            *(
                "evil.example",
                "127.0.0.1.evil.example",
                "evil.example:8000",
                "127.0.0.1@evil.example",
                "0.0.0.0",
            ),
            *(
                "localhost.",
                "localhost.evil.example",
                "127.0.0.1:8000:8000",
                "127.0.0.1:",
                "127.0.0.1:x",
                "::1",
            ),
            *("127.1", "2130706433", "0177.0.0.1", "127.0.0.2", "[::ffff:127.0.0.1]", "xlocalhost", "", "*"),
            *("127.0.0.1\x85", "127.0.0.1:\u00b2", "localhost:123456"),
        ]
    ),
)


def headers(**named: str) -> Headers:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in named.items()]
    return Headers(raw=raw)


@given(near_hosts)
def test_only_this_machines_own_names_pass(host: str) -> None:
    name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "0")
    is_here = name.lower() in HERE and re.fullmatch("[0-9]{1,5}", port) is not None
    assert (refusal(headers(host=host), "GET") is None) == is_here


@given(
    st.sampled_from(HERE), st.integers(0, 65535), st.one_of(near_hosts, st.sampled_from(["null", "file://"]))
)
def test_only_the_pages_own_origin_passes(name: str, port: int, origin: str) -> None:
    host = f"{name}:{port}"
    assert refusal(headers(host=host, origin=f"http://{host}"), "POST") is None
    for other in (
        origin,
        f"http://{origin}",
        f"https://{host}",
        f"http://{host}x",
        f"http://{name}:{port + 1}",
    ):
        why = refusal(headers(host=host, origin=other), "POST")
        assert why is not None
        assert why.status == 403


def test_two_hosts_or_none_are_refused() -> None:
    twice = Headers(raw=[(b"host", b"localhost"), (b"host", b"localhost")])
    assert refusal(twice, "GET") is not None
    assert refusal(Headers(raw=[]), "GET") is not None


@pytest.mark.parametrize(
    ("site", "mode", "method", "passes"),
    [
        ("same-origin", "cors", "POST", True),
        ("none", "navigate", "GET", True),
        ("cross-site", "navigate", "GET", True),
        ("cross-site", "no-cors", "GET", False),
        ("same-site", "cors", "GET", False),
        ("cross-site", "navigate", "POST", False),
        ("anything", "cors", "GET", False),
    ],
)
def test_what_the_browser_says_of_where_a_request_comes_from_is_heeded(
    site: str, mode: str, method: str, passes: bool
) -> None:
    said = headers(host="localhost", sec_fetch_site=site, sec_fetch_mode=mode)
    assert (refusal(said, method) is None) == passes


@pytest.mark.parametrize(
    "path",
    ["/", "/api", "/api/models", "/files/page.css", "/nowhere", "/api/models/letters/text", "/api/music/mid"],
)
def test_every_answer_keeps_the_page_to_itself(server: Server, path: str) -> None:
    for answer in (server.ask("GET", path), server.ask("GET", path, headers={"Host": "evil.example"})):
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert answer.status == 403
    assert answer.json().keys() == {"problem", "fix"}


def test_another_site_cannot_ask(server: Server) -> None:
    path = "/api/models/letters/text"
    assert server.post(path, {"length": 3}).status == 200
    assert server.post(path, {"length": 3}, Origin=server.address).status == 200
    assert server.post(path, {"length": 3}, Origin="http://evil.example").status == 403
    assert server.post(path, {"length": 3}, Host=f"evil.example:{server.port}").status == 403
    # what a form or a script may send without being asked
    plain = {"Content-Type": "text/plain"}
    assert server.ask("POST", path, b'{"length": 3}', plain).status == 415
    assert server.ask("OPTIONS", path, headers={"Origin": "http://evil.example"}).status == 403
    assert server.ask("OPTIONS", path).status == 405


NAMES = [
    "..",
    "../..",
    "..%2F..",
    "%2e%2e",
    "/etc/passwd",
    "letters%00",
    "letters/",
    "letters.safetensors",
    "%FF",
    "a" * 5000,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_was_not_given_out_leads_nowhere(server: Server, name: str) -> None:
    for path in (f"/api/models/{name}/text", f"/files/{name}", f"/api/music/{name}"):
        answer = server.ask("POST" if path.startswith("/api") else "GET", path, b"{}", JSON)
        assert answer.status in (404, 405)
        assert answer.json().keys() == {"problem", "fix"}


def test_methods_that_are_not_meant_are_named(server: Server) -> None:
    for method, path in (("PUT", "/"), ("GET", "/api/models/letters/text"), ("DELETE", "/api/models")):
        answer = server.ask(method, path)
        assert answer.status == 405
        assert answer.headers["Allow"]
        assert answer.json()["fix"]


def test_what_is_too_large_is_refused_by_what_it_says_and_by_what_it_is(server: Server) -> None:
    path = "/api/models/letters/text"
    whole = json.dumps({"prompt": "a" * MOST_BODY_BYTES}).encode()
    assert server.ask("POST", path, whole, JSON).status == 413
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {ADDRESS}\r\nContent-Type: application/json\r\nConnection: close\r\n"
    )
    said = server.raw(f"{head}Content-Length: {10**30}\r\n\r\n".encode())
    assert b"413" in said.splitlines()[0] or b"400" in said.splitlines()[0]
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    chunked = server.raw(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 17 + b"0\r\n\r\n")
    assert b" 413 " in chunked.splitlines()[0]


@pytest.mark.parametrize("cut", [1, 40, 120, 170])
def test_a_request_that_is_cut_off_is_no_harm(server: Server, cut: int) -> None:
    request = (
        f"POST /api/models/letters/text HTTP/1.1\r\nHost: {ADDRESS}\r\nContent-Type: application/json\r\n"
        'Content-Length: 400\r\n\r\n{"length": 3'
    ).encode()
    server.raw(request[:cut])
    assert server.post("/api/models/letters/text", {"length": 3}).status == 200


@given(st.binary(max_size=300))
def test_bytes_that_are_no_http_do_not_stop_the_server(server: Server, junk: bytes) -> None:
    server.raw(junk + b"\r\n\r\n")
    assert server.ask("GET", "/api/models").status == 200
