from fractions import Fraction

import pytest

from gen.corpus.abc_music import staves_of
from gen.corpus.abc_tunes import parse_key, parse_metre, parse_tempo, split_tunes
from gen.corpus.notation import read_notation
from gen.corpus.piece import Piece
from gen.score import Key, Metre, Part, Tempo

EIGHTH = 12


def tune(music: str, metre: str = "4/4", key: str = "C", head: str = "") -> Piece:
    """The piece of one tune whose unit is an eighth."""
    text = f"X:1\nT:A tune\nM:{metre}\nL:1/8\n{head}K:{key}\n{music}\n"
    (piece,) = read_notation(text.encode(), ".abc").pieces
    return piece


def notes(music: str, metre: str = "4/4", key: str = "C") -> list[tuple[int, int, int]]:
    """Onset and duration in ticks, pitch."""
    return [(row[0], row[1], row[2]) for row in tune(music, metre, key).score.notes.tolist()]


def pitches(music: str, metre: str = "4/4", key: str = "C") -> list[int]:
    return [pitch for _, _, pitch in notes(music, metre, key)]


def metres(music: str, metre: str = "4/4") -> list[tuple[int, ...]]:
    return [tuple(each) for each in tune(music, metre).score.metres]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("C,C c c'", [48, 60, 72, 84]),
        ("^C_D=E^^F__G", [61, 61, 64, 67, 65]),
        ("^cc|c", [73, 73, 72]),  # an accidental lasts to the bar's end
        ("^cC", [73, 61]),  # in every octave
        ("^c=c^c", [73, 72, 73]),
        ("c4-c4-|c2", [72]),
        ("^c8-|c2 c2", [73, 72]),  # a tie takes the accidental with it, and no further
        ("{^d}e d", [76, 74]),
        ("(c.d~e) Tf vg", [72, 74, 76, 77, 79]),
        ('"Am"c "^text>|:"d !trill!e +f+f', [72, 74, 76, 77]),
        ("c % d\ne", [72, 76]),
        ("c`d", [72, 74]),
    ],
)
def test_pitches(music: str, expected: list[int]) -> None:
    assert pitches(music) == expected


def test_the_key_alters_what_has_no_sign() -> None:
    assert pitches("fcB =f", key="D") == [78, 73, 71, 77]
    assert pitches("f [K:C] f", key="D") == [78, 77]
    assert pitches("fg", key="Dm ^f") == [78, 79]


@pytest.mark.parametrize(
    ("music", "lengths"),
    [
        ("c c2 c/ c/2 c// c3/2 c3/ c4/3", ["1", "2", "1/2", "1/2", "1/4", "3/2", "3/2", "4/3"]),
        ("c>d c<d c>>d", ["3/2", "1/2", "1/2", "3/2", "7/4", "1/4"]),
        ("c>(d e)>f", ["3/2", "1/2", "3/2", "1/2"]),
        ("c2>d2", ["3", "1"]),
        ("(3cde f (3c{d}de", ["2/3"] * 3 + ["1"] + ["2/3"] * 3),
        ("(3c2d e (3::2 c d e", ["4/3", "2/3", "2/3", "2/3", "2/3", "1"]),
        ("(5:4:5 ccccc (2cd", ["4/5"] * 5 + ["3/2"] * 2),
        ("c z c x c", ["1", "1", "1"]),
    ],
)
def test_lengths(music: str, lengths: list[str]) -> None:
    (staff,) = staves_of(next(split_tunes(f"X:1\nL:1/4\nM:8/1\nK:C\n{music}")))
    assert [note.duration for note in staff.measures[0].notes] == [Fraction(each) for each in lengths]


def test_a_dotted_rhythm_moves_the_note_between() -> None:
    assert notes("c>d e<f z>g") == [
        (0, 18, 72),
        (18, 6, 74),
        (24, 6, 76),
        (30, 18, 77),
        (66, 6, 79),
    ]


def test_five_in_compound_time_are_played_in_the_time_of_three() -> None:
    assert (
        notes("(5ccccc", "6/8")[-1][0] + notes("(5ccccc", "6/8")[-1][1] - notes("(5ccccc", "6/8")[0][0] == 36
    )


def test_what_follows_a_chord_begins_where_its_first_note_ends() -> None:
    assert notes("[c2e]d") == [(0, 24, 72), (0, 12, 76), (24, 12, 74)]
    assert notes("[ce2]d") == [(0, 12, 72), (0, 24, 76), (12, 12, 74)]


def test_chords_and_their_ties() -> None:
    assert notes("[CEG]2 [C-E]4 C2") == [
        (0, 24, 60),
        (0, 24, 64),
        (0, 24, 67),
        (24, 72, 60),
        (24, 48, 64),
    ]


