import re
from typing import Any

import pytest

from gen.inspection.chart import curves, gradient_chart

GRADIENT: dict[str, Any] = {
    "C": [20.0, 2.0, 0.2, 0.0],
    "h": [5.0, 50.0, 5.0, 0.5],
    "input": [1.0, 1.0, 1.0, 1.0],
    "kept_mean": [1.0, 0.1, 0.01, 0.001],
    "kept_most": [1.0, 1.0, 1.0, 1.0],
    "plain_rnn": {"before": [3.0, 0.3, 3e-30, 3.0, 1.0, 1.0], "after": [7.0] * 6},
}


def points(chart: str, style: str) -> list[tuple[float, float]]:
    [found] = re.findall(rf'class="curve {style}" points="([^"]*)"', chart)
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in found.split())]


def levels(chart: str) -> dict[float, float]:
    """Where the lines of the grid are, by what is written beside them."""
    found = re.findall(r'<line class="grid"[^>]* y1="([^"]+)"[^>]*/><text[^>]*>([^<]+)</text>', chart)
    return {float(label): float(y) for y, label in found}


def test_a_curve_is_the_share_of_what_it_begins_with_on_the_lines_of_the_grid() -> None:
    chart = gradient_chart(GRADIENT)
    grid = levels(chart)
    assert max(grid) == 10  # the gradient at h grows at first
    for style, expected in (
        ("memory", [1, 0.1, 0.01]),
        ("hidden", [1, 10, 1, 0.1]),
        ("kept-mean", [1, 0.1, 0.01]),
    ):
        for (_, y), share in zip(points(chart, style), expected, strict=False):
            assert y == pytest.approx(grid[share], abs=0.06), style
    assert grid[10] < grid[1] < grid[0.1]  # upwards is less in SVG


def test_what_is_beyond_eight_decades_or_nothing_lies_at_the_foot() -> None:
    chart = gradient_chart(GRADIENT)
    grid = levels(chart)
    assert len(grid) == 9
    foot = max(grid.values())
    assert points(chart, "memory")[3][1] == foot
    assert points(chart, "plain-before")[2][1] == foot


def test_all_curves_go_as_far_as_the_models_and_steps_are_evenly_apart() -> None:
    chart = gradient_chart(GRADIENT)
    for style, _, _ in curves(GRADIENT):
        xs = [x for x, _ in points(chart, style)]
        assert len(xs) == 4
        assert xs[1] - xs[0] == pytest.approx(xs[3] - xs[2], abs=0.11)


def test_a_gradient_that_is_no_number_is_left_out() -> None:
    chart = gradient_chart({**GRADIENT, "C": [float("nan")] * 4, "h": [0.0] * 4})
    assert "nan" not in chart
    assert {y for _, y in points(chart, "hidden")} == {max(levels(chart).values())}
