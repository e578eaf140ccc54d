"""The page in a real browser: typing, streaming, sliders, stop, offers, versions, gates."""

import json
import re
from typing import TYPE_CHECKING

from tests.browser import until
from tests.web.serving import Server
from tests.web.using import slide, write

if TYPE_CHECKING:
    from playwright.sync_api import Page


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
    for expected in (first, "a"):
        opened.click("#undo")
        assert opened.input_value("#sheet") == expected
    for expected in (first, second):
        opened.click("#redo")
        assert opened.input_value("#sheet") == expected


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
