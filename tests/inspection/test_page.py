"""The page that `gen inspect` writes, as a browser would take it apart."""

import base64
import hashlib
import json
import re
import zlib
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from gen.inspection.findings import Findings
from gen.inspection.page import page
from tests.inspection.places import music_findings, text_findings

VOID = {"meta", "input", "br", "line", "rect"}
HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>&lt;\u2028{{script}}{{data}}'\""
TEXT_AND_MUSIC = pytest.mark.parametrize(
    "findings", [text_findings(), music_findings()], ids=["text", "music"]
)


class Taken(HTMLParser):
    """A page taken apart: its elements with their attributes, and the text in each kind of element."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(content)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            key = self._open[-1]
            if key == "script":
                key = str(self.elements[-1][1].get("type", "script"))
            self.text[key] = self.text.get(key, "") + data

    def attributes(self, name: str) -> list[str]:
        return [value for _, given in self.elements for key, value in given.items() if key == name and value]


def data_of(content: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Taken(content).text["application/json"])
    return found


@TEXT_AND_MUSIC
def test_it_needs_nothing_else_and_nothing_else_may_run_in_it(findings: Findings) -> None:
    taken = Taken(page(findings))
    assert not {tag for tag, _ in taken.elements} & {"link", "iframe", "object", "embed", "img", "base"}
    assert not taken.attributes("src")
    assert all(target.startswith("#") for target in taken.attributes("href"))
    assert not [
        name for _, given in taken.elements for name in given if name.startswith("on") or name == "style"
    ]
    [policy] = [given["content"] for _, given in taken.elements if "content-security" in str(given).lower()]
    assert policy is not None
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
    assert rules["default-src"] == ["'none'"]
    for rule, element in (("script-src", "script"), ("style-src", "style")):
        digest = base64.b64encode(hashlib.sha256(taken.text[element].encode()).digest()).decode()
        assert rules[rule] == [f"'sha256-{digest}'"]
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page(findings))


@TEXT_AND_MUSIC
def test_names_lead_somewhere_and_every_control_has_one(findings: Findings) -> None:
    taken = Taken(page(findings))
    ids = Counter(taken.attributes("id"))
    assert set(ids.values()) == {1}
    pointed = [
        *" ".join((*taken.attributes("aria-labelledby"), *taken.attributes("aria-describedby"))).split(),
        *" ".join(taken.attributes("for")).split(),
        *(target.removeprefix("#") for target in taken.attributes("href")),
    ]
    assert set(pointed) <= ids.keys()
    content = page(findings)
    for control in re.findall(r"<(?:input|select)[^>]*>", content):
        assert re.search(rf"<label[^>]*>[A-Z][a-z]+ {re.escape(control)}", content), control
    # what the script looks for is there
    script = taken.text["script"]
    assert set(re.findall(r'part\("([a-z]+)"\)', script)) - {"now"} <= ids.keys()
    assert {"header", "main", "h1"} <= {tag for tag, _ in taken.elements}
    assert ("html", {"lang": "en"}) in taken.elements


@TEXT_AND_MUSIC
def test_what_the_page_holds_is_what_was_found(findings: Findings) -> None:
    data = data_of(page(findings))
    tokens, units = findings.step.C.shape
    planes = np.frombuffer(zlib.decompress(base64.b64decode(data["planes"])), np.uint8)
    planes = planes.reshape(6, units, tokens)
    for plane, name in zip(planes, data["quantities"], strict=True):
        exact = getattr(findings.step, name)
        values = plane.T / data["levels"] - (name not in data["gates"])
        scale = np.array(data["scales"]) if name == "C" else 1.0
        assert (np.abs(values * scale - exact) <= scale * (0.501 / data["levels"] + 1e-4)).all(), name
    assert data["labels"] == list(findings.passage.labels)
    np.testing.assert_allclose(data["bits"], findings.foretold.bits, atol=0.006)
    whole = np.array(data["surprise"])[findings.passage.completes]
    np.testing.assert_allclose(whole, findings.unit_bits, atol=0.006)
    assert data["guesses"][0][0][0] == findings.tokens[findings.foretold.guesses[0][0]]
    for name, r in data["correlations"].items():
        np.testing.assert_allclose(r, findings.tracking[name].r, atol=6e-4)
    assert [tuple(note) for note in data["roll"]] == list(findings.passage.roll)


def test_a_prompt_a_vocabulary_and_metadata_cannot_become_markup() -> None:
    plain = Taken(page(text_findings("ab\n" * 40, "\nab")))
    letters = "".join(sorted({*HOSTILE, "\n"}))
    hostile = text_findings(HOSTILE, letters, file=HOSTILE, name=HOSTILE)
    content = page(hostile)
    taken = Taken(content)
    ours = {
        "tr",
        "td",
        "th",
        "button",
        "line",
        "polyline",
        "text",
    }  # of which there are as many as there is to show
    count = [Counter(tag for tag, _ in each.elements if tag not in ours) for each in (plain, taken)]
    assert count[0] == count[1]
    assert taken.text["script"] == plain.text["script"]
    assert "".join(data_of(content)["labels"]) == HOSTILE
    assert taken.text["p"].count(HOSTILE) == 2  # the file and its corpus
    assert {"<", ">", "&"}.isdisjoint(content.split('id="data">')[1].split("</script>")[0])
