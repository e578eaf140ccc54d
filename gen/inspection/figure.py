"""A look inside as one picture: the six quantities as heat maps, the text or the notes, surprise, fading."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gen.export.plotting import prepare_matplotlib
from gen.inspection.chart import curves, shares
from gen.inspection.findings import Findings
from gen.inspection.summary import how_much

_COLUMNS, _MOST_LINES = 110, 14
_COLOURS = {
    "memory": "C0",
    "hidden": "C0",
    "input": "black",
    "kept-mean": "C2",
    "kept-most": "C2",
    "plain-before": "C1",
    "plain-after": "C1",
}
_DASHED = {"hidden": "--", "kept-mean": "--", "plain-before": ":"}
_NAMES = {
    "f": "forget gate f",
    "i": "input gate i",
    "C_candidate": "candidate C̃",
    "C": "tanh of memory C",
    "o": "output gate o",
    "h": "hidden state h",
}
_GATES = ("f", "i", "o")


def figure_png(findings: Findings) -> bytes:
    """The picture as a PNG."""
    with _matplotlib() as plt:
        figure = plt.figure(figsize=(14, 19), layout="constrained")
        try:
            panels = figure.subplot_mosaic(
                [["read"], *([name] for name in _NAMES), ["surprise"], ["fading"]],
                height_ratios=[2.2, *([1.2] * len(_NAMES)), 0.8, 1.8],
            )
            _draw(findings, panels)
            file = io.BytesIO()
            figure.savefig(file, format="png", dpi=100, metadata={"Software": None})
        finally:
            plt.close(figure)
    return file.getvalue()


@contextmanager
def _matplotlib() -> Iterator[Any]:
    """`pyplot` on a canvas without a window."""
    prepare_matplotlib()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of characters that its font lacks
        import matplotlib as mpl

        mpl.use("agg")
        import matplotlib.pyplot as plt

        yield plt


def _draw(findings: Findings, panels: dict[str, Any]) -> None:
    unit, follows = _best_unit(findings)
    surprise = findings.bits_per_unit
    said = "" if surprise is None else f", {surprise:.3f} bits a {findings.passage.unit}"
    panels["read"].set_title(
        f"{how_much(findings)}{said}; layer {findings.layer}, coloured by tanh of C of unit {unit}{follows}",
        fontsize=10,
    )
    colours = np.tanh(findings.step.C[:, unit])
    if findings.passage.roll:
        _draw_roll(findings, panels["read"], colours)
    else:
        _draw_text(findings, panels["read"], colours)
    _draw_maps(findings, panels)
    panels["surprise"].bar(
        np.arange(len(findings.foretold.bits)), findings.foretold.bits, width=1, color="0.4"
    )
    panels["surprise"].set(ylabel="bits", title="surprise", xlim=(-0.5, len(findings.foretold.bits) - 0.5))
    _draw_fading(findings, panels["fading"])


def _best_unit(findings: Findings) -> tuple[int, str]:
    """The unit that follows some count most closely, and which one in words."""
    found = [
        (abs(tracking.r[tracking.best(1)[0]]), name, tracking.best(1)[0])
        for name, tracking in findings.tracking.items()
    ]
    if not found:
        return 0, ""
    _, name, unit = max(found)
    return unit, f", which follows {name}, r = {findings.tracking[name].r[unit]:.2f}"


def _draw_text(findings: Findings, axes: Any, colours: Any) -> None:
    """The first lines, a square a character."""
    shades = np.full((_MOST_LINES, _COLUMNS), np.nan)
    row = column = 0
    for label, level in zip(findings.passage.labels, colours, strict=True):
        if column == _COLUMNS:
            row, column = row + 1, 0
        if row == _MOST_LINES:
            break
        shades[row, column] = level
        letter = axes.text(column, row, "⏎" if label == "\n" else label, family="monospace", fontsize=8)
        letter.set(in_layout=False, ha="center", va="center")
        row, column = (row + 1, 0) if label == "\n" else (row, column + 1)
    axes.imshow(shades, aspect="auto", cmap=_diverging(), vmin=-1.6, vmax=1.6)  # so that letters stay seen
    axes.axis("off")


def _draw_roll(findings: Findings, axes: Any, colours: Any) -> None:
    """The notes over time, in quarters, each with the unit's memory as it is struck."""
    notes = np.array(findings.passage.roll)
    axes.barh(
        notes[:, 3],
        notes[:, 2] / 24,
        left=notes[:, 1] / 24,
        height=0.9,
        color=_diverging()((colours[notes[:, 0]] + 1) / 2),
        edgecolor="0.5",
        linewidth=0.5,
    )
    axes.set(xlabel="quarters", ylabel="pitch")
    for section in findings.passage.sections:
        axes.axvline(findings.passage.ticks[section.first] / 24, color="0.8", linewidth=0.6, zorder=0)


def _diverging() -> Any:
    import matplotlib as mpl

    return mpl.colormaps["PuOr"]


def _draw_maps(findings: Findings, panels: dict[str, Any]) -> None:
    for name, values in findings.step._asdict().items():
        shown = np.tanh(values) if name == "C" else values
        gate = name in _GATES
        image = panels[name].imshow(
            shown.T,
            aspect="auto",
            interpolation="nearest",
            cmap="Blues" if gate else _diverging(),
            vmin=0 if gate else -1,
            vmax=1,
        )
        panels[name].figure.colorbar(image, ax=panels[name], pad=0.01)
        panels[name].set(ylabel="unit")
        panels[name].set_title(_NAMES[name], fontsize=10)


def _draw_fading(findings: Findings, axes: Any) -> None:
    gradient = findings.gradient_json()
    length = len(gradient["input"])
    for style, name, norms in curves(gradient):
        left = np.array(shares(norms, length))
        left[left <= 0] = np.nan
        axes.semilogy(left, _DASHED.get(style, "-"), color=_COLOURS[style], label=name)
    axes.set(xlabel="steps back", ylabel="share left", title="how the gradient fades with distance")
    axes.legend(fontsize=8)
