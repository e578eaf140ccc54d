"""The page that `gen inspect` writes, as a browser would take it apart."""

import base64
import json
import re
import zlib
from collections import Counter
from typing import Any

import numpy as np
import pytest

from gen.inspection.findings import Findings
from gen.inspection.page import page
from tests.inspection.places import music_findings, text_findings
from tests.pages.taken import Taken, assert_self_contained

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>&lt;\u2028{{script}}{{data}}'\""
TEXT_AND_MUSIC = pytest.mark.parametrize(
    "findings", [text_findings(), music_findings()], ids=["text", "music"]
)


def data_of(content: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Taken(content).text["application/json"])
    return found


@TEXT_AND_MUSIC
def test_it_needs_nothing_else_and_nothing_else_may_run_in_it(findings: Findings) -> None:
    assert_self_contained(page(findings))


@TEXT_AND_MUSIC
def test_every_control_has_a_name_and_the_script_finds_what_it_looks_for(findings: Findings) -> None:
    content = page(findings)
    taken = Taken(content)
    for control in re.findall(r"<(?:input|select)[^>]*>", content):
        assert re.search(rf"<label[^>]*>[A-Z][a-z]+ {re.escape(control)}", content), control
    assert set(re.findall(r'part\("([a-z]+)"\)', taken.text["script"])) - {"now"} <= set(
        taken.attributes("id")
    )


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
