import re
import warnings
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gen.corpus.music21_corpora import MUSIC21_CORPORA
from gen.corpus.notation import read_notation
from gen.export.abc import abc_text
from gen.export.spelling import signature_of, spell
from gen.score import DURATION, ONSET, PITCH, Key, Metre, Part, Score, Tempo, make_score
from tests.scores import melodies, scores

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
WORD = re.compile(
    r"\[(?P<field>[MKQ]):(?P<value>[^]]+)\]|(?P<three>\(3)"
    r"|[_=^]?(?P<letter>[A-Ga-gz])(?P<octave>[,']*)(?P<units>\d*)(?:/(?P<parts>\d+))?(?P<tie>-?)"
)


def with_default_velocity(score: Score) -> Score:
    notes = score.notes.copy()
    notes[:, 3] = 72
    made = make_score(notes, score.parts, tempos=score.tempos, metres=score.metres, keys=score.keys)
    return made.score


def heard_by_music21(text: str) -> list[tuple[Fraction, Fraction, int]]:
    """Onset, duration (in quarters) and pitch of the notes, ties joined, by music21's own reader of ABC."""
    from music21 import converter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = converter.parse(text, format="abc", forceSource=True, storePickle=False)
    heard: list[tuple[Fraction, Fraction, int]] = []
    now, tied = Fraction(0), False
    score = read.scores[0] if "Opus" in read.classSet else read
    for element in score.parts[0].recurse().notesAndRests:
        length = Fraction(element.quarterLength).limit_denominator(96)
        if element.isNote:
            if tied and heard[-1][2] == element.pitch.midi:
                heard[-1] = (heard[-1][0], heard[-1][1] + length, element.pitch.midi)
            else:
                heard.append((now, length, element.pitch.midi))
            tied = element.tie is not None and element.tie.type in ("start", "continue")
        now += length
    return heard


def counted(text: str) -> list[tuple[Fraction, Fraction, int]]:
    """Onset, duration (in quarters) and pitch without signs of the notes, ties joined, by counting alone.

    It checks that the text holds nothing else, and that each bar but the last is as long as its metre says.
    """
    head, body = re.fullmatch(r"(?s)(.*\nK:[^\n]*\n)(.*) \|\]\n", text).groups()  # type: ignore[union-attr]
    fields = dict(re.findall(r"(?m)^([ML]):(.*)$", head))
    metre, unit = 4 * Fraction(fields["M"]), 4 * Fraction(fields["L"])
    found: list[tuple[Fraction, Fraction, int]] = []
    begin, tied = Fraction(0), False
    bars = body.split("|")
    for place, bar in enumerate(bars):
        assert WORD.sub("", bar).strip() == ""
        now, in_triplet = begin, 0
        for word in WORD.finditer(bar):
            if word["field"] == "M":
                metre = 4 * Fraction(word["value"])
            elif word["three"]:
                in_triplet = 3
            elif letter := word["letter"]:
                length = unit * Fraction(int(word["units"] or 1), int(word["parts"] or 1))
                length *= Fraction(2, 3) if in_triplet else 1
                in_triplet -= in_triplet > 0
                if letter != "z":
                    pitch = 12 * (word["octave"].count("'") - word["octave"].count(",") + letter.islower())
                    pitch += 60 + STEPS[letter.upper()]
                    onset, before = found.pop()[:2] if tied else (now, 0)
                    found.append((onset, before + length, pitch))
                    tied = word["tie"] == "-"
                now += length
        assert now == begin + metre or (place == len(bars) - 1 and now < begin + metre)
        begin = now
    assert not tied
    return found


def in_quarters(melody: Score) -> list[tuple[Fraction, Fraction, int]]:
    return [
        (Fraction(onset, 24), Fraction(duration, 24), pitch)
        for onset, duration, pitch in melody.notes[:, [ONSET, DURATION, PITCH]].tolist()
    ]


@given(melodies())
def test_a_melody_is_read_back_equal(melody: Score) -> None:
    (piece,) = read_notation(abc_text(melody, "A tune").encode(), ".abc").pieces
    assert piece.title == "A tune"
    assert (piece.moved, piece.mended) == (0, 0)
    assert piece.score == with_default_velocity(melody)


