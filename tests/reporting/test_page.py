"""The page of a report, as a browser would take it apart."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gen.comparison.comparison import Item, Passage
from gen.pages.music_json import score_from_json
from gen.reporting.metrics import Metrics
from gen.reporting.page import page as page_of
from gen.reporting.report import Report, report_of
from tests.browser import until
from tests.pages.taken import Taken, assert_self_contained
from tests.reporting.runs import put_log, put_music_run, put_text_run, update, validation

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = (
    "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>&lt;\u2028{{script}}{{data}}'\"\ud83d"
)


def quietly(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    yield from items


@pytest.fixture(scope="module")
def text_report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("text")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEN_CACHE", str(folder / "cache"))
        return report_of(put_text_run(folder / "run"), quietly, pytest.fail)


@pytest.fixture(scope="module")
def music_report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("music")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEN_CACHE", str(folder / "cache"))
        return report_of(put_music_run(folder / "run"), quietly, pytest.fail)


def test_a_page_of_text_needs_nothing_else_and_shows_what_was_found(text_report: Report) -> None:
    content = page_of(text_report)
    assert_self_contained(content)
    taken = Taken(content)
    assert text_report.missing == ()
    assert "better than an 8-gram by 0.25 bits a character" in taken.text["td"]
    assert "CC0" in taken.text["td"]
    compared = text_report.comparison
    assert compared is not None
    for sample in compared.samples:
        for text in sample.written:
            assert text in taken.text["pre"]
        assert text_report.command(sample.options) in taken.text["code"]
    assert compared.memorised is not None
    for row in compared.memorised.rows:
        assert row.name in taken.text["th"]
    assert sum(tag == "svg" for tag, _ in taken.elements) == 3 + len(compared.histograms)
    for tag in ("title", "desc"):  # of each drawing, and of the page
        assert sum(found == tag for found, _ in taken.elements) >= 3 + len(compared.histograms)
    assert taken.text.get("script", "") == ""  # nothing in it has to run


def test_a_page_of_music_holds_the_pieces_that_its_players_play(music_report: Report) -> None:
    content = page_of(music_report)
    assert_self_contained(content)
    taken = Taken(content)
    pieces = json.loads(taken.text["application/json"])
    assert pieces.keys() <= set(taken.attributes("id"))
    compared = music_report.comparison
    assert compared is not None
    assert list(pieces.values()) == [piece for sample in compared.samples for piece in sample.written]
    assert all(score_from_json(piece).parts is not None for piece in pieces.values())


def hostile(report: Report) -> Report:
    compared = report.comparison
    assert compared is not None
    assert compared.memorised is not None
    text = HOSTILE.encode("utf-8", "replace").decode()
    passages = (Passage(text, text, len(text), text, text, text),)
    return replace(
        report,
        path=Path(HOSTILE.replace("/", "∕")),
        facts={name + HOSTILE: HOSTILE for name in report.facts} | {"verdict": HOSTILE},
        configuration={HOSTILE: HOSTILE},
        metrics=replace(
            report.metrics,
            validations=tuple(each._replace(sample=HOSTILE) for each in report.metrics.validations),
        ),
        missing=(HOSTILE,),
        comparison=replace(
            compared,
            samples=tuple(
                replace(each, options=(HOSTILE,), written=(HOSTILE,) * len(each.written))
                for each in compared.samples
            ),
            histograms=tuple(
                replace(each, labels=(HOSTILE,) * len(each.labels)) for each in compared.histograms
            ),
            memorised=replace(compared.memorised, passages=passages),
            remark=HOSTILE,
        ),
    )


def test_nothing_that_a_run_holds_becomes_markup(text_report: Report) -> None:
    plain, content = page_of(text_report), page_of(hostile(text_report))
    assert_self_contained(content)
    taken = [Taken(each) for each in (plain, content)]
    assert taken[0].text.get("script", "") == taken[1].text.get("script", "") == ""
    assert {tag for tag, _ in taken[1].elements} - {"mark", "ol", "ul", "li"} <= {
        tag for tag, _ in taken[0].elements
    }
    shown = HOSTILE.replace("\ud83d", "?")
    assert taken[1].text["pre"].count(shown) >= 32
    assert shown in taken[1].text["td"]
    assert taken[1].text["mark"] == shown
    assert "<img" not in content


def test_hostile_pieces_stay_in_their_script_element(music_report: Report) -> None:
    compared = music_report.comparison
    assert compared is not None
    samples = tuple(replace(each, written=({"name": HOSTILE},)) for each in compared.samples)
    content = page_of(replace(music_report, comparison=replace(compared, samples=samples)))
    assert_self_contained(content)
    pieces = json.loads(Taken(content).text["application/json"])
    assert {piece["name"] for piece in pieces.values()} == {HOSTILE}


def test_a_page_without_a_model_or_a_log_says_so(text_report: Report) -> None:
    bare = replace(
        text_report, comparison=None, metrics=Metrics((), (), 0.0, 0), missing=("No model.",), facts={}
    )
    content = page_of(bare)
    assert_self_contained(content)
    assert "the log is empty" in Taken(content).text["p"]
    assert "Not validated yet." in Taken(content).text["p"]
    assert "No model." in Taken(content).text["li"]


@pytest.mark.parametrize("rows", [(update(10, 3.0),), (validation(10, 3.0, ngram=None),), (update(10, 0.0),)])
def test_a_log_of_one_line_can_be_drawn(
    text_report: Report, tmp_path: Path, rows: tuple[object, ...]
) -> None:
    from gen.reporting.metrics import read_metrics

    metrics = read_metrics(put_log(tmp_path, *rows) / "metrics.jsonl")  # type: ignore[arg-type]
    assert_self_contained(page_of(replace(text_report, metrics=metrics)))


@pytest.mark.parametrize("width", [1200, 390])
def test_in_a_browser_it_opens_from_the_disk_plays_and_fetches_nothing(
    page: "Page", music_report: Report, tmp_path: Path, width: int
) -> None:
    file = tmp_path / "report.html"
    file.write_text(page_of(music_report), "utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(file.as_uri())
    assert asked == [file.as_uri()]
    assert page.locator("canvas").count() == 16
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Play").first.click()
    until(page, "document.querySelector('.player-time').textContent.startsWith('0:01')")
    page.get_by_role("button", name="Pause").first.click()
    page.locator("summary", has_text="3 more").first.click()
    hidden = page.locator("canvas").nth(1)
    until(page, "document.querySelectorAll('canvas')[1].width > 100")  # drawn once it is seen
    assert hidden.is_visible()
