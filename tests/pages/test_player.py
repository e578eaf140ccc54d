"""The player in a real browser: what it sounds like, and that it can be used."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gen.pages.music_json import music_json
from gen.score import Part, Score, Tempo, make_score
from tests.browser import until
from tests.pages.players import player_page
from tests.tunes import duet, tune

if TYPE_CHECKING:
    from playwright.sync_api import Page

A4 = 69
RENDER = """async (music) => {
  const buffer = await Player.rendered(music);
  return [buffer.sampleRate, Array.from(buffer.getChannelData(0), (sample) => Math.round(sample * 32768))];
}"""


def heard(page: "Page", score: Score) -> tuple[int, NDArray[np.float64]]:
    rate, samples = page.evaluate(RENDER, music_json(score))
    return rate, np.array(samples) / 32768


def opened(page: "Page", score: Score) -> None:
    page.set_content(player_page(music_json(score)))


def position(page: "Page") -> float:
    found: float = page.evaluate("player.position")
    return found


def one_note(program: int, velocity: int = 72) -> Score:
    return make_score([(0, 24, A4, velocity, 0)], [Part(program)], tempos=[Tempo(0, 120)]).score


@pytest.mark.parametrize("program", [0, 12, 19, 24, 33, 40, 52, 56, 71, 73, 80, 88, 105, 115])
def test_a_note_has_its_frequency_and_is_heard(page: "Page", program: int) -> None:
    opened(page, tune(1))
    rate, samples = heard(page, one_note(program))
    assert 0.1 < np.abs(samples).max() < 1.0
    strengths = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert np.fft.rfftfreq(len(samples), 1 / rate)[strengths.argmax()] == pytest.approx(440, rel=0.01)
    # it sounds for half a second, then dies away
    level = [float(np.abs(part).max()) for part in (samples[: rate // 2], samples[2 * rate :])]
    assert level[1] < 0.1 * level[0]


def test_a_short_tune_is_as_long_as_it_is_and_each_note_begins_where_it_stands(page: "Page") -> None:
    opened(page, tune(1))
    beats = [(48 * beat, 12, A4, 100, 0) for beat in range(4)]
    score = make_score(beats, [Part(0)], tempos=[Tempo(0, 60), Tempo(96, 120)]).score
    rate, samples = heard(page, score)
    sounding = np.abs(samples) > 0.05
    for second in (0, 2, 4, 5):  # two beats of a second each, then of half a second
        assert not sounding[int((second - 0.2) * rate) : int((second - 0.02) * rate)].any() or second == 0
        assert sounding[int(second * rate) : int((second + 0.1) * rate)].any()


def test_forty_loud_players_at_once_do_not_clip(page: "Page") -> None:
    opened(page, tune(1))
    notes = [(0, 48, 40 + number, 127, number % 4) for number in range(40)]
    _, samples = heard(page, make_score(notes, [Part(0), Part(40), Part(61), Part(0, is_drums=True)]).score)
    assert 0.5 < np.abs(samples).max() < 1.0


@pytest.mark.parametrize("drum", [36, 38, 42, 46, 49, 45, 60])
def test_drums_are_heard(page: "Page", drum: int) -> None:
    opened(page, tune(1))
    _, samples = heard(page, make_score([(0, 12, drum, 100, 0)], [Part(0, is_drums=True)]).score)
    assert 0.03 < np.abs(samples).max() < 1.0


def test_it_plays_pauses_and_stops(page: "Page") -> None:
    opened(page, duet(3))
    assert position(page) == 0
    page.evaluate("globalThis.seen = []; player.onposition = (tick, on) => seen.push([tick, on]); 0")
    page.get_by_role("button", name="Play").click()
    until(page, "player.position > 24")
    page.get_by_role("button", name="Pause").click()
    paused = position(page)
    assert 24 < paused < duet(3).length_ticks
    page.wait_for_timeout(300)
    assert position(page) == paused
    seen: list[list[Any]] = page.evaluate("seen")
    ticks = [tick for tick, _ in seen]
    assert ticks == sorted(ticks)
    assert [seen[0][1], seen[-1][1]] == [True, False]
    page.get_by_role("button", name="Stop").click()
    assert position(page) == 0


def test_it_ends_by_itself(page: "Page") -> None:
    opened(page, make_score([(0, 12, A4, 72, 0)], [Part(0)], tempos=[Tempo(0, 240)]).score)
    page.get_by_role("button", name="Play").click()
    until(page, "!player.isPlaying")
    assert position(page) == 0
    assert page.get_by_role("button", name="Play").is_visible()


def test_the_keyboard_reaches_all_of_it(page: "Page") -> None:
    score = duet(3)
    opened(page, score)
    for _ in range(3):  # play, stop, the roll
        page.keyboard.press("Tab")
    slider = page.get_by_role("slider")
    assert slider.evaluate("(element) => element === document.activeElement")
    for key, expected in (
        ("ArrowRight", 24),
        ("ArrowRight", 48),
        ("ArrowLeft", 24),
        ("PageUp", 96),
        ("PageUp", 192),
    ):
        page.keyboard.press(key)
        assert position(page) == expected
        assert slider.get_attribute("aria-valuenow") == str(expected)
    assert str(slider.get_attribute("aria-valuetext")).startswith("bar 3, 0:04 of 0:08")
    page.keyboard.press("End")
    assert position(page) == score.length_ticks
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    until(page, "player.isPlaying && player.position > 0")
    page.keyboard.press(" ")
    assert page.evaluate("player.isPlaying") is False


def test_a_click_seeks_to_where_it_is_and_a_long_piece_scrolls(page: "Page") -> None:
    long = make_score([(24 * beat, 24, 60 + beat % 12, 72, 0) for beat in range(400)], [Part(0)]).score
    opened(page, long)
    roll = page.locator(".player-roll")
    assert roll.evaluate("(box) => box.scrollWidth > 5 * box.clientWidth")
    assert roll.evaluate("(box) => box.firstChild.firstChild.width <= box.clientWidth * devicePixelRatio")
    page.evaluate("player.seek(4800)")
    left = roll.evaluate("(box) => box.scrollLeft")
    assert left > 1000
    roll.click(position={"x": 400, "y": 60})
    assert position(page) == pytest.approx(left + 400 - 30, abs=3)  # a pixel a tick after the octaves' names


def test_only_one_player_plays_and_what_is_disposed_of_is_silent(page: "Page") -> None:
    opened(page, duet(3))
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('div'), { id: 'other' }));"
        "globalThis.other = new Player(document.getElementById('other'), music)"
    )
    page.locator("#player").get_by_role("button", name="Play").click()
    page.locator("#other").get_by_role("button", name="Play").click()
    assert page.evaluate("[player.isPlaying, other.isPlaying]") == [False, True]
    page.evaluate("other.dispose()")
    assert page.evaluate("[player.isPlaying, other.isPlaying]") == [False, False]
    assert page.locator("#other").inner_text() == ""


def test_other_music_begins_anew(page: "Page") -> None:
    opened(page, duet(3))
    page.evaluate("player.seek(96)")
    page.evaluate("(music) => { player.music = music; }", music_json(make_score([], []).score))
    assert position(page) == 0
    assert page.locator(".player-time").inner_text() == "0:00 / 0:00"


def drawn(page: "Page") -> NDArray[np.uint8]:
    """The pixels of the roll."""
    found = page.evaluate("""() => {
      const canvas = document.querySelector("canvas");
      const image = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return [canvas.width, canvas.height, Array.from(image.data)];
    }""")
    return np.array(found[2], np.uint8).reshape(found[1], found[0], 4)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_roll_is_in_the_colours_of_the_scheme(page: "Page", scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 700})
    opened(page, duet(3))
    paper = {"light": (255, 255, 255), "dark": (20, 22, 26)}[scheme]
    pixels = drawn(page)[..., :3]
    assert (pixels == paper).all(axis=2).mean() > 0.2
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
