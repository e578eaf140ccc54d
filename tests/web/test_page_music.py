"""The page in a real browser: music that is composed, heard, offered; files, mistakes, what is remembered."""

from pathlib import Path
from typing import TYPE_CHECKING

from gen.corpus.midi import read_midi
from gen.export.midi import write_midi
from tests.browser import until
from tests.tunes import tune
from tests.web.serving import Server
from tests.web.using import choose, slide, write

if TYPE_CHECKING:
    from playwright.sync_api import Page


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
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    narrow.set_input_files("#open", tmp_path / "a.wav")
    until(narrow, "document.getElementById('trouble').textContent.startsWith('a.wav is no file of music')")
    choose(narrow, "letters")
    assert narrow.is_hidden("#trouble")


def test_an_encoding_is_never_guessed(opened: "Page", tmp_path: Path) -> None:
    opened.fill("#sheet", "mine")
    for content in ("café".encode("latin-1"), b"\x7fELF\0\0", "ab".encode("utf-16-le")):
        (tmp_path / "a.txt").write_bytes(content)
        opened.set_input_files("#open", tmp_path / "a.txt")
        opened.wait_for_selector("#trouble:not([hidden])")
        assert "a.txt is no text in UTF-8" in (opened.text_content("#trouble") or "")
        assert opened.input_value("#sheet") == "mine"
        opened.evaluate("document.getElementById('trouble').hidden = true")
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "a.txt").write_bytes(f"café {encoding}".encode(encoding))
        opened.set_input_files("#open", tmp_path / "a.txt")
        until(opened, f"document.getElementById('sheet').value === 'café {encoding}'")
        assert opened.is_hidden("#trouble")


def test_a_setting_that_cannot_be_is_not_passed_over(opened: "Page") -> None:
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    for field, wrong, right in (("#seed", "1.5", "2"), ("#seed", "-5", "3"), ("#ways", "50", "4")):
        opened.fill(field, wrong)
        for button in ("#write", "#offer"):
            opened.click(button)
            assert opened.evaluate("document.activeElement.id") == field[1:]
        opened.fill(field, right)
    assert asked == []
    assert write(opened)["seed"] == 3


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
    assert "1 bar," in (opened.text_content("#music-facts") or "")


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
