"""The description of the API is of this API: of every address, and of what really comes back."""

import html
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from gen.pages import music_json as limits
from gen.pages.music_json import music_json
from gen.web.api_page import api_page
from gen.web.asking import MUSIC, TEXT
from gen.web.openapi import openapi
from tests.tunes import tune
from tests.web.schemas import fits, resolved
from tests.web.serving import Server

ROOT = openapi()


def schema_of_answer(path: str, method: str, status: int, media_type: str) -> dict[str, Any]:
    found: dict[str, Any] = ROOT["paths"][path][method]["responses"][str(status)]["content"][media_type][
        "schema"
    ]
    return found


def all_references(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {value["$ref"]} if "$ref" in value else set().union(*map(all_references, value.values()))
    return set().union(*map(all_references, value)) if isinstance(value, list) else set()


def test_every_reference_leads_somewhere() -> None:
    references = all_references(ROOT)
    assert references
    for reference in references:
        assert resolved(reference, ROOT)


def test_it_is_served_as_it_is_written(server: Server) -> None:
    answer = server.ask("GET", "/api/openapi.json")
    assert answer.json() == ROOT
    assert answer.json()["openapi"].startswith("3.1")


def test_every_address_that_is_described_answers_and_no_other(server: Server) -> None:
    routes = {
        route.path
        for route in server.site.app._app.routes  # type: ignore[attr-defined]
        if route.path.startswith("/api/") and route.path != "/api/openapi.json"
    }
    assert routes == ROOT["paths"].keys()
    for path, methods in ROOT["paths"].items():
        for method in methods:
            asked = path.replace("{name}", "letters").replace("{format}", "mid")
            assert server.ask(method.upper(), asked).status != 405


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"length": 40}, "text"),
        ({"length": 10, "prompt": "\u00df", "gates": True, "units": [0, 1]}, "text"),
        ({"until": "line", "count": 3}, "text"),
        ({"bars": 2}, "music"),
        ({"bars": 1, "gates": True, "prompt": music_json(tune(1))}, "music"),
    ],
)
def test_lines_are_as_they_are_described(server: Server, asked: Any, path: str) -> None:
    name = "letters" if path == "text" else "tunes"
    request = ROOT["components"]["schemas"]["TextRequest" if path == "text" else "MusicRequest"]
    assert fits(asked, request, ROOT)
    schema = schema_of_answer(f"/api/models/{{name}}/{path}", "post", 200, "application/x-ndjson")
    lines = server.post(f"/api/models/{name}/{path}", asked).lines()
    assert len(lines) > 2
    for line in lines:
        assert fits(line, schema, ROOT), line


def test_mistakes_are_as_they_are_described(server: Server) -> None:
    path = "/api/models/{name}/text"
    for status, answer in {
        400: server.post("/api/models/letters/text", {"x": 1}),
        403: server.post("/api/models/letters/text", {}, Origin="http://evil.example"),
        404: server.post("/api/models/nobody/text", {}),
        413: server.post("/api/models/letters/text", {"prompt": "x" * (2 << 20)}),
        405: server.ask("PUT", "/api/models/letters/text"),
        415: server.ask("POST", "/api/models/letters/text", b"{}"),
    }.items():
        assert answer.status == status
        assert fits(answer.json(), schema_of_answer(path, "post", status, "application/json"), ROOT)


class Tags(HTMLParser):
    """Which elements are open, all that they refer to, and their text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        if tag not in ("meta", "link", "input", "br"):
            self.open.append(tag)
        for name, value in attributes:
            assert not name.startswith("on")
            assert name != "style"
            if name in ("src", "href"):
                self.references.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("path", ["/", "/api"])
def test_pages_are_well_formed_and_fetch_from_this_server_alone(server: Server, path: str) -> None:
    tags = Tags()
    tags.feed(server.ask("GET", path).body.decode())
    assert tags.open == []
    assert all(reference.startswith(("/", "#")) for reference in tags.references)
    for reference in tags.references:
        if reference.startswith("/"):
            assert server.ask("GET", reference).status == 200
    assert {"main", "h1", "header"} <= set(tags.names)


def test_scripts_import_what_is_there(server: Server) -> None:
    script = server.ask("GET", "/files/main.js").body.decode()
    seen: set[str] = set()
    waiting = re.findall(r'from "\./(\w+\.js)"', script)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        answer = server.ask("GET", f"/files/{name}")
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/javascript")
        waiting += re.findall(r'from "\./(\w+\.js)"', answer.body.decode())
    assert "writer.js" in seen


def test_the_limits_are_those_that_are_kept() -> None:
    described = ROOT["components"]["schemas"]["Music"]["properties"]
    assert described["ticks_per_quarter"] == {"const": music_json(tune(1))["ticks_per_quarter"]}
    for name in ("tempos", "metres", "keys"):
        assert described[name]["maxItems"] == limits.MOST_CHANGES
    assert str(limits.MOST_BARS) in described["metres"]["description"]
    for methods in ROOT["paths"].values():
        assert all({"403", "405", "500"} <= about["responses"].keys() for about in methods.values())
        assert all("408" in about["responses"] for about in methods.values() if "requestBody" in about)


def test_a_default_of_nought_is_shown_and_one_of_false_is_not() -> None:
    rows = dict(re.findall(r"<code>(\w+)</code></th><td>[^<]*</td><td>([^<]*)", api_page()))
    assert (rows["seed"], rows["gates"], rows["count"]) == ("0", "", "1")


def test_the_page_for_people_has_every_field() -> None:
    page = api_page()
    for field in (*TEXT, *MUSIC):
        assert f"<code>{field.name}</code>" in page
    assert "<!--" not in page
    for path in ROOT["paths"]:
        assert html.escape(path) in page
    assert json.dumps("line") in html.unescape(page)
