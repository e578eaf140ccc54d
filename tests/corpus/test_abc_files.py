"""Files of tunes, heads, bounds and damage; and music21 as a second reader."""

import warnings
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.corpus.abc_music import staves_of
from gen.corpus.abc_tunes import split_tunes
from gen.corpus.music21_corpora import MUSIC21_CORPORA
from gen.corpus.notation import read_notation
from gen.corpus.piece import UnreadableError
from gen.score import Metre
from tests.corpus.test_abc import notes, tune


def test_a_file_of_tunes_gives_each_and_tells_of_those_it_cannot_read() -> None:
    text = (
        "M:3/4\n\nX:1\nT:One\nK:C\nc\n\nfree text, no music\n\nX:2\nT:Two\nK:C\nz\n\n"
        "X: 7\nT:Three\nK:C\nc/0\n\nX:8\nT:Four\nK:C\nc,,,,,,,,\n\nX:9\nT:Five\nK:C\nd"
    )
    found = read_notation(text.encode(), ".abc")
    assert [piece.title for piece in found.pieces] == ["One", "Five"]
    assert [piece.score.metres for piece in found.pieces] == [(Metre(0, 3, 4),)] * 2
    assert [len(piece.score.notes) for piece in found.pieces] == [1, 1]
    assert [line.split(":")[0] for line in found.refused] == [
        "tune 2 (Two)",
        "tune 7 (Three)",
        "tune 8 (Four)",
    ]


@pytest.mark.parametrize(
    "text", ["", "X:1\nT:x\nK:C\n", "no music here, 1 2 3", "X:1\nK:C\nz4|\nX:2\nK:C\nz|"]
)
def test_a_file_without_notes_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError, match="has no"):
        read_notation(text.encode(), ".abc")


@pytest.mark.parametrize(
    "music",
    [
        "c9999|" * 300,
        "Z9999|c",
        "|:" + "c|" * 9 + "::::::::::::::::|" * 50,
        "c100000",
        "c99999999999",
    ],
)
def test_what_is_beyond_a_bound_is_refused_or_read(music: str) -> None:
    try:
        assert len(notes(music)) <= 100_000
    except UnreadableError as error:
        assert "\n" not in str(error)


def test_a_tune_of_too_many_notes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gen.corpus.abc_voice.MAX_NOTES", 100)
    assert len(notes("c" * 100)) == 100
    with pytest.raises(UnreadableError, match="more than 100 notes"):
        notes("c" * 101)


def test_a_file_of_too_many_tunes_or_of_too_many_notes_in_them_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "X:1\nK:C\ncde\n\n" * 10 + "X:11\nK:C\nz"
    assert len(read_notation(text.encode(), ".abc").pieces) == 10
    for bound, most in (("MAX_TUNES", 10), ("MAX_TUNES_NOTES", 29)):
        with monkeypatch.context() as patched:
            patched.setattr(f"gen.corpus.notation.{bound}", most)
            with pytest.raises(UnreadableError, match=f"more than .*{most} "):
                read_notation(text.encode(), ".abc")


@given(st.text(st.sampled_from("abcCDE',/|:[]()<>-^_=1234567890zxZ{}\"!&KMLQV \n%X"), max_size=120))
def test_any_letters_are_read_or_refused(music: str) -> None:
    try:
        tune(music)
    except (UnreadableError, ValueError) as error:
        # `ValueError` only from unpacking: the letters may hold a second tune
        assert isinstance(error, UnreadableError) or "unpack" in str(error)


def test_music21_finds_the_same_notes_where_it_can_read_them() -> None:
    """In tunes without graces, texts, dotted rhythms, chords and overfull bars, which it mistakes."""
    from music21 import abcFormat

    seen = 0
    for path in MUSIC21_CORPORA["ryans-mammoth"].files()[::20]:
        (found,) = split_tunes(path.read_text("latin-1"))
        music = "".join(line for line in found.lines if ":" not in line[:2])
        if set(music) & set('{"<>![&') or "=20" in music:
            continue
        (staff,) = staves_of(found)
        ours = [(note.pitch, note.duration) for measure in staff.measures for note in measure.notes]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            handler = abcFormat.ABCFile(abcVersion=(2, 1, 0)).readstr("X:1\n" + "\n".join(found.lines))
            score = abcFormat.translate.abcToStreamScore(handler)
        theirs = [
            (note.pitch.midi, Fraction(note.quarterLength).limit_denominator(96))
            for note in score.parts[0].recurse().notes
        ]
        if len(ours) == len(theirs):  # else it has cut a note where a bar line is missing
            seen += 1
            assert ours == theirs, path.name
    assert seen > 12
