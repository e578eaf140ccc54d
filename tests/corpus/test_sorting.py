"""Text or music: told from the content, never mixed."""

import io
import sys
import tracemalloc
from pathlib import Path

import pytest

from gen.corpus.locate import find, locate
from gen.corpus.sniff import HEAD_BYTES
from tests.corpus.places import names, put, refused

pytestmark = pytest.mark.usefixtures("empty_folder")

ABC = "X:1\nT:a tune\nK:G\nGABc|\n"
KERN = "**kern\t**text\n4c\tla\n*-\t*-\n"
XML = "<?xml version='1.0'?>\n<!DOCTYPE score-partwise>\n<score-partwise version='4.0'></score-partwise>"
MIDI = b"MThd\0\0\0\6\0\0\0\1\0\x18MTrk\0\0\0\4\0\xff\x2f\0"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.mid", MIDI, "music"),
        ("a.kar", b"damaged", "music"),
        ("a.txt", MIDI, "music"),
        ("a.mxl", b"PK\3\4", "music"),
        ("a.musicxml", b"damaged", "music"),
        ("a.xml", XML, "music"),
        ("a.XML", XML.encode("utf-16"), "music"),
        ("a.xml", "<p>score-partwise</p>", "text"),
        ("a.ABC", ABC, "music"),
        ("a.abc", "%abc-2.1\n% about it\nO:Ireland\n\n" + ABC, "music"),
        ("a.abc", b"\xef\xbb\xbf" + ABC.encode(), "music"),
        ("a.abc", "K:G\nX:1\n", "text"),
        ("a.abc", "a b c", "text"),
        ("a.txt", ABC, "text"),
        ("a.krn", KERN, "music"),
        ("a.krn", "!!!COM: somebody\n**dynam\t**kern\n", "music"),
        ("a.krn", "kern", "text"),
        ("a.md", "about **kern and X:1\nK:C", "text"),
    ],
)
def test_the_kind_of_a_file(name: str, content: bytes | str, kind: str) -> None:
    put(name, content)
    located = locate(name)
    assert located.kind == kind
    assert names(located.files) == [name]


def test_a_folder_of_music_keeps_what_is_damaged_for_its_reader() -> None:
    put("c/1.mid", MIDI)
    put("c/d/2.abc", ABC)
    put("c/3.krn", KERN)
    put("c/4.mid", MIDI)
    put("c/5.mid", b"")
    put("c/6.abc", "cut off before its he")
    located = locate("c")
    assert located.kind == "music"
    assert names(located.files) == ["c/1.mid", "c/3.krn", "c/4.mid", "c/5.mid", "c/6.abc", "c/d/2.abc"]
    assert not located.refused
    assert locate("c/*.mid").kind == "music"


def test_a_folder_with_both_kinds_is_an_error_with_the_counts() -> None:
    for number in range(12):
        put(f"c/{number}.mid", MIDI)
    for name in ["README", "LICENSE", "notes.txt", "a.md"]:
        put(f"c/{name}")
    error = refused("c")
    assert error.problem == "c holds 12 files of music and 4 of text (LICENSE, README, a.md, …)"
    assert "*.mid" in error.fix
    assert locate("c/**/*.mid").kind == "music"
    located = locate("c", tokenizer="notes")
    assert located.kind == "music"
    assert len(located.files) == 12
    assert located.notes == ("4 files without music left out: LICENSE, README, a.md, …",)


def test_a_split_folder_is_of_one_kind() -> None:
    put("c/train/1.mid", MIDI)
    put("c/valid/1.txt")
    put("c/test/1.png", b"\0")
    assert "1 file of music and 1 of text" in refused("c").problem
    put("d/train/1.mid", MIDI)
    put("d/valid/1.abc", ABC)
    located = locate("d")
    assert (located.kind, names(located.files), names(located.validation)) == (
        "music",
        ["d/train/1.mid"],
        ["d/valid/1.abc"],
    )


def test_what_is_neither_is_passed_over_beside_music_and_told() -> None:
    put("c/1.mid", MIDI)
    for number in range(4):
        put(f"c/{number}.png", b"\x89PNG\0")
    Path("c/gone.mid").symlink_to("nowhere")
    located = locate("c")
    assert names(located.files) == ["c/1.mid"]
    assert len(located.refused) == 5
    assert "5 files passed over: c/gone.mid is a link to nothing, c/0.png is neither" in located.notes[0]
    assert not find("c").notes


def test_letters_of_music_can_be_read_as_text() -> None:
    put("c/1.abc", ABC)
    put("c/2.krn", KERN)
    put("c/3.musicxml", XML)
    put("c/README")
    located = locate("c", tokenizer="characters")
    assert located.kind == "text"
    assert len(located.files) == 4
    put("c/4.mid", MIDI)
    assert "c/4.mid is music that is not written in letters" in refused_as_text("c")
    put("5.txt", MIDI)
    assert "not written in letters" in refused_as_text("5.txt")


def refused_as_text(spec: str) -> str:
    located = find(spec, tokenizer="characters")
    return "; ".join(f"{bad.path} {bad.reason}" for bad in located.refused)


def test_notes_are_asked_for_where_there_are_none() -> None:
    put("c/a.txt")
    with pytest.raises(Exception, match="c holds no music"):
        locate("c", tokenizer="notes")
    with pytest.raises(Exception, match="holds no music"):
        locate("c/a.txt", tokenizer="notes")


def test_an_empty_file_of_music() -> None:
    put("a.mid", b"")
    error = refused("a.mid")
    assert error.problem == "a.mid is empty"
    assert "music" in error.fix


@pytest.mark.parametrize(
    ("content", "ending", "kind"),
    [
        (MIDI, ".mid", "music"),
        (ABC.encode(), ".abc", "music"),
        (KERN.encode(), ".krn", "music"),
        (XML.encode(), ".musicxml", "music"),
        (b"About ABC:\nX:1\nK:C\n", ".txt", "text"),
        (b"an essay on <score-partwise>", ".txt", "text"),
    ],
)
def test_standard_input_may_be_music(
    content: bytes, ending: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    located = locate("-")
    assert located.kind == kind
    assert located.files[0].suffix == ending
    assert located.files[0].read_bytes() == content


def test_a_hostile_head_costs_no_time() -> None:
    put("a.abc", "X:1\n" * 20_000)
    put("b.krn", "**" + "a\t**" * 20_000)
    assert locate("a.abc").kind == locate("b.krn").kind == "text"


def test_a_named_corpus_of_music_brings_its_terms() -> None:
    located = locate("essen")
    assert located.kind == "music"
    assert located.licence is not None
    assert "non-commercial" in located.licence
    assert len(located.files) > 20
    assert locate("airds", tokenizer="characters").kind == "text"


def test_first_bytes_are_not_kept() -> None:
    """Those of ten thousands of files would be gigabytes."""
    for number in range(40):
        put(f"c/{number}.txt", b"a" * HEAD_BYTES)
    tracemalloc.start()
    try:
        find("c")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * HEAD_BYTES
