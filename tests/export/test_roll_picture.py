import io
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gen.export.roll_picture import roll_bytes, write_roll
from gen.score import Part, Score, make_score
from tests.tunes import duet, tune

BLUE, ORANGE = (0, 114, 178), (213, 94, 0)


def pixels(score: Score) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(roll_bytes(score, "png"))) as image:
        return np.asarray(image.convert("RGB"))


def where(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Where something of a colour is, at full strength: notes of velocity 127."""
    return np.asarray((np.abs(picture.astype(int) - colour) < 3).all(axis=2))


def boxes(seen: NDArray[np.bool_]) -> list[tuple[int, int, int, int]]:
    """Left, right, top and bottom of each rectangle, from left to right."""
    found = []
    columns = np.flatnonzero(seen.any(axis=0))
    for run in np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1):
        rows = np.flatnonzero(seen[:, run].any(axis=1))
        found.append((int(run[0]), int(run[-1]), int(rows[0]), int(rows[-1])))
    return found


def test_notes_stand_where_they_sound() -> None:
    score = make_score([(0, 24, 60, 127, 0), (48, 48, 64, 127, 0), (144, 12, 60, 127, 0)], [Part()]).score
    first, second, third = boxes(where(pixels(score), BLUE))
    quarter = (second[0] - first[0]) / 2
    assert first[1] - first[0] == pytest.approx(quarter, abs=4)
    assert second[1] - second[0] == pytest.approx(2 * quarter, abs=4)
    assert third[0] - first[0] == pytest.approx(6 * quarter, abs=4)
    assert third[1] - third[0] == pytest.approx(quarter / 2, abs=4)
    height = first[3] - first[2]
    assert first[2:] == third[2:]
    assert 4 * height < first[2] - second[2] < 7 * height  # four semitones, and gaps between keys


def test_each_part_has_its_colour_and_softer_notes_are_fainter() -> None:
    two = make_score([(0, 24, 60, 127, 0), (48, 24, 64, 127, 1)], [Part(), Part(40)]).score
    blue, orange = (np.flatnonzero(where(pixels(two), colour).sum(axis=0) > 5) for colour in (BLUE, ORANGE))
    assert len(blue)
    assert len(orange)
    soft = make_score([(0, 24, 60, 30, 0)], [Part()]).score
    assert not where(pixels(soft), BLUE).any()


@pytest.mark.parametrize("bars", [4, 40, 400])
def test_a_drawing_holds_every_note(bars: int) -> None:
    """Those that go over the end of a row are drawn in the next, too."""
    score = tune(3, bars)
    root = ET.fromstring(roll_bytes(score, "svg"))
    groups = Counter(
        element.get("id", "").rstrip("0123456789") for element in root.iter("{http://www.w3.org/2000/svg}g")
    )
    drawn = sum(
        len(group.findall(".//{http://www.w3.org/2000/svg}path"))
        for group in root.iter("{http://www.w3.org/2000/svg}g")
        if group.get("id", "").startswith("PolyCollection")
    )
    rows = groups["axes_"]
    assert rows == {4: 1, 40: 3, 400: 16}[bars]
    assert len(score.notes) <= drawn <= len(score.notes) + rows


def test_a_title_is_letters_and_no_formula(tmp_path: Path) -> None:
    for title in ("The $ and the ^", r"\frac{1}{2}$", "ends in $x_1$", "<b>&"):
        ET.fromstring(roll_bytes(tune(1), "svg", title))
    write_roll(duet(1), tmp_path / "a.png", "A title")
    assert (tmp_path / "a.png").read_bytes() != roll_bytes(duet(1), "png")


@pytest.mark.parametrize("file_format", ["png", "svg"])
def test_the_same_score_is_the_same_file(file_format: str) -> None:
    assert roll_bytes(duet(2), file_format) == roll_bytes(duet(2), file_format)
