from pathlib import Path

import numpy as np
import pytest

from gen.errors import GenError
from gen.inspection.passage import MOST_TOKENS, Passage, of_units
from gen.inspection.text import TEXT_COUNTS, text_passage
from gen.tokenizer.characters import CharacterTokenizer

LETTERS = "\n\t abcdefghijklmnopqrstuvwxyz,.!?'\"“”()[]{}"


def passage(text: str, letters: str = LETTERS, rare: str = "") -> Passage:
    return text_passage(text, CharacterTokenizer.learn([letters], [rare]), lambda _: None)


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        ("inside quotes", 'a "b" c', "0011000"),
        ("inside quotes", "“a” b", "11000"),
        ("inside quotes", '"a\n\n"b" c', "111111000"),  # each paragraph opens, the last closes
        ("inside quotes", 'a "b\n\nc" d', "0011111000"),
        ("inside quotes", '"""a\n\nb\n"""\nc', "1011111101000"),
        ("bracket depth", "(a[b]{c})]d(", "112212210001"),
        ("line position", "ab\nc\n\nd", "1201001"),
        ("word position", "ab, c'd e", "120012301"),
        ("sentence position", "ab. c!?d", "12012001"),
        ("paragraph line", "a\nb\n\nc\n", "0112001"),
        ("indent", "  a b\n\tc", "12222011"),
    ],
)
def test_what_can_be_counted_is_counted_after_each_character(name: str, text: str, counts: str) -> None:
    expected = list(map(int, counts))
    assert list(TEXT_COUNTS[name](text)) == expected
    assert passage(text).counted[name].tolist() == expected


def test_every_count_counts_every_character() -> None:
    assert {name: len(counts) for name, counts in passage("a (b").counted.items()} == dict.fromkeys(
        TEXT_COUNTS, 4
    )


def test_lines_are_sections_and_a_line_break_ends_the_line_it_stands_in() -> None:
    read = passage("ab\n\ncd\n")
    assert [(section.name, section.first) for section in read.sections] == [("ab", 0), ("", 3), ("cd", 4)]
    assert read.section_ends() == [3, 4, 7]


def test_characters_spelled_in_bytes_are_one_unit_each_and_counts_wait_for_the_last_byte() -> None:
    read = passage("(é(a", "\na(", "é")
    assert read.labels == ["(", "", "é", "(", "a"]
    assert read.completes.tolist() == [True, False, True, True, True]
    assert read.counted["bracket depth"].tolist() == [1, 1, 1, 2, 2]
    assert read.counted["line position"].tolist() == [1, 1, 2, 3, 4]
    assert of_units(read, np.array([1.0, 2.0, 4.0, 8.0, 16.0])).tolist() == [1, 6, 8, 16]


def test_of_a_long_text_the_beginning_is_read_and_what_is_left_is_known() -> None:
    long = passage("abc\n" * 2000)
    assert (len(long.ids), long.whole, long.is_cut) == (MOST_TOKENS, 8000, True)
    short = passage("abc\n" * (MOST_TOKENS // 4))
    assert (len(short.ids), short.whole, short.is_cut) == (MOST_TOKENS, MOST_TOKENS, False)
    spelled = passage("é" * 1500, "a", "é")
    assert (len(spelled.ids), spelled.whole, spelled.is_cut) == (MOST_TOKENS, 1500, True)


def test_what_the_model_cannot_say_is_left_out_and_told(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "a.txt").write_text("aÄb", "utf-8")
    read = text_passage(f"@{tmp_path / 'a.txt'}", CharacterTokenizer.learn(["ab"]), said.append)
    assert read.labels == ["a", "b"]
    assert len(said) == 1
    assert "'Ä'" in said[0]


@pytest.mark.parametrize("text", ["", "a"])
def test_next_to_nothing_cannot_be_looked_into(text: str) -> None:
    with pytest.raises(GenError, match="tokens to read"):
        passage(text)
