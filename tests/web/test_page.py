"""The page in a real browser: typing, streaming, sliders, stop, playing, downloads, mistakes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gen.corpus.midi import read_midi
from gen.export.midi import write_midi
from tests.browser import until
from tests.tunes import tune
from tests.web.serving import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LONG = 60_000  # milliseconds; the machine may be busy


@pytest.fixture
def opened(page: "Page", server: Server) -> "Page":
    """The page, with the model of text chosen."""
    page.set_default_timeout(LONG)
    page.goto(server.address)
    page.wait_for_selector("body[data-ready]")
    return page


def choose(page: "Page", model: str) -> None:
    page.select_option("#model", model)


def write(page: "Page", button: str = "#write") -> Any:
    """Press a button, wait for the whole answer, and give what was asked for."""
    with page.expect_request(re.compile("/api/models/.*/(text|music)")) as asked:
        page.click(button)
    page.wait_for_selector("#stop:disabled")
    return asked.value.post_data_json


def slide(page: "Page", slider: str, value: float) -> None:
    """As a hand on the keyboard does."""
    page.focus(slider)
    for _ in range(200):
        now = float(page.input_value(slider))
        if abs(now - value) < 1e-9:
            return
        page.keyboard.press("ArrowRight" if now < value else "ArrowLeft")
    raise AssertionError(f"{slider} never came to {value}")


def test_what_is_typed_is_gone_on_from_and_streams_in(opened: "Page", server: Server) -> None:
    opened.click("#sheet")
    opened.keyboard.type("the fox")
    slide(opened, "#length", 120)
    asked = write(opened)
    assert (asked["prompt"], asked["length"]) == ("the fox", 120)
    expected = server.post("/api/models/letters/text", asked).lines()
    text = "".join(line.get("text", "") for line in expected)
    assert opened.input_value("#sheet") == "the fox" + text
    # the copy behind it, in which colours stand, has the same
    assert opened.text_content("#mirror") == "the fox" + text + "\u200b"
    assert "120 characters" in (opened.text_content("#status") or "")


def test_text_appears_while_it_is_written_and_stops_when_told(opened: "Page") -> None:
    opened.focus("#length")
    opened.keyboard.press("End")
    opened.keyboard.press("Control+Enter")
    until(opened, "document.getElementById('sheet').value.length > 20")
    opened.keyboard.press("Escape")
    opened.wait_for_selector("#stop:disabled")
    written = len(opened.input_value("#sheet"))
    assert 20 < written < 5000
    opened.wait_for_timeout(300)
    assert len(opened.input_value("#sheet")) == written
    assert opened.text_content("#status") == "Stopped."


def test_sliders_and_fields_are_what_is_asked_for(opened: "Page") -> None:
    slide(opened, "#temperature", 1.25)
    slide(opened, "#top_p", 0.9)
    slide(opened, "#length", 40)
    opened.fill("#seed", "42")
    assert opened.text_content("[data-of=temperature]") == "1.25"
    asked = write(opened)
    assert asked == {"prompt": "", "temperature": 1.25, "top_p": 0.9, "length": 40, "seed": 42}


def test_surprise_colours_the_models_characters_and_not_the_users(opened: "Page") -> None:
    opened.fill("#sheet", "mine ")
    opened.check("#surprise")
    slide(opened, "#temperature", 2)
    slide(opened, "#length", 60)
    write(opened)
    first, *others = opened.locator("#mirror span").all()
    assert first.text_content() == "mine "
    assert first.get_attribute("class") == ""
    classes = [other.get_attribute("class") for other in others]
    assert any((name or "").startswith("bits-") for name in classes)
    opened.uncheck("#surprise")
    assert not opened.locator("#mirror [class^=bits]").count()


def test_the_colour_of_a_character_is_its_bits(opened: "Page", server: Server) -> None:
    opened.check("#surprise")
    slide(opened, "#length", 40)
    asked = write(opened)
    lines = server.post("/api/models/letters/text", asked).lines()
    bits = [each for line in lines for each in line.get("bits", [])]
    shown: list[str] = []
    for span in opened.locator("#mirror span").all()[:-1]:
        shown += [span.get_attribute("class") or ""] * len(span.text_content() or "")
    levels = [min(8, int(each + 0.5)) for each in bits]
    assert shown == [f"bits-{level}" if level else "" for level in levels]


def test_a_line_is_offered_taken_undone_and_done_again(opened: "Page") -> None:
    opened.fill("#sheet", "the ")
    opened.fill("#ways", "4")
    asked = write(opened, "#offer")
    assert (asked["count"], asked["until"]) == (4, "line")
    opened.wait_for_selector(".offer")
    offered = [line.text_content() or "" for line in opened.locator(".offer .words").all()]
    assert len(offered) == 4
    opened.keyboard.press("Alt+2")
    until(opened, f"document.getElementById('sheet').value === {json.dumps('the ' + offered[1])}")
    opened.wait_for_selector("#stop:disabled")
    opened.wait_for_selector(".offer")  # and the next ones
    opened.click("#undo")
    assert opened.input_value("#sheet") == "the "
    opened.click("#redo")
    assert opened.input_value("#sheet") == "the " + offered[1]


def test_the_keyboard_is_never_lost(opened: "Page") -> None:
    opened.evaluate(
        "globalThis.seen = [];"
        "addEventListener('focusin', ({ target }) => seen.push(target.id || target.className)); 0"
    )

    def seen() -> list[str]:
        """What had the focus since it was asked last, and has it still."""
        found: list[str] = opened.evaluate("seen.splice(0)")
        assert opened.evaluate("document.activeElement !== document.body")
        return found

    opened.focus("#write")
    write(opened, "#write")
    assert seen() == ["write", "stop", "write"]
    opened.focus("#offer")
    write(opened, "#offer")
    opened.wait_for_selector(".offer")
    assert opened.text_content("#status") == "3 ways to go on"
    assert seen() == ["offer", "stop", "write", "offer"]  # the last is the first of those offered: a class
    first = "document.activeElement.textContent.startsWith('1') && document.activeElement.matches('.offer')"
    assert opened.evaluate(first)
    for _ in range(2):  # line after line
        with opened.expect_request(re.compile("/text")):
            opened.keyboard.press("Enter")
        opened.wait_for_selector("#stop:disabled")
        opened.wait_for_selector(".offer")
        assert opened.evaluate(first)
    opened.focus("#undo")
    for _ in range(3):
        opened.keyboard.press("Enter")
    assert opened.is_disabled("#undo")
    assert seen()[-1] == "write"
    opened.focus("#sheet")
    with opened.expect_request(re.compile("/text")):
        opened.keyboard.press("Control+Enter")
    opened.wait_for_selector("#stop:disabled")
    assert seen() == ["sheet"]


def test_again_writes_another_and_undo_brings_each_back(opened: "Page") -> None:
    opened.fill("#sheet", "a")
    slide(opened, "#length", 40)
    write(opened)
    first = opened.input_value("#sheet")
    asked = write(opened, "#again")
    assert (asked["prompt"], asked["seed"]) == ("a", 1)
    second = opened.input_value("#sheet")
    assert first != second
    assert second.startswith("a")
    for expected in ("a", first, "a"):
        opened.click("#undo")
        assert opened.input_value("#sheet") == expected
    opened.click("#redo")
    assert opened.input_value("#sheet") == first


def test_what_was_typed_is_undone_with_the_keyboard(opened: "Page") -> None:
    opened.click("#sheet")
    opened.keyboard.type("one")
    slide(opened, "#length", 20)
    write(opened)
    opened.focus("#sheet")
    opened.keyboard.press("Control+z")
    assert opened.input_value("#sheet") == "one"
    opened.keyboard.press("Control+z")
    assert opened.input_value("#sheet") == ""
    opened.keyboard.press("Control+Shift+z")
    assert opened.input_value("#sheet") == "one"


def test_writing_goes_on_from_where_the_text_was_cut(opened: "Page") -> None:
    opened.fill("#sheet", "the fox and the hen")
    opened.focus("#sheet")
    for _ in range(len(" and the hen")):
        opened.keyboard.press("ArrowLeft")
    opened.click("#cut")
    assert opened.input_value("#sheet") == "the fox"
    slide(opened, "#length", 20)
    assert write(opened)["prompt"] == "the fox"


def test_two_are_kept_and_stand_side_by_side(opened: "Page") -> None:
    slide(opened, "#length", 60)
    write(opened)
    first = opened.input_value("#sheet")
    opened.click("#keep")
    write(opened, "#again")
    second = opened.input_value("#sheet")
    opened.click("#keep")
    for name in ("Version 1", "Version 2"):
        opened.get_by_role("button", name=f"Compare {name}").click()
    assert opened.input_value("#left") == "Version 1"
    assert opened.text_content("#left-side .said") == first
    assert opened.text_content("#right-side .said") == second
    opened.get_by_role("button", name="Open Version 1").click()
    assert opened.input_value("#sheet") == first
    opened.get_by_role("button", name="Remove Version 1").click()
    assert opened.locator("#kept li").count() == 1


def test_gates_are_shown_while_it_writes(opened: "Page") -> None:
    opened.check("#show_gates")
    opened.fill("#units", "0 5")
    slide(opened, "#length", 40)
    asked = write(opened)
    assert (asked["gates"], asked["layer"], asked["units"]) == (True, 1, [0, 5])
    until(opened, "document.querySelector('#gates figcaption').textContent !== ''")
    caption = opened.text_content("#gates figcaption") or ""
    assert re.search(r"f0 0\.\d\d  f5 0\.\d\d  i0 .*  o5 [01]\.\d\d", caption)
    drawn = opened.evaluate(
        "(() => { const { width, height } = document.querySelector('#gates canvas');"
        " const pen = document.querySelector('#gates canvas').getContext('2d');"
        " return pen.getImageData(0, 0, width, height).data.some((value) => value > 0); })()"
    )
    assert drawn


def test_a_text_is_opened_and_saved(opened: "Page", tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("once\nupon", "utf-8")
    opened.set_input_files("#open", tmp_path / "a.txt")
    until(opened, "document.getElementById('sheet').value === 'once\\nupon'")
    with opened.expect_download() as saved:
        opened.click("[data-save=txt]")
    assert saved.value.path().read_text("utf-8") == "once\nupon"


def test_a_mistake_is_shown_with_what_to_do(narrow: "Page", tmp_path: Path) -> None:
    narrow.click("#settings summary")
    narrow.check("#show_gates")
    narrow.fill("#units", "99")
    write(narrow)
    narrow.wait_for_selector("#trouble:not([hidden])")
    assert "no unit 99" in (narrow.text_content("#trouble") or "")
    narrow.uncheck("#show_gates")
    write(narrow)
    assert narrow.is_hidden("#trouble")
    choose(narrow, "tunes")
    (tmp_path / "a.mid").write_bytes(b"no music")
    narrow.set_input_files("#open", tmp_path / "a.mid")
    narrow.wait_for_selector("#trouble:not([hidden])")
    problem, fix = (narrow.text_content("#trouble") or "").split("\n")
    assert problem.startswith("The file ")
    assert fix == "Send another file of music."


def test_a_tune_is_composed_heard_and_saved(opened: "Page", tmp_path: Path) -> None:
    choose(opened, "tunes")
    slide(opened, "#bars", 3)
    asked = write(opened)
    assert (asked["bars"], asked["prompt"]) == (3, None)
    assert "3 bars" in (opened.text_content("#music-facts") or "")
    for ending in ("mid", "musicxml", "wav", "abc"):
        with opened.expect_download() as saved:
            opened.click(f"[data-save={ending}]")
        content = saved.value.path().read_bytes()
        assert saved.value.suggested_filename == f"tune.{ending}"
        start = {"mid": b"MThd", "musicxml": b"<?xml", "wav": b"RIFF", "abc": b"X:1"}[ending]
        assert content.startswith(start)
        if ending == "mid":
            assert sum(1 for _ in read_midi(content).score.bars()) == 3


def test_what_is_played_sounds_and_the_roll_follows(opened: "Page", server: Server) -> None:
    choose(opened, "tunes")
    slide(opened, "#bars", 2)
    asked = write(opened)
    (music,) = (
        line["music"] for line in server.post("/api/models/tunes/music", asked).lines() if "music" in line
    )
    peak = opened.evaluate(
        "async (music) => { const buffer = await Player.rendered(music);"
        " return buffer.getChannelData(0).reduce((most, value) => Math.max(most, Math.abs(value)), 0); }",
        music,
    )
    assert 0.05 < peak < 1
    assert (opened.text_content("#player .player-time") or "").startswith("0:00 ")
    opened.locator("#player").get_by_role("button", name="Play").click()
    until(opened, "document.querySelector('#player .player-time').textContent.startsWith('0:01 ')")
    opened.locator("#player").get_by_role("button", name="Pause").click()


def test_bars_are_offered_heard_and_taken(opened: "Page", tmp_path: Path) -> None:
    choose(opened, "tunes")
    write_midi(tune(2), tmp_path / "a.mid")
    opened.set_input_files("#open", tmp_path / "a.mid")
    opened.wait_for_selector("#player:not([hidden])")
    assert "4 bars" in (opened.text_content("#music-facts") or "")
    slide(opened, "#bars", 2)
    asked = write(opened, "#offer")
    assert (asked["count"], asked["bars"]) == (3, 2)
    assert asked["prompt"]["notes"] == tune(2).notes.tolist()
    opened.wait_for_selector(".tune")
    assert opened.locator(".tune").count() == 3
    opened.get_by_role("button", name="Take 3").click()
    until(opened, "document.getElementById('music-facts').textContent.startsWith('6 bars')")
    opened.wait_for_selector("#stop:disabled")
    opened.click("#undo")
    until(opened, "document.getElementById('music-facts').textContent.startsWith('4 bars')")
    # go on from the second bar
    opened.focus("#player .player-roll")
    opened.keyboard.press("PageUp")
    opened.keyboard.press("PageUp")
    opened.click("#cut")
    until(opened, "document.getElementById('music-facts').textContent.startsWith('2 bars')")
    notes = write(opened)["prompt"]["notes"]
    assert all(onset + duration <= 2 * 96 for onset, duration, *_ in notes)


def test_each_kind_keeps_what_was_written(opened: "Page") -> None:
    opened.fill("#sheet", "mine")
    choose(opened, "tunes")
    slide(opened, "#bars", 1)
    write(opened)
    assert not opened.is_visible("#sheet")
    choose(opened, "spelling")
    assert opened.input_value("#sheet") == "mine"
    choose(opened, "tunes")
    assert "1 bars" in (opened.text_content("#music-facts") or "")


def test_a_tab_that_is_loaded_again_has_what_was_written(opened: "Page") -> None:
    opened.check("#surprise")
    slide(opened, "#length", 40)
    write(opened)
    choose(opened, "tunes")
    write(opened)
    facts, text = opened.text_content("#music-facts"), opened.input_value("#sheet")
    spans = opened.locator("#mirror span").count()
    opened.reload()
    opened.wait_for_selector("body[data-ready]")
    assert opened.input_value("#model") == "tunes"
    assert opened.text_content("#music-facts") == facts
    choose(opened, "letters")
    assert opened.input_value("#sheet") == text
    opened.check("#surprise")
    assert opened.locator("#mirror span").count() == spans


@pytest.mark.parametrize("model", ["letters", "tunes"])
def test_everything_can_be_reached_by_keyboard(opened: "Page", model: str) -> None:
    choose(opened, model)
    opened.focus("body")
    reached: list[str] = []
    for _ in range(60):
        opened.keyboard.press("Tab")
        reached.append(opened.evaluate("document.activeElement.id || document.activeElement.tagName"))
    wanted = {
        "model",
        "write",
        "offer",
        "temperature",
        "top_p",
        "seed",
        "ways",
        "show_gates",
        "open",
        "SUMMARY",
    }
    wanted |= (
        {"sheet", "length", "surprise"}
        if model == "letters"
        else {"bars", "to_end", "key", "metre", "melody"}
    )
    assert wanted <= set(reached)
    assert not opened.evaluate(
        "[...document.querySelectorAll('input, select, textarea, button')]"
        ".filter((each) => each.checkVisibility() && !each.labels?.length && !each.ariaLabel"
        " && !each.textContent.trim()).map((each) => each.id)"
    )


def test_a_screen_reader_finds_its_way(opened: "Page") -> None:
    assert opened.get_by_role("main").count() == 1
    assert opened.get_by_role("banner").count() == 1
    assert opened.get_by_role("complementary", name="Settings").count() == 1
    assert opened.get_by_role("group", name="Writing").count() == 1
    assert opened.get_by_role("textbox", name="Your text").count() == 1
    assert opened.get_by_role("status").count() == 1
    assert opened.get_attribute("html", "lang") == "en"


@pytest.fixture
def narrow(chromium: "Browser", server: Server) -> Iterator["Page"]:
    """A page as a phone has it; that its console tells of requests that are refused is no trouble."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(LONG)
    page.goto(server.address)
    page.wait_for_selector("body[data-ready]")
    yield page
    context.close()


