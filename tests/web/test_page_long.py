"""The page in a real browser: a piece that is longer than a request may be, gone on from by its end."""

import random
from pathlib import Path
from typing import TYPE_CHECKING

from gen.corpus.midi import read_midi
from gen.export.midi import write_midi
from gen.pages.music_json import music_json, score_from_json
from gen.score import Key, Metre, Part, Score, Tempo, make_score
from tests.tunes import tune
from tests.web.using import choose, slide, write

if TYPE_CHECKING:
    from playwright.sync_api import Page

BAR = 96
BARS = 2400


def test_a_long_piece_is_gone_on_from_by_its_end(opened: "Page", tmp_path: Path) -> None:
    choose(opened, "tunes")
    long = tune(2, BARS)
    write_midi(long, tmp_path / "a.mid")
    opened.set_input_files("#open", tmp_path / "a.mid")
    opened.wait_for_selector("#player:not([hidden])")
    slide(opened, "#bars", 3)
    prompt = write(opened)["prompt"]
    assert opened.is_hidden("#trouble")
    # its last bars, whole ones
    sent, all_notes = prompt["notes"], long.notes.tolist()
    start = all_notes[-len(sent)][0] // BAR * BAR
    assert 3000 < len(sent) <= 4000
    assert sent == [[onset - start, *rest] for onset, *rest in all_notes if onset >= start]
    # and what is there now is all that was, and the new part
    assert (opened.text_content("#music-facts") or "").startswith(f"{BARS + 3:,} bars, ")
    assert opened.text_content("#status") == "3 bars written"
    place = opened.get_attribute("#player .player-roll", "aria-valuetext") or ""
    assert place.startswith(f"bar {BARS + 1}, ")  # from where the new part is to be heard
    with opened.expect_download() as saved:
        opened.click("[data-save=mid]")
    score = read_midi(saved.value.path().read_bytes()).score
    notes = score.notes.tolist()
    assert [note[:3] for note in notes[: len(all_notes)]] == [note[:3] for note in all_notes]
    assert len(notes) > len(all_notes)
    assert notes[len(all_notes)][0] >= BARS * BAR
    for now, before in ((score.metres, long.metres), (score.keys, long.keys), (score.tempos, long.tempos)):
        assert tuple(each for each in now if each.onset < BARS * BAR) == before
    opened.click("#undo")
    assert (opened.text_content("#music-facts") or "").startswith(f"{BARS:,} bars, ")


def piece(draw: random.Random) -> Score:
    """Several parts, some of one program; changes on and off the bar lines; notes over them."""
    parts = [Part(draw.choice((0, 0, 40))) for _ in range(draw.randint(1, 4))] + [Part(0, is_drums=True)]
    notes = [
        (
            draw.randrange(0, 8 * BAR, 6),
            draw.randint(1, 200),
            draw.randint(50, 60),
            72,
            draw.randrange(len(parts)),
        )
        for _ in range(draw.randint(1, 60))
    ]
    return make_score(
        [*notes, (850, 150, 70, 72, 0)],  # ends after all others
        parts,
        tempos=[Tempo(draw.randrange(0, 8 * BAR, 12), draw.choice((90, 120))) for _ in range(4)],
        metres=[Metre(draw.randrange(0, 8 * BAR, 12), draw.choice((2, 3, 4)), 4) for _ in range(3)],
        keys=[Key(draw.randrange(0, 8 * BAR, 12), draw.choice((-1, 0, 2))) for _ in range(3)],
    ).score


def test_a_piece_is_what_comes_before_a_bar_and_what_comes_from_it_on(opened: "Page") -> None:
    draw = random.Random(5)
    for _ in range(40):
        score = piece(draw)
        whole = music_json(score)
        bar = draw.choice([each for each in whole["bars"] if each <= whole["notes"][-1][0]])
        part = opened.evaluate(
            "async ([music, bar]) => (await import('/files/music_piece.js')).excerpt(music, bar, Infinity)",
            [whole, bar],
        )
        part = music_json(score_from_json(part))  # as the server tells it: without the parts that do not play
        found = opened.evaluate(
            "async ([music, bar, part]) => (await import('/files/music_piece.js')).joined(music, bar, part)",
            [whole, bar, part],
        )
        assert found["bars"] == whole["bars"]
        assert found["length_ticks"] == whole["length_ticks"]
        assert found["parts"] == whole["parts"]
        again = score_from_json(found)
        assert again.notes.tolist() == score.notes.tolist()
        assert (again.tempos, again.metres, again.keys) == (score.tempos, score.metres, score.keys)
