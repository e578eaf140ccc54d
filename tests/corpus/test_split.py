from functools import partial
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gen.corpus import split
from gen.corpus.split import TextParts
from gen.corpus.text import iterate_text
from gen.errors import CorpusError
from tests.corpus.places import put

pytestmark = pytest.mark.usefixtures("empty_folder")
plain_text = st.text("ab\né€😀", min_size=1, max_size=80)


def joined(texts: list[str]) -> str:
    """The files' texts one after the other, each on a line of its own."""
    whole = ""
    for text in texts:
        whole += ("\n" if whole and not whole.endswith("\n") else "") + text
    return whole


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(plain_text, min_size=1, max_size=4), st.integers(1, 40))
def test_the_last_tenth_of_the_characters_is_held_out_however_the_text_is_read(
    texts: list[str], chunk_bytes: int
) -> None:
    files = tuple(put(f"{number}.txt", text) for number, text in enumerate(texts))
    parts = TextParts(files, None, None)
    with mock.patch.object(split, "iterate_text", partial(iterate_text, chunk_bytes=chunk_bytes)):
        training, validation = map("".join, parts.read())
    whole = joined(texts)
    assert training == whole[: len(whole) * 9 // 10]
    assert validation == whole[len(whole) * 9 // 10 :]


def test_tiny_shakespeares_size_is_split_where_others_split_it() -> None:
    file = put("text.txt", "x" * 1_115_394)
    parts = TextParts((file,), None, None)
    assert [sum(map(len, part)) for part in parts.read()] == [1_003_854, 111_540]


def test_a_text_depends_on_nothing_but_its_files() -> None:
    parts = TextParts((put("text.txt", "text"),), None, None)
    assert parts.is_final
    assert parts.fingerprint == ""


def test_a_text_can_be_read_again_and_the_end_alone() -> None:
    parts = TextParts((put("text.txt", "0123456789" * 3),), None, None)
    assert "".join(parts.read()[1]) == "789"
    assert list(map("".join, parts.read())) == list(map("".join, parts.read()))
    training, validation = parts.read()
    assert next(training)
    assert "".join(validation) == "789"


def test_a_text_that_is_already_split_is_used_as_it_is() -> None:
    train = (put("train/a.txt", "first\n"), put("train/b.txt", "second"))
    parts = TextParts(train, (put("valid/a.txt", "held out"),), None)
    assert list(map("".join, parts.read())) == ["first\nsecond", "held out"]
    assert "nothing is held out" in parts.description()
    assert "10 %" in TextParts(train, None, None).description()


@pytest.mark.parametrize("already_split", [False, True])
def test_what_reading_changed_is_told_once_for_every_file_however_often_it_is_read(
    already_split: bool,
) -> None:
    train = (put("a.txt", "one\r\ntwo\r\n"), put("b.txt", "three\n"))
    held_out = (put("c.txt", "four\rfive\r"),) if already_split else None
    parts = TextParts(train, held_out, None)
    for _ in range(2):
        assert "\r" not in "".join(map("".join, parts.read()))
    told = "\n".join(parts.notes.sentences())
    assert told.count("a.txt") == 1
    assert "b.txt" not in told
    assert ("c.txt" in told) == already_split


def test_the_encoding_holds_for_both_parts() -> None:
    train, held_out = (put(f"{name}.txt", "é".encode("latin-1")) for name in ("a", "b"))
    parts = TextParts((train,), (held_out,), "latin-1")
    assert list(map("".join, parts.read())) == ["é", "é"]


@pytest.mark.parametrize("held_out", [None, ()])
def test_no_text_at_all_is_an_error(held_out: tuple[Path, ...] | None) -> None:
    parts = TextParts((put("empty.txt", ""),), held_out, None)
    for part in parts.read():
        with pytest.raises(CorpusError):
            list(part)