@settings(max_examples=25)
@given(melodies(max_notes=12))
def test_music21_reads_the_same_notes(melody: Score) -> None:
    text = "\n".join(line for line in abc_text(melody).splitlines() if not line.startswith("%%"))
    if any(abs(key.fifths) > 3 or key.mode == "locrian" for key in melody.keys):
        return  # music21 knows no locrian, nor all tonics
    # It passes over changes of metre, cuts bars that are longer than the first metre there, and loses what is
    # left where no metre has that length: of "M:4/4 L:1/8 C8|C8|[M:3/2]C37/4|]" it keeps 8 of the last 37/4.
    if any(bar.metre.bar_ticks > melody.metres[0].bar_ticks for bar in melody.bars()):
        return
    assert heard_by_music21(text) == in_quarters(melody)


@example(make_score([(8 * place, 8, 60 + place, 72, 0) for place in range(15)], [Part()]).score)
@given(melodies())
def test_lengths_and_ties_add_up_to_the_notes_and_the_bars(melody: Score) -> None:
    found, expected = counted(abc_text(melody)), in_quarters(melody)
    assert [note[:2] for note in found] == [note[:2] for note in expected]
    assert all(abs(plain[2] - note[2]) <= 1 for plain, note in zip(found, expected, strict=True))


def test_the_tunes_of_a_corpus_are_read_back_equal() -> None:
    seen = 0
    for path in MUSIC21_CORPORA["ryans-mammoth"].files()[::40]:
        (piece,) = read_notation(path.read_bytes(), ".abc").pieces
        if piece.score.is_melody:
            seen += 1
            (again,) = read_notation(abc_text(piece.score, piece.title).encode(), ".abc").pieces
            assert again.score == piece.score
    assert seen > 20


@given(scores())
def test_only_a_melody_is_written(score: Score) -> None:
    if not score.is_melody:
        with pytest.raises(ValueError, match="no melody"):
            abc_text(score)


def test_a_tune_looks_as_a_musician_would_write_it() -> None:
    notes = [
        (36, 12, 62, 72, 0),  # a pickup
        *((48 + 12 * place, 12, pitch, 72, 0) for place, pitch in enumerate([66, 66, 67, 68])),
        *((96 + 8 * place, 8, pitch, 72, 0) for place, pitch in enumerate([69, 71, 73])),
        (120, 48, 74, 72, 0),  # over the bar line
        (168, 24, 68, 72, 0),
    ]
    score = make_score(
        notes, [Part(40)], tempos=[Tempo(0, 96)], metres=[Metre(0, 2, 4), Metre(144, 3, 4)], keys=[Key(0, 2)]
    ).score
    assert abc_text(score, "Test") == (
        "X:1\nT:Test\nM:2/4\nL:1/16\nQ:1/4=96\n%%MIDI program 40\nK:D\n"
        "z6D2 | F2F2 G2^G2 | (3A2B2c2 d4- | [M:3/4] d4 ^G4 |]\n"
    )


def test_changes_of_key_and_tempo_stand_before_the_note_where_they_begin() -> None:
    notes = [(0, 24, 60, 72, 0), (24, 24, 61, 72, 0), (72, 24, 63, 72, 0)]
    keys, tempos = [Key(0, 0), Key(24, -4, "minor")], [Tempo(0, 60), Tempo(60, 90)]
    score = make_score(notes, [Part()], tempos=tempos, keys=keys).score
    assert abc_text(score).splitlines()[-1] == "C2 [K:Fm] D2 z [Q:1/4=90] z E2 |]"
    assert read_notation(abc_text(score).encode(), ".abc").pieces[0].score == score


def test_the_lowest_pitch_in_seven_sharps_is_a_sharp_b_below_the_lowest_c() -> None:
    score = make_score([(0, 24, 0, 72, 0), (24, 24, 1, 72, 0)], [Part()], keys=[Key(0, 7)]).score
    assert abc_text(score).splitlines()[-1] == "B,,,,,,2 C,,,,,2 |]"
    assert read_notation(abc_text(score).encode(), ".abc").pieces[0].score == score


@given(st.integers(0, 127), st.integers(-7, 7))
def test_a_spelling_sounds_as_the_pitch_and_needs_no_sign_where_the_key_has_it(
    pitch: int, fifths: int
) -> None:
    letter, alteration, octave = spell(pitch, fifths)
    assert 12 * (octave + 1) + STEPS[letter] + alteration == pitch
    assert -2 <= octave <= 9
    in_key = {(STEPS[each] + signature_of(fifths).get(each, 0)) % 12 for each in STEPS}
    assert (signature_of(fifths).get(letter, 0) == alteration) == (pitch % 12 in in_key)
