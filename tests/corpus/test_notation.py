import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.corpus.measures import Measure, Staff, WrittenNote, piece_from
from gen.corpus.notation import read_notation
from gen.corpus.piece import Piece
from gen.score import Key, Metre, Part, Tempo
from tests.corpus.musicxml_files import FOUR_FOUR, measures, note, score


def read(text: str, ending: str = ".musicxml") -> Piece:
    (piece,) = read_notation(text.encode(), ending).pieces
    return piece


def rows(piece: Piece) -> list[tuple[int, ...]]:
    """Onset, duration, pitch, part."""
    return [(row[0], row[1], row[2], row[4]) for row in piece.score.notes.tolist()]


def test_a_score_with_tie_chord_tuplet_grace_and_voices() -> None:
    tied = note("C", 24, "<tie type='start'/>") + "</measure><measure>" + note("C", 6, "<tie type='stop'/>")
    triplet = note("D", 2) * 3
    chord = note("E", 6) + note("G", 6, before="<chord/>")
    grace = "<note><grace/><pitch><step>A</step><octave>5</octave></pitch></note>"
    voices = "<backup><duration>24</duration></backup>" + note("C", 24, "<voice>2</voice>", 3)
    piece = read(score(measures(tied + triplet + grace + chord + note("F", 6) + voices)))
    assert piece.title == "A title"
    assert (piece.moved, piece.mended) == (0, 0)
    assert rows(piece) == [
        (0, 120, 72, 0),
        (96, 96, 48, 0),
        (120, 8, 74, 0),
        (128, 8, 74, 0),
        (136, 8, 74, 0),
        (144, 24, 76, 0),
        (144, 24, 79, 0),
        (168, 24, 77, 0),
    ]


def test_metre_key_tempo_and_instruments() -> None:
    listed = (
        '<score-part id="P0"><part-name>a</part-name><score-instrument id="I"><instrument-name>Flute'
        '</instrument-name></score-instrument><midi-instrument id="I"><midi-program>41</midi-program>'
        '</midi-instrument></score-part><score-part id="P1"><part-name>b</part-name></score-part>'
        '<score-part id="P2"><part-name>c</part-name><midi-instrument id="J"><midi-channel>10</midi-channel>'
        "<midi-program>1</midi-program></midi-instrument></score-part>"
    )
    key = "<key><fifths>-3</fifths><mode>dorian</mode></key>" + FOUR_FOUR.replace("<beats>4", "<beats>3")
    tempo = "<direction><direction-type><words>Fast</words></direction-type><sound tempo='90'/></direction>"
    plain = measures(note("C", 18), attributes=key)
    piece = read(score(measures(tempo + note("C", 18), attributes=key), plain, plain, part_list=listed))
    assert piece.score.parts == (Part(40), Part(0), Part(0, is_drums=True))
    assert piece.score.keys == (Key(0, -3, "dorian"),)
    assert piece.score.metres == (Metre(0, 3, 4),)
    assert piece.score.tempos == (Tempo(0, 90),)


@pytest.mark.parametrize("bpm", [60, 120])
def test_a_tempo_from_a_bar_on_stays_slower_or_faster_than_the_one_before(bpm: int) -> None:
    bars = [f"<direction><sound tempo='{each}'/></direction>" + note("C", 24) for each in (90, bpm)]
    piece = read(score(measures("</measure><measure>".join([*bars, note("C", 24)]))))
    assert piece.score.tempos == (Tempo(0, 90), Tempo(96, bpm))


def test_two_staves_of_one_part_have_its_program() -> None:
    listed = (
        '<score-part id="P0"><part-name>a</part-name><score-instrument id="I"><instrument-name>x'
        '</instrument-name></score-instrument><midi-instrument id="I"><midi-program>7</midi-program>'
        "</midi-instrument></score-part>"
    )
    upper = note("C", 24, "<staff>1</staff>")
    lower = "<backup><duration>24</duration></backup>" + note("C", 24, "<voice>2</voice><staff>2</staff>", 3)
    piece = read(
        score(measures(upper + lower, attributes=FOUR_FOUR + "<staves>2</staves>"), part_list=listed)
    )
    assert piece.score.parts == (Part(6), Part(6))


def test_strokes_without_a_pitch_are_drums() -> None:
    stroke = (
        "<note><unpitched><display-step>E</display-step><display-octave>4</display-octave></unpitched>"
        "<duration>24</duration></note>"
    )
    piece = read(score(measures(note("C", 24), stroke)))
    assert piece.score.parts == (Part(0), Part(0, is_drums=True))
    assert [row[3] for row in rows(piece)] == [0, 1]


