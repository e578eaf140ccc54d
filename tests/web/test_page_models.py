"""The page in a real browser: before there are models, one that cannot write, what is said."""

from pathlib import Path
from typing import TYPE_CHECKING

from gen.export.midi import write_midi
from tests.tunes import tune
from tests.web.serving import Server
from tests.web.using import LONG, choose, slide, write

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

PROBLEM = "broken.safetensors is no model file."


def test_nothing_can_be_pressed_before_the_models_are_there(page: "Page", server: Server) -> None:
    held: list[Route] = []

    def hold(route: "Route") -> None:
        held.append(route)

    page.route("**/api/models", hold)
    page.goto(server.address)
    assert page.locator("#tools button:enabled, [data-save]:enabled, #open:enabled").count() == 0
    for keys in ("Control+Enter", "Control+ ", "Escape", "Control+z"):
        page.keyboard.press(keys)
    assert page.is_hidden("#trouble")
    held[0].continue_()
    page.wait_for_selector("#write:enabled")


def test_a_model_that_cannot_be_read_does_not_write(page: "Page", server: Server) -> None:
    page.set_default_timeout(LONG)
    listed = server.ask("GET", "/api/models").json()
    listed["models"] = [{"name": "broken", "kind": "unreadable", "problem": PROBLEM}, *listed["models"]]
    page.route("**/api/models", lambda route: route.fulfill(json=listed))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    page.goto(server.address)
    page.wait_for_selector("body[data-ready]")
    for chosen in ("broken", "letters", "tunes"):  # first of all, or after one that can
        choose(page, chosen)
        if chosen != "broken":
            slide(page, "#length" if chosen == "letters" else "#bars", 20 if chosen == "letters" else 1)
            write(page)
            page.wait_for_selector("#again:enabled")
        asked.clear()
        choose(page, "broken")
        assert page.text_content("#about") == PROBLEM
        for button in ("write", "offer", "again"):
            assert page.is_disabled(f"#{button}")
        for keys in ("Control+Enter", "Control+ "):
            page.keyboard.press(keys)
        assert asked == []
    # what is there can still be saved
    with page.expect_download() as saved:
        page.click("[data-save=mid]")
    assert saved.value.suggested_filename == "tune.mid"


def test_a_screen_reader_is_told_of_the_beginning_and_the_end(opened: "Page") -> None:
    opened.evaluate(
        "globalThis.said = []; globalThis.shown = [];"
        "for (const [id, seen] of [['status', said], ['progress', shown]]) {"
        " const place = document.getElementById(id);"
        " new MutationObserver(() => seen.push(place.textContent)).observe(place,"
        " { childList: true, characterData: true, subtree: true }); } 0"
    )
    slide(opened, "#length", 1000)
    write(opened)
    said = opened.evaluate("said")
    assert said[0] == "Writing …"
    assert said[-1].startswith("1,000 characters, ")
    assert len(said) == 2
    assert len(opened.evaluate("shown")) > 2
    assert opened.text_content("#progress") == ""
    assert not opened.locator("[role=status] #progress, [role=alert] #progress").count()


def test_facts_of_a_tune_stand_once(opened: "Page") -> None:
    choose(opened, "tunes")
    slide(opened, "#bars", 2)
    write(opened)
    write(opened)
    facts = opened.text_content("#music-facts") or ""
    assert facts.startswith("4 bars, ")
    assert opened.text_content("#status") == "2 bars written"
    assert opened.inner_text("body").count(facts) == 1


def test_a_file_that_is_read_too_late_lands_on_no_other_desk(opened: "Page", tmp_path: Path) -> None:
    held: list[Route] = []

    def hold(route: "Route") -> None:
        held.append(route)

    opened.route("**/api/music/read*", hold)
    choose(opened, "tunes")
    write_midi(tune(2), tmp_path / "a.mid")
    with opened.expect_request("**/api/music/read*"):
        opened.set_input_files("#open", tmp_path / "a.mid")
    choose(opened, "letters")
    opened.fill("#sheet", "mine")
    with opened.expect_response("**/api/music/read*"):
        held[0].continue_()
    opened.wait_for_timeout(300)
    assert opened.input_value("#sheet") == "mine"
    assert opened.is_hidden("#trouble")


def test_the_choice_of_models_is_as_wide_as_its_words(page: "Page", server: Server) -> None:
    listed = server.ask("GET", "/api/models").json()
    listed["models"][0]["name"] = "a-model-with-a-rather-long-name"
    page.route("**/api/models", lambda route: route.fulfill(json=listed))
    page.goto(server.address)
    page.wait_for_selector("body[data-ready]")
    own, wanted = page.evaluate(
        "(() => { const choice = document.getElementById('model'); const own = choice.offsetWidth;"
        " choice.style.maxWidth = 'none'; return [own, choice.offsetWidth]; })()"
    )
    assert own == wanted
    # and no wider than a phone
    listed["models"][0]["name"] = "a-name-" * 11
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
