"""Curves and histograms as drawings in SVG, to stand in a page, each with a title and a description."""

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from gen.comparison.histograms import Histogram

_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 52, 12, 12, 40
_TICKS = 5
_LEAST_SPAN = 1e-300  # of which a tenth still has all its digits
_MOST_POINTS = 500
_BAR_HEIGHT, _LABELS = 180, 74
_CHARACTERS_UPRIGHT = 3

Points = Sequence[tuple[float, float]]
Scale = Callable[[float], float]


class Curve(NamedTuple):
    """A name for style sheets, a name for people, and the points, from left to right."""

    style: str
    name: str
    points: Points


def curves_chart(
    name: str, title: str, curves: Sequence[Curve], *, height: int = 300, foot: str = "steps"
) -> str:
    """Curves over steps.

    Args:
        name: For the `id`s of the drawing.
        title: What it shows.
        curves: At least one point together.
        height: Of the drawing.
        foot: What lies across.
    """
    points = [point for curve in curves for point in curve.points]
    low, high = min(y for _, y in points), max(y for _, y in points)
    rounds = round_numbers(low, high)
    low, high = min(low, rounds[0]), max(high, rounds[-1])
    first, last = 0.0, max(x for x, _ in points)

    def across(x: float) -> float:
        return _LEFT + (x - first) / max(1e-9, last - first) * (_WIDTH - _LEFT - _RIGHT)

    def down(y: float) -> float:
        return _TOP + (high - y) / max(1e-12, high - low) * (height - _TOP - _BOTTOM)

    said = "; ".join(
        f"{curve.name} from {curve.points[0][1]:.4g} to {curve.points[-1][1]:.4g}"
        for curve in curves
        if curve.points
    )
    lines = "".join(_curve(curve, across, down) for curve in curves if curve.points)
    return (
        f"{_begin(name, height, title, f'{said}, up to step {last:,.0f}')}"
        f"{''.join(_level(value, down(value)) for value in rounds)}"
        f"{''.join(_feet(round_numbers(first, last), across, height))}"
        f'<text x="{_WIDTH / 2}" y="{height - 4}" text-anchor="middle">{escape(foot)}</text>'
        f"{lines}</svg>"
    )


def histogram_chart(name: str, histogram: Histogram) -> str:
    """The shares of an output as narrow bars before the wide ones of the corpus."""
    output, corpus = shares(histogram.output), shares(histogram.corpus or ())
    highest = max([*output, *corpus, 1e-9])
    longest = max(map(len, histogram.labels))
    foot = _LABELS if longest > _CHARACTERS_UPRIGHT else 24
    height = _TOP + _BAR_HEIGHT + foot + (18 if histogram.unit else 0)
    step = (_WIDTH - _LEFT - _RIGHT) / len(histogram.labels)

    def bar(style: str, place: int, share: float, width: float) -> str:
        tall = share / highest * _BAR_HEIGHT
        x, y = _LEFT + step * (place + (1 - width) / 2), _TOP + _BAR_HEIGHT - tall
        return (
            f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{step * width:.1f}" height="{tall:.1f}"/>'
        )

    def level(value: float) -> str:
        return _level(value, _TOP + _BAR_HEIGHT * (1 - value / highest), "%")

    beside = "" if histogram.distance is None else f"; total variation {histogram.distance:.3f}"
    common = max(zip(output, histogram.labels, strict=True))[1]
    return "".join(
        (
            _begin(
                name, height, f"How often: {histogram.name}", f"commonest in the output: {common}{beside}"
            ),
            *(level(value) for value in round_numbers(0.0, highest)),
            *(bar("corpus", place, share, 0.86) for place, share in enumerate(corpus)),
            *(bar("output", place, share, 0.4) for place, share in enumerate(output)),
            *(_label(label, _LEFT + step * (place + 0.5)) for place, label in enumerate(histogram.labels)),
            f'<text x="{_WIDTH / 2}" y="{height - 4}" text-anchor="middle">{escape(histogram.unit)}</text>',
            "</svg>",
        )
    )


def shares(counts: Sequence[int]) -> list[float]:
    """Counts as shares of them all."""
    every = sum(counts)
    return [count / every if every else 0.0 for count in counts]


def thinned(points: Points, most: int = _MOST_POINTS) -> list[tuple[float, float]]:
    """No more points than can be told apart: of neighbours the mean, the first and the last as they are."""
    if len(points) <= most:
        return list(points)
    inner = points[1:-1]
    groups = most - 2
    bounds = [group * len(inner) // groups for group in range(groups + 1)]
    return [
        points[0],
        *(
            (
                sum(x for x, _ in inner[begin:end]) / (end - begin),
                sum(y for _, y in inner[begin:end]) / (end - begin),
            )
            for begin, end in pairwise(bounds)
        ),
        points[-1],
    ]


def round_numbers(low: float, high: float) -> list[float]:
    """A few round numbers, evenly apart, from within `low` and `high` or where they are."""
    span = high - low
    if not span > max(abs(high) * 1e-12, _LEAST_SPAN):
        return [low]
    rough = span / _TICKS
    decade = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * decade for factor in (1, 2, 2.5, 5, 10) if factor * decade >= rough * (1 - 1e-9))
    return [
        number * step for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    ]


def _begin(name: str, height: int, title: str, description: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="{name}-title {name}-said">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-said">{escape(description)}</desc>'
    )


def _curve(curve: Curve, across: Scale, down: Scale) -> str:
    points = [(across(x), down(y)) for x, y in thinned(curve.points)]
    if len(points) == 1:
        [(x, y)] = points
        return f'<circle class="{curve.style}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="curve {curve.style}" points="{joined}"/>'


def _level(value: float, y: float, unit: str = "") -> str:
    said = f"{100 * value:.3g}{unit}" if unit else f"{value:.6g}"
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{said}</text>'
    )


def _feet(values: Sequence[float], across: Scale, height: int) -> Iterator[str]:
    for value in values:
        x = across(value)
        yield f'<text x="{x:.1f}" y="{height - _BOTTOM + 18}" text-anchor="middle">{value:,.0f}</text>'


def _label(label: str, x: float) -> str:
    y = _TOP + _BAR_HEIGHT + 14
    turned = f'text-anchor="end" transform="rotate(-55 {x:.1f} {y - 6})"'
    placed = 'text-anchor="middle"' if len(label) <= _CHARACTERS_UPRIGHT else turned
    return f'<text x="{x:.1f}" y="{y}" {placed}>{escape(label)}</text>'
