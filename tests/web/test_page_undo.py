"""The page in a real browser: what undo brings back, where the caret stays, and what a reader leaves behind."""

from typing import TYPE_CHECKING

from tests.web.using import choose, slide, write

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_undo_brings_back_the_tune_that_was_gone_on_from_twice(opened: "Page") -> None:
    choose(opened, "tunes")

    def bars() -> str:
        return (opened.text_content("#music-facts") or "").partition(" ")[0]

    for number in (1, 2):
        slide(opened, "#bars", number)
        write(opened)
    assert bars() == "3"
    opened.click("#undo")
    assert bars() == "1"
    slide(opened, "#bars", 3)
    write(opened)
    assert bars() == "4"
    assert opened.is_disabled("#redo")  # what was undone is not to come after something else
    opened.click("#undo")
    assert bars() == "1"
    opened.click("#undo")
    assert bars() == ""
    assert opened.is_disabled("#undo")


def test_an_answer_that_nobody_reads_on_is_stopped(opened: "Page") -> None:
    with opened.expect_event("requestfailed") as failed:
        opened.evaluate(
            "(async () => {"
            " const { lines } = await import('/files/api.js');"
            " const body = { length: 20000 };"
            " for await (const _ of lines('letters', 'text', body, new AbortController().signal)) throw 0;"
            "})().catch(() => {})"
        )
    assert failed.value.url.endswith("/api/models/letters/text")