def test_a_transposing_instrument_sounds_where_it_sounds() -> None:
    clarinet = FOUR_FOUR + "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    assert rows(read(score(measures(note("C", 24), attributes=clarinet))))[0][2] == 70


REPEAT = "<barline location='right'><repeat direction='backward'/></barline>"


def ending(number: int, repeat: str = "") -> str:
    start = f"<barline location='left'><ending number='{number}' type='start'/></barline>"
    return (
        start + "{}" + f"<barline location='right'><ending number='{number}' type='stop'/>{repeat}</barline>"
    )


def test_repeats_and_endings_hold_for_all_parts_though_one_alone_has_them() -> None:
    first = ending(1, "<repeat direction='backward'/>").format(note("D", 24))
    marked = measures(note("C", 24), first, ending(2).format(note("E", 24)))
    plain = measures(note("C", 24, octave=3), note("D", 24, octave=3), note("E", 24, octave=3))
    piece = read(score(marked, plain))
    assert [row[2] for row in rows(piece) if row[3] == 0] == [72, 74, 72, 76]
    assert [row[2] for row in rows(piece) if row[3] == 1] == [48, 50, 48, 52]


def test_a_pickup_and_a_repeat_within_a_bar() -> None:
    piece = read(
        score(measures(note("C", 6), note("D", 24), note("E", 18) + REPEAT, note("F", 6), note("G", 24)))
    )
    assert piece.score.metres == (Metre(0, 4, 4),)
    assert [(row[0], row[2]) for row in rows(piece)] == [
        (72, 72),
        (96, 74),
        (192, 76),
        (264, 72),
        (288, 74),
        (384, 76),
        (456, 77),
        (480, 79),
    ]


def test_da_capo_al_fine() -> None:
    words = "<direction><direction-type><words>{}</words></direction-type></direction>"
    piece = read(
        score(
            measures(
                note("C", 24) + words.format("Fine"),
                note("D", 24),
                note("E", 24) + words.format("D.C. al Fine"),
            )
        )
    )
    assert [row[2] for row in rows(piece)] == [72, 74, 76, 72]


def test_notes_off_the_grid_are_moved_and_counted() -> None:
    quintuplet = "<attributes><divisions>5</divisions></attributes>" + note("C", 1) * 5 + note("D", 15)
    piece = read(score(measures(quintuplet)))
    assert piece.moved == 5
    assert [row[0] for row in rows(piece)] == [0, 5, 10, 14, 19, 24]


def test_kern() -> None:
    text = (
        "!!!OTL: A piece\n**kern\t**kern\n*k[b-]\t*k[b-]\n*F:\t*F:\n*M3/4\t*M3/4\n=1\t=1\n"
        "4f\t4FF\n6a\t2FF\n6b-\t.\n6a\t.\n=2\t=2\n[2.f\t4r\n.\t4C\n.\t4D\n=3\t=3\n4f]\t2.FF\n2r\t.\n==\t==\n*-\t*-\n"
    )
    piece = read(text, ".krn")
    assert [row[:3] for row in rows(piece) if row[2] > 60] == [
        (0, 24, 65),
        (24, 16, 69),
        (40, 16, 70),
        (56, 16, 69),
        (72, 96, 65),
    ]
    assert piece.score.keys == (Key(0, -1),)
    assert piece.score.metres == (Metre(0, 3, 4),)


lengths = st.lists(st.integers(1, 60).map(lambda n: Fraction(n, 12)), min_size=1, max_size=12)


@given(lengths, st.sampled_from([(4, 4), (3, 4), (6, 8), (2, 2), (5, 16)]))
def test_bars_hold_every_measure_where_it_stands(durations: list[Fraction], metre: tuple[int, int]) -> None:
    """A note fills each measure: none is lost, none overlaps, and silence comes only where it must."""
    staff = Staff([Measure([WrittenNote(Fraction(0), each, 60)], each, metre) for each in durations])
    piece = piece_from("", [staff])
    heard = [(row[0], row[1]) for row in piece.score.notes.tolist()]
    assert [duration for _, duration in heard] == [each * 24 for each in durations]
    gaps = [after[0] - before[0] - before[1] for before, after in itertools.pairwise(heard)]
    assert all(0 <= gap < 3 for gap in gaps)  # no metre is finer than a thirty-second
    full = Fraction(4 * metre[0], metre[1])
    pickup = full - durations[0] if len(durations) > 1 and durations[0] < full else 0
    assert heard[0][0] == pickup * 24
    lines = {bar.start for bar in piece.score.bars()}
    for (onset, _), before, length in zip(heard[1:], durations[:-1], durations[1:], strict=True):
        assert onset in lines or before + length == full
