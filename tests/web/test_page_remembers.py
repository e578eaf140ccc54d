"""The page in a real browser: what a tab remembers when it is loaded again, and what it warns of."""

from typing import TYPE_CHECKING

from tests.web.using import choose, slide, write

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page


def again(page: "Page") -> list[str]:
    """Load the page again; the kinds of questions that the browser asked before."""
    asked: list[str] = []

    def answer(dialog: "Dialog") -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    page.remove_listener("dialog", answer)
    return asked


def fill_up(page: "Page", free: int) -> None:
    """Leave so many characters of what the tab can remember: in Chromium 10 MiB of UTF-16, names and all."""
    page.evaluate(
        "(size) => { sessionStorage.clear(); sessionStorage.setItem('full', 'x'.repeat(size)); }",
        (10 << 20) // 2 - len("full") - free,
    )


def test_what_was_kept_is_there_when_the_tab_is_loaded_again(opened: "Page") -> None:
    opened.check("#surprise")
    for text in ("one", "two"):
        opened.fill("#sheet", text)
        opened.click("#keep")
    choose(opened, "tunes")
    slide(opened, "#bars", 2)
    write(opened)
    opened.click("#keep")
    facts = opened.text_content("#kept .what")
    assert again(opened) == []
    assert opened.locator("#kept .what").all_text_contents() == [facts]
    opened.get_by_role("button", name="Open Version 1").click()
    assert opened.text_content("#music-facts") == facts
    choose(opened, "letters")
    assert opened.locator("#kept .what").all_text_contents() == ["one", "two"]
    opened.get_by_role("button", name="Open Version 1").click()
    assert opened.input_value("#sheet") == "one"
    opened.click("#keep")
    assert opened.locator("#kept small").last.text_content() == "Version 3"


def test_before_what_could_not_be_remembered_is_lost_the_browser_asks(opened: "Page") -> None:
    opened.click("#sheet")
    opened.keyboard.type("mine")
    fill_up(opened, 20)
    assert again(opened) == ["beforeunload"]
    assert opened.input_value("#sheet") == ""
    # where there is room for the sheet, and not for what was kept, the sheet stays
    opened.fill("#sheet", "long " * 400)
    opened.click("#keep")
    opened.fill("#sheet", "mine")
    fill_up(opened, 1000)
    assert again(opened) == ["beforeunload"]
    assert opened.input_value("#sheet") == "mine"
    assert opened.locator("#kept li").count() == 0
    opened.evaluate("sessionStorage.removeItem('full')")
    opened.click("#sheet")
    assert again(opened) == []


def test_what_was_remembered_outlives_a_server_that_does_not_answer(narrow: "Page") -> None:
    narrow.click("#sheet")
    narrow.keyboard.type("mine")
    narrow.route("**/api/models", lambda route: route.abort())
    narrow.reload()
    narrow.wait_for_selector("#trouble:not([hidden])")
    narrow.unroute("**/api/models")
    again(narrow)
    assert narrow.input_value("#sheet") == "mine"
