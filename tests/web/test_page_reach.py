"""The page in a real browser: by keyboard, by screen reader, on a phone, in any light, and by nobody else."""

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.serving import Server
from tests.web.using import choose, write

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


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
