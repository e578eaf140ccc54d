import pytest

from gen.export.roll import piano_roll, pitch_name
from gen.score import Part, make_score


@pytest.mark.parametrize(("pitch", "name"), [(60, "C4"), (69, "A4"), (0, "C-1"), (127, "G9"), (61, "C#4")])
def test_pitches_are_named_as_musicians_do(pitch: int, name: str) -> None:
    assert pitch_name(pitch) == name


def test_notes_stand_at_their_pitch_from_their_onset_to_their_end() -> None:
    score = make_score([(0, 24, 60, 72, 0), (24, 48, 62, 72, 0), (96, 6, 60, 72, 0)], [Part()]).score
    assert piano_roll(score).splitlines() == [
        "D4   ┊   █▬▬▬▬▬▬▬    ┊",
        "C#4  ┊               ┊",
        "C4   █▬▬▬            █",
    ]


def test_a_long_piece_goes_on_in_the_next_system_and_nothing_is_lost() -> None:
    notes = [(24 * beat, 24, 60 + beat % 3, 72, 0) for beat in range(32)]
    score = make_score(notes, [Part()]).score
    lines = piano_roll(score, width=45).splitlines()
    assert all(len(line) <= 45 for line in lines)
    assert sum(line.count("█") for line in lines) == 32
    assert lines.count("") == 3


def test_drums_are_drawn_where_they_are_alone() -> None:
    drums = make_score([(0, 6, 36, 72, 0)], [Part(is_drums=True)]).score
    assert piano_roll(drums) == "C2   █\n"
    both = make_score([(0, 6, 36, 72, 0), (0, 6, 60, 72, 1)], [Part(is_drums=True), Part()]).score
    assert piano_roll(both) == "C4   █\n"
    assert piano_roll(make_score([], []).score) == "(no notes)\n"
