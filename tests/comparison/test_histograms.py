import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.comparison.histograms import histogram, total_variation

counts = st.lists(st.integers(0, 50), min_size=3, max_size=3)


@given(counts, counts)
def test_total_variation_is_the_most_that_any_event_differs_by(one: list[int], other: list[int]) -> None:
    if not sum(one) or not sum(other):
        assert total_variation(one, other) == (sum(one) != sum(other))
        return
    first, second = (np.array(each) / sum(each) for each in (one, other))
    events = [np.array([event >> bit & 1 for bit in range(3)], bool) for event in range(8)]
    assert total_variation(one, other) == pytest.approx(
        max(abs(first[e].sum() - second[e].sum()) for e in events)
    )


def test_what_is_not_shown_stands_together_and_still_counts_for_the_distance() -> None:
    found = histogram("x", "", ["c", "a"], [5, 0, 3, 2], [5, 4, 3, 0], [1, 0, 0, 0], [2, 0])
    assert found.labels == ("c", "a", "others")
    assert (found.output, found.corpus) == ((3, 5, 2), (3, 5, 4))
    assert found.distance == pytest.approx((abs(5 - 50 / 12) + 40 / 12 + abs(3 - 30 / 12) + 2) / 20)
    assert found.held_out_distance == pytest.approx(7 / 12)


def test_what_never_occurs_is_left_out_at_the_end_alone() -> None:
    found = histogram("x", "", ["a", "b", "c", "d"], [1, 0, 0, 0], [1, 0, 2, 0], None)
    assert (found.labels, found.output, found.corpus) == (("a", "b", "c"), (1, 0, 0), (1, 0, 2))
    assert found.held_out_distance is None
    alone = histogram("x", "", ["a", "b"], [0, 2], None, None)
    assert (alone.corpus, alone.distance) == (None, None)
