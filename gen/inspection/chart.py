"""The fading of the gradient as a drawing in SVG, to stand in a page."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

_WIDTH, _HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 40
_MOST_DECADES = 8
_TICKS = 5

Curve = tuple[str, str, Sequence[float]]


def curves(gradient: dict[str, Any]) -> list[Curve]:
    """A name for style sheets, a name for people and the norms, of each curve there is."""
    plain = gradient["plain_rnn"]
    return [
        ("memory", "at C, the memory", gradient["C"]),
        ("hidden", "at h", gradient["h"]),
        ("input", "at the input", gradient["input"]),
        ("kept-mean", "kept by the forget gates, the mean unit", gradient["kept_mean"]),
        ("kept-most", "kept by the forget gates, the most lasting unit", gradient["kept_most"]),
        ("plain-before", "plain RNN, untrained, at the input", plain["before"]),
        ("plain-after", "plain RNN, trained to recall, at the input", plain["after"]),
    ]


def shares(norms: Sequence[float], length: int) -> list[float]:
    """What is left of a gradient, as a share of that at the loss itself, so many steps back."""
    return [norm / norms[0] if norms[0] > 0 else 0.0 for norm in norms[:length]]


def gradient_chart(gradient: dict[str, Any]) -> str:
    """The curves over the steps back, in decades."""
    length = len(gradient["input"])
    drawn = [(style, name, shares(norms, length)) for style, name, norms in curves(gradient)]
    seen = [share for _, _, curve in drawn for share in curve if share > 0 and math.isfinite(share)]
    highest = math.ceil(math.log10(max([1.0, *seen])))
    lowest = max(math.floor(math.log10(min([0.1, *seen]))), highest - _MOST_DECADES)

    def across(steps: float) -> float:
        return _LEFT + steps / max(1, length - 1) * (_WIDTH - _LEFT - _RIGHT)

    def down(share: float) -> float:
        decade = math.log10(share) if share > 0 else lowest
        height = min(1.0, (highest - decade) / (highest - lowest))
        return _TOP + height * (_HEIGHT - _TOP - _BOTTOM)

    return "".join(
        (
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="chart-name">',
            '<title id="chart-name">What is left of the gradient, by steps back</title>',
            *(_level(decade, down(10.0**decade)) for decade in range(lowest, highest + 1)),
            *_steps(length, across),
            *(
                f'<polyline class="curve {style}" points="{_points(curve, across, down)}"/>'
                for style, _, curve in drawn
            ),
            "</svg>",
        )
    )


def _level(decade: int, y: float) -> str:
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**decade:g}</text>'
    )


def _steps(length: int, across: Any) -> Iterator[str]:
    for tick in range(_TICKS + 1):
        steps = round(tick * (length - 1) / _TICKS)
        y = _HEIGHT - _BOTTOM + 18
        yield f'<text x="{across(steps):.1f}" y="{y}" text-anchor="middle">{steps}</text>'
    yield f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 4}" text-anchor="middle">steps back</text>'


def _points(curve: Sequence[float], across: Any, down: Any) -> str:
    return " ".join(
        f"{across(steps):.1f},{down(share):.1f}" for steps, share in enumerate(curve) if math.isfinite(share)
    )