@pytest.mark.parametrize("model", ["letters", "tunes"])
def test_on_a_phone_nothing_is_wider_than_the_screen(narrow: "Page", model: str) -> None:
    choose(narrow, model)
    write(narrow)
    narrow.click("#keep")
    write(narrow, "#offer")
    narrow.wait_for_selector("#offers li")
    narrow.get_by_role("button", name="Compare Version 1").click()
    narrow.click("#settings summary")
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390
    small = narrow.evaluate(
        "[...document.querySelectorAll('#tools button')].map((each) => each.getBoundingClientRect().height)"
    )
    assert min(small) >= 36


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(chromium: "Browser", server: Server, scheme: Any) -> None:
    context = chromium.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(server.address)
    page.wait_for_selector("body[data-ready]")

    def tones(selector: str) -> list[float]:
        found = page.evaluate(
            "(selector) => { const style = getComputedStyle(document.querySelector(selector));"
            " return [style.color, style.backgroundColor]; }",
            selector,
        )
        return [luminance(colour) for colour in found]

    paper = luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    for selector in ("#sheet", "#about", "#write", "#offer", "aside summary", "#status"):
        ink, own = tones(selector)
        behind = own if selector == "#write" else paper
        lighter, darker = max(ink, behind), min(ink, behind)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, selector  # WCAG 2.2, 1.4.3
    context.close()


def luminance(colour: str) -> float:
    """WCAG's relative luminance of a colour as a browser says it."""
    channels = [int(part) / 255 for part in re.findall(r"[\d.]+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_hostile_names_and_texts_are_shown_as_they_are(opened: "Page") -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(1)</script>&amp;"
    opened.fill("#sheet", hostile)
    opened.click("#keep")
    assert hostile in (opened.text_content("#kept .what") or "")
    assert not opened.locator("#kept img, #mirror img").count()


def test_it_asks_nobody_else(page: "Page", server: Server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server.address)
    page.wait_for_selector("body[data-ready]")
    assert asked
    assert all(url.startswith(server.address) for url in asked)
