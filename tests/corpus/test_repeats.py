import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.corpus.repeats import Marks, order_of_play

START = Marks(starts=True)
TWICE = Marks(times=2)
BOUNDARY = Marks(is_boundary=True)


def ending(*numbers: int, times: int = 0) -> Marks:
    return Marks(endings=frozenset(numbers), times=times)


def played(*marks: Marks) -> str | None:
    """The order in letters: measure 0 is a."""
    order = order_of_play(marks)
    return None if order is None else "".join(chr(ord("a") + place) for place in order)


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ((Marks(), Marks()), "ab"),
        ((Marks(), TWICE, Marks()), "ababc"),
        ((Marks(), START, TWICE, Marks()), "abcbcd"),
        ((TWICE, TWICE), "aabb"),
        ((Marks(starts=True, times=3), Marks()), "aaab"),
        ((START, ending(1, times=2), ending(2), Marks()), "abacd"),
        ((START, ending(1), ending(1, times=2), ending(2), ending(2)), "abcade"),
        ((START, ending(1, 2, times=2), ending(3), Marks()), "ababacd"),
        ((START, ending(1, times=2), ending(2, times=2), START, TWICE), "abacdede"),
        ((START, ending(1, times=2), ending(2), Marks(), TWICE), "abacdede"),
        ((Marks(), BOUNDARY, TWICE), "abcbc"),
        ((START, Marks(), BOUNDARY, TWICE), "abcdabcd"),
        ((START, BOUNDARY, ending(1, times=2), ending(2), Marks()), "abcabde"),
        ((START, TWICE, Marks(), BOUNDARY, TWICE), "ababcdede"),
        ((START, ending(1, times=2), ending(2), Marks(), BOUNDARY, TWICE), "abacdefef"),
        ((START, ending(1, 3, times=2), ending(2, times=2)), "abacab"),
        ((START, ending(1, 3, times=2), ending(2, times=2), Marks(), TWICE), "abacabdede"),
        ((START, ending(1, 3, times=2), ending(2, times=2), ending(4), Marks()), "abacabade"),
        ((START, ending(1, 3), ending(1, 3, times=2), ending(2, times=2), START, TWICE), "abcadabcefef"),
        ((START, ending(1, 3, times=2), ending(2, times=2), Marks(leads_to="beginning")), "abacabdabd"),
        ((Marks(), Marks(leads_to="beginning")), "abab"),
        ((Marks(is_fine=True), Marks(leads_to="beginning")), "aba"),
        ((Marks(), Marks(is_segno=True), Marks(is_fine=True), Marks(leads_to="segno")), "abcdbc"),
        ((START, Marks(times=2, is_fine=True), Marks(leads_to="beginning")), "ababcab"),
        ((ending(1, times=2), ending(2, times=0), Marks(leads_to="beginning")), "abcbc"),
    ],
)
def test_well_formed_repeats_are_played(marks: tuple[Marks, ...], expected: str) -> None:
    assert played(*marks) == expected


@pytest.mark.parametrize(
    "marks",
    [
        (START, ending(1), ending(2), Marks()),  # nothing leads back
        (START, ending(2), Marks()),
        (START, ending(1, times=2), ending(3), Marks()),
        (Marks(), Marks(leads_to="coda")),
        (Marks(), Marks(leads_to="segno")),  # no segno
        (Marks(leads_to="beginning"), Marks()),  # what follows is never heard
        (Marks(starts=True, times=1000),),
    ],
)
def test_repeats_that_make_no_sense_are_none(marks: tuple[Marks, ...]) -> None:
    assert order_of_play(marks) is None


@given(
    st.lists(
        st.builds(
            Marks,
            starts=st.booleans(),
            times=st.sampled_from([0, 0, 2, 3]),
            endings=st.sampled_from([frozenset(), frozenset(), frozenset({1}), frozenset({2})]),
            is_boundary=st.booleans(),
            is_fine=st.booleans(),
            is_segno=st.booleans(),
            leads_to=st.sampled_from(["", "", "", "beginning", "segno", "coda"]),
        ),
        max_size=12,
    )
)
def test_whatever_the_marks_every_measure_is_played_or_none(marks: list[Marks]) -> None:
    order = order_of_play(marks)
    assert order is None or set(order) == set(range(len(marks)))
