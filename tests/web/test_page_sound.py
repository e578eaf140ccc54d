"""The page in a real browser: nothing sounds that cannot be stopped."""

from typing import TYPE_CHECKING

from tests.browser import until
from tests.web.using import choose, slide, write

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_what_plays_ends_with_its_desk(opened: "Page") -> None:
    opened.evaluate(
        "globalThis.contexts = []; const Was = AudioContext;"
        "globalThis.AudioContext = class extends Was {"
        " constructor(...all) { super(...all); contexts.push(this); } }; 0"
    )
    choose(opened, "tunes")
    slide(opened, "#bars", 16)
    write(opened)
    opened.click("#keep")
    opened.get_by_role("button", name="Compare Version 1").click()
    for number, place in enumerate(("#player", "#right-side"), 1):
        opened.locator(place).get_by_role("button", name="Play").click()
        assert opened.evaluate("contexts.length") == number
        until(opened, "contexts.at(-1).state === 'running'")
        choose(opened, "letters")
        until(opened, "contexts.every(({ state }) => state === 'closed')", 5)
        choose(opened, "tunes")
        opened.get_by_role("button", name="Compare Version 1").click()
