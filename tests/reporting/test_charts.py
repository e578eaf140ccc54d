"""Drawings against the numbers they are of."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gen.comparison.histograms import Histogram
from gen.reporting.charts import Curve, curves_chart, histogram_chart, round_numbers, thinned

LEVEL = re.compile(r'<line class="grid"[^>]* y1="([^"]+)"[^>]*/><text[^>]*>([^<%]+)%?</text>')


def test_a_curve_lies_where_the_levels_say() -> None:
    chart = curves_chart("x", "Loss", [Curve("training", "training", [(0, 4.0), (50, 3.0), (100, 1.0)])])
    levels = {float(label): float(y) for y, label in LEVEL.findall(chart)}
    [found] = re.findall(r'class="curve training" points="([^"]*)"', chart)
    points = [(float(x), float(y)) for x, y in (pair.split(",") for pair in found.split())]
    assert [y for _, y in points] == pytest.approx([levels[4.0], levels[3.0], levels[1.0]], abs=0.06)
    assert points[1][0] - points[0][0] == pytest.approx(points[2][0] - points[1][0], abs=0.11)
    feet = {
        int(label): float(x)
        for x, label in re.findall(r'<text x="([\d.]+)" y="278"[^>]*>(\d+)</text>', chart)
    }
    assert feet[0] == pytest.approx(points[0][0], abs=0.06)
    assert feet[100] == pytest.approx(points[2][0], abs=0.06)


def test_a_curve_of_one_point_is_a_point_and_one_of_equal_values_a_line() -> None:
    assert "<circle" in curves_chart("x", "", [Curve("a", "", [(10, 2.0)])])
    assert "nan" not in curves_chart("x", "", [Curve("a", "", [(10, 2.0), (20, 2.0)]), Curve("b", "", [])])


def test_bars_are_as_tall_as_their_shares() -> None:
    histogram = Histogram("letters", "", ("a", "b<", "long one"), (1, 3, 0), (2, 1, 1), 0.5)
    chart = histogram_chart("x", histogram)
    tall = {
        style: [float(h) for h in re.findall(rf'<rect class="{style}"[^>]* height="([\d.]+)"', chart)]
        for style in ("output", "corpus")
    }
    assert tall["output"] == pytest.approx([tall["output"][1] * share for share in (1 / 3, 1, 0)], abs=0.1)
    assert tall["corpus"] == pytest.approx(
        [tall["output"][1] * share for share in (2 / 3, 1 / 3, 1 / 3)], abs=0.1
    )
    levels = {float(label): float(y) for y, label in LEVEL.findall(chart)}
    assert tall["output"][1] == pytest.approx((levels[0] - levels[60]) * 75 / 60, abs=0.2)
    assert "b&lt;" in chart
    assert "commonest in the output: b&lt;; total variation 0.500" in chart


@given(st.floats(0, 1e9), st.floats(0, 1e9))
@example(0.0, 5e-324)
def test_round_numbers_lie_within_and_are_few(one: float, other: float) -> None:
    low, high = sorted((one, other))
    found = round_numbers(low, high)
    span = high - low
    assert 1 <= len(found) <= 12
    assert all(low - 1e-6 * span <= number <= high + 1e-6 * span for number in found)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400), st.integers(3, 50))
def test_what_is_thinned_keeps_its_ends_and_its_mean(values: list[float], most: int) -> None:
    points = [(float(place), value) for place, value in enumerate(values)]
    found = thinned(points, most)
    assert len(found) == min(most, len(points))
    assert (found[0], found[-1]) == (points[0], points[-1])
    assert [x for x, _ in found] == sorted(x for x, _ in found)
    assert min(values) - 1e-3 <= min(y for _, y in found)
    assert max(y for _, y in found) <= max(values) + 1e-3
