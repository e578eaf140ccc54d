import importlib.util
import io
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gen.errors import GenError
from gen.export import engraving
from gen.export.bar_pieces import notes_by_bar
from gen.export.engraving import MOST_NOTES, check_engraving, write_engraved
from gen.score import Key, Metre, Part, Score, Tempo, make_score
from tests.tunes import duet, tune

needs_libraries = pytest.mark.skipif(
    any(importlib.util.find_spec(module) is None for module in ("verovio", "resvg_py")),
    reason="the extra `score` is not installed",
)
NAMESPACE = "{http://www.w3.org/2000/svg}"


def engraved(score: Score, path: Path, title: str = "") -> bytes:
    write_engraved(score, path, title)
    return path.read_bytes()


def classes(svg: bytes) -> list[str]:
    return [word for element in ET.fromstring(svg).iter() for word in element.get("class", "").split()]


@needs_libraries
@pytest.mark.parametrize("score", [tune(1), tune(2, 40), duet(1)], ids=["tune", "long tune", "duet"])
def test_every_note_is_engraved_once_in_each_bar_it_sounds_in(score: Score, tmp_path: Path) -> None:
    found = classes(engraved(score, tmp_path / "a.svg"))
    bars = notes_by_bar(score)
    assert found.count("measure") == len(bars)
    written = sum(len(notes) for _, notes in bars)
    assert written <= found.count("note") <= written * 1.5  # some lengths take two signs and a tie
    assert found.count("clef") >= len(score.parts)


@needs_libraries
def test_it_shows_title_tempo_metre_and_key(tmp_path: Path) -> None:
    notes = [(24 * beat, 24, 67 + beat % 3, 72, 0) for beat in range(12)]
    score = make_score(
        notes, [Part(40)], tempos=[Tempo(0, 97)], metres=[Metre(0, 3, 4)], keys=[Key(0, 2)]
    ).score
    svg = engraved(score, tmp_path / "a.svg", "An <odd> title")
    text = " ".join("".join(ET.fromstring(svg).itertext()).split())
    assert "An <odd> title" in text
    assert "97" in text
    found = classes(svg)
    assert found.count("keyAccid") >= 2
    assert "meterSig" in found
    assert "An <odd>" not in "".join(ET.fromstring(engraved(score, tmp_path / "b.svg")).itertext())


@needs_libraries
def test_a_picture_in_pixels_is_the_drawing(tmp_path: Path) -> None:
    svg = ET.fromstring(engraved(tune(1, 40), tmp_path / "a.svg"))
    with Image.open(io.BytesIO(engraved(tune(1, 40), tmp_path / "a.png"))) as image:
        grey = np.asarray(image.convert("L"))
        assert image.size == tuple(
            2 * int(svg.get(side, "0px").removesuffix("px")) for side in ("width", "height")
        )
    assert grey[0].min() == 255  # white around
    assert 0.02 < (grey < 128).mean() < 0.3
    # the five lines of the staff, of the whole width
    assert ((grey < 200).mean(axis=1) > 0.8).sum() >= 5


@needs_libraries
def test_the_same_score_is_the_same_file(tmp_path: Path) -> None:
    for ending in ("svg", "png"):
        first, second = (engraved(duet(2), tmp_path / f"{name}.{ending}") for name in ("a", "b"))
        assert first == second


@needs_libraries
def test_what_is_too_long_for_one_page_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    score = make_score([(96 * bar, 96, 60, 72, 0) for bar in range(60)], [Part()]).score
    whole = engraved(score, tmp_path / "a.svg")
    height_px = int(ET.fromstring(whole).get("height", "0px").removesuffix("px"))
    longest = height_px * 100 // engraving._SCALE
    # a page just too short for some bars, in place of the thousands that the longest has no room for
    monkeypatch.setattr(engraving, "_LONGEST_PAGE", longest)
    assert engraved(score, tmp_path / "b.svg") == whole
    monkeypatch.setattr(engraving, "_LONGEST_PAGE", longest * 9 // 10)
    with pytest.raises(GenError, match="too long for one picture"):
        write_engraved(score, tmp_path / "c.svg")
    assert not (tmp_path / "c.svg").exists()


@needs_libraries
def test_more_notes_than_anyone_reads_are_refused_before_they_are_engraved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def engrave(*_: object) -> None:
        raise AssertionError("engraved")

    monkeypatch.setattr(engraving, "musicxml_bytes", engrave)
    score = make_score([(96 * bar, 96, 60, 72, 0) for bar in range(MOST_NOTES + 1)], [Part()]).score
    with pytest.raises(GenError, match="too long for one picture"):
        write_engraved(score, tmp_path / "a.svg")


@pytest.mark.parametrize(("file_format", "packages"), [("svg", "verovio"), ("png", "verovio resvg-py")])
def test_without_the_libraries_it_is_told_how_to_get_them(
    file_format: str, packages: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(GenError) as caught:
        check_engraving(file_format)
    assert f"pip install {packages} (" in caught.value.fix
