"""What others wrote stands in one line; numbers have their noun."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gen.corpus.midi import read_midi
from gen.corpus.notation import read_notation
from gen.corpus.piece import reason_from
from gen.corpus.wording import counted, one_line
from tests.corpus.hostile_midi import END, NOTE, one_track


def midi(title: str) -> str:
    name = title.encode()
    size = bytes((0x80 | len(name) >> 7, len(name) & 127))
    return read_midi(one_track(b"\x00\xff\x03" + size + name + NOTE + END)).title


def abc(title: str) -> str:
    return read_notation(f"X:1\nT:{title}\nK:C\nCDEF|\n".encode(), ".abc").pieces[0].title


def musicxml(title: str) -> str:
    note = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"
    text = (
        f"<score-partwise><movement-title>{title}</movement-title>"
        '<part-list><score-part id="P1"><part-name>x</part-name></score-part></part-list>'
        '<part id="P1"><measure number="1"><attributes><divisions>1</divisions></attributes>'
        f"{note}</measure></part></score-partwise>"
    )
    return read_notation(text.encode(), ".musicxml").pieces[0].title


@pytest.mark.parametrize("read", [midi, abc, musicxml])
def test_a_title_is_cut_to_one_line_of_bounded_length_in_every_format(read: Callable[[str], str]) -> None:
    assert read("  A\t title\u200b  of words ") == "A title of words"
    assert read("long " * 40) == ("long " * 16).strip()
    assert read("x" * 300) == "x" * 80


@given(st.text(), st.integers(0, 50))
@example("a\x1b[2J\u2028b\r\n\0c", 50)
def test_any_text_becomes_one_line_of_its_words(text: str, most: int) -> None:
    line = one_line(text, most)
    assert line.isprintable()
    assert len(line) <= most
    assert line == line.strip()
    visible = [letter for letter in text if letter.isprintable() and not letter.isspace()]
    assert "".join(visible).startswith(line.replace(" ", ""))


def test_what_a_library_raised_is_one_line() -> None:
    assert reason_from(ValueError("no\n  good \x1b")) == "ValueError: no good"
    assert len(reason_from(ValueError("x" * 10_000))) < 150


def test_numbers_have_their_noun_and_separators() -> None:
    assert [counted(number, "file") for number in (0, 1, 2, 12345)] == [
        "0 files",
        "1 file",
        "2 files",
        "12,345 files",
    ]