def test_a_slur_that_looks_like_a_tie_ties_nothing() -> None:
    assert notes("c2-d2 c2-z2") == [(0, 24, 72), (24, 24, 74), (48, 24, 72)]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("cd:|", "cdcd"),
        ("|:c|d:|e", "cdcde"),
        ("c|:d::e:|f", "cddeef"),
        ("|:c|1d:|2e||f", "cdcef"),
        ("|:c|[1 d|e:|[2 f|g|]", "cdecfg"),
        ("|:c[1d:|[2e:|[3f|]g", "cdcecfg"),
        ("|:c|1,2d:|3e|]", "cdcdce"),
        ("|::c::|", "ccc"),
        ("|:c|1d:|2e:||:f:|", "cdceff"),
        ("c|1d|2e|f", "cdef"),  # not well formed: played once
        ("c||d:|", "cdd"),
        ("|:c|d||e|f:|", "cdefcdef"),
        ("|:c|[1,3 d:|[2 e:|f|]", "cdcecdf"),
    ],
)
def test_repeats(music: str, expected: str) -> None:
    letters = {0: "c", 2: "d", 4: "e", 5: "f", 7: "g"}
    assert "".join(letters[pitch % 12] for pitch in pitches(music)) == expected


def test_a_pickup_becomes_a_bar_that_begins_with_rests() -> None:
    assert notes("c2|d8|e8")[0] == (72, 24, 72)
    assert metres("c2|d8|e8") == [(0, 4, 4)]
    piece = tune("c2|d8|e8", key="G", head="Q:1/4=90\n")
    assert (piece.score.keys, piece.score.tempos) == ((Key(0, 1),), (Tempo(0, 90),))


def test_two_measures_that_make_one_bar_are_one() -> None:
    assert metres("c2|d8|e6:|g2|f8|g6|]") == [(0, 4, 4)]
    assert notes("c2|d8|e6:|g2|f8|g6|]")[2:4] == [(192, 72, 76), (264, 24, 72)]


def test_other_irregular_measures_have_a_metre_of_their_own() -> None:
    assert metres("c8|d4|e8|f8") == [(0, 4, 4), (96, 2, 4), (144, 4, 4)]
    assert metres("c8|d8e3|f8|f8") == [(0, 4, 4), (96, 11, 8), (228, 4, 4)]
    assert metres("c8|d/|e8|f8") == [(0, 4, 4), (96, 1, 16), (102, 4, 4)]


def test_a_missing_bar_line_needs_no_metre_and_a_short_end_neither() -> None:
    assert metres("c8d8|e8|f4") == [(0, 4, 4)]


def test_a_measure_that_no_metre_fits_is_filled_up_to_the_next_thirty_second() -> None:
    assert metres("c8|d2/3|e8|f8") == [(0, 4, 4), (96, 3, 32), (105, 4, 4)]
    assert notes("c8|d2/3|e8|f8")[2][0] == 105


def test_what_holds_at_a_repeat_holds_again() -> None:
    piece = tune("|:c8|[K:G]d8:|e8")
    assert piece.score.keys == (Key(0, 0), Key(96, 1), Key(192, 0), Key(288, 1))
    piece = tune("c8|:d8|[K:G]e8:|")
    assert piece.score.keys == (Key(0, 0), Key(192, 1), Key(288, 0), Key(384, 1))


def test_the_head_says_metre_key_tempo_and_program() -> None:
    piece = tune("c8|[M:3/4]d6|[Q:1/8=120]e6", key="Ador", head="Q:1/2=50\n%%MIDI program 73\n")
    assert piece.title == "A tune"
    assert piece.score.metres == (Metre(0, 4, 4), Metre(96, 3, 4))
    assert piece.score.keys == (Key(0, 1, "dorian"),)
    assert piece.score.tempos == (Tempo(0, 100), Tempo(168, 60))
    assert piece.score.parts == (Part(73),)


def test_voices_are_parts() -> None:
    text = "X:1\nM:4/4\nL:1/8\nV:1\nV:2\nK:G\n[V:1]c8|f8|\n[V:2]C8|F8|\nV:1\ng8\nV:2\nG8\n"
    (piece,) = read_notation(text.encode(), ".abc").pieces
    assert [(row[0], row[2], row[4]) for row in piece.score.notes.tolist()] == [
        (0, 72, 0),
        (0, 60, 1),
        (96, 78, 0),
        (96, 66, 1),
        (192, 79, 0),
        (192, 67, 1),
    ]


def test_an_overlay_sounds_with_its_bar() -> None:
    assert notes("c8&e4g4|d8") == [(0, 96, 72), (0, 48, 76), (48, 48, 79), (96, 96, 74)]


def test_keys_metres_and_tempos() -> None:
    assert parse_key("Bb").fifths == -2
    assert (parse_key("F#m").fifths, parse_key("F#m").mode) == (3, "minor")
    assert (parse_key("E Phrygian").fifths, parse_key("Gmix").mode) == (0, "mixolydian")
    assert parse_key("HP").alterations == {}
    assert parse_key("none").fifths is None
    assert parse_key("Am octave=-1").shift == -12
    assert [parse_metre(each) for each in ["C", "C|", "6/8", "2+3/8", "none", "4/7"]] == [
        (4, 4),
        (2, 2),
        (6, 8),
        (5, 8),
        None,
        None,
    ]
    half = Fraction(1, 2)
    assert [
        parse_tempo(each, half) for each in ["1/4=120", '"Slow" 3/8=50', "C3=40", "120", "1/2=112.5", "x"]
    ] == [
        120,
        75,
        60,
        60,
        225,
        None,
    ]
