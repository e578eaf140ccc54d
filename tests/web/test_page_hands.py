"""The page in a real browser: what hands do to it: undo, the caret, keys, typing beside what was kept."""

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


def test_what_is_typed_after_writing_comes_after_the_models_words(opened: "Page") -> None:
    opened.click("#sheet")
    opened.keyboard.type("the fox")
    slide(opened, "#length", 20)
    write(opened)
    written = opened.input_value("#sheet")
    opened.focus("#sheet")
    opened.keyboard.type(" mine")
    assert opened.input_value("#sheet") == written + " mine"
    # elsewhere it stays where it was put
    opened.evaluate("document.getElementById('sheet').setSelectionRange(3, 3)")
    opened.keyboard.type("!")
    assert opened.input_value("#sheet") == f"{written[:3]}!{written[3:]} mine"


def test_the_keys_that_take_an_offer_type_where_nothing_is_offered(opened: "Page") -> None:
    opened.evaluate(
        "globalThis.kept = [];"
        "addEventListener('keydown', ({ code, defaultPrevented }) =>"
        " code === 'Digit1' && kept.push(defaultPrevented)); 0"
    )

    def is_taken(keys: str) -> bool:
        opened.keyboard.press(keys)
        found: list[bool] = opened.evaluate("kept.splice(0)")
        assert len(found) == 1
        return found[0]

    opened.fill("#sheet", "the ")
    assert not is_taken("Alt+Digit1")
    write(opened, "#offer")
    opened.wait_for_selector(".offer")
    assert not is_taken("Control+Alt+Digit1")
    assert opened.evaluate(
        "!document.body.dispatchEvent(new KeyboardEvent('keydown',"
        " { code: 'Digit8', altKey: true, bubbles: true, cancelable: true }))"
    )
    assert opened.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown',"
        " { code: 'Digit8', altKey: true, modifierAltGraph: true, bubbles: true, cancelable: true }))"
    )
    assert opened.input_value("#sheet") == "the "
    assert is_taken("Alt+Digit1")


def test_what_is_typed_shows_beside_what_was_kept(opened: "Page") -> None:
    opened.fill("#sheet", "one")
    opened.click("#keep")
    opened.get_by_role("button", name="Compare Version 1").click()
    opened.focus("#sheet")
    opened.keyboard.type(" two")
    assert opened.text_content("#left-side .said") == opened.input_value("#sheet")
    assert opened.text_content("#right-side .said") == "one"
