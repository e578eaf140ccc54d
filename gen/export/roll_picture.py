"""A piano roll as a picture, by matplotlib: pitches upwards, time to the right, a colour for each part."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.export.plotting import prepare_matplotlib
from gen.export.roll import pitch_name
from gen.files import write_atomically
from gen.players import player_name
from gen.score import DURATION, ONSET, PART, PITCH, TICKS_PER_QUARTER, VELOCITY, Score

_WIDTH_IN, _PITCH_IN, _MARGIN_IN = 12.0, 0.075, 0.55
_DPI = 120
_SYSTEM_TICKS = 64 * TICKS_PER_QUARTER  # what one row of the picture holds at least
_MOST_SYSTEMS = 16
_FEWEST_PITCHES = 16
_MOST_NUMBERS = 16  # of bars in a row
_SHADE, _LINE, _FAINT_LINE = "#f0f0f0", "#999999", "#dddddd"
_BLACK_KEYS = (1, 3, 6, 8, 10)
# Okabe and Ito, Color universal design, 2008: told apart by those who see fewer colours, too
_DRUMS_COLOUR = "#888888"
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")


def write_roll(score: Score, path: Path, title: str = "") -> None:
    """Draw the whole piece into a `.png` or `.svg` file, whole or not at all.

    A long piece goes on in rows below; a very long one has more in each row. Louder notes are darker.

    Raises:
        OSError: The folder cannot be written, or the disk is full.
    """
    write_atomically(path, roll_bytes(score, path.suffix.lower().removeprefix("."), title))


def roll_bytes(score: Score, file_format: str, title: str = "") -> bytes:
    """The bytes of the file that `write_roll` writes, in the format `png` or `svg`."""
    prepare_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    row_ticks, starts = _rows(score)
    lowest, highest = _pitch_range(score)
    row_in = (highest - lowest + 1) * _PITCH_IN + _MARGIN_IN
    top_in = 0.3 + 0.3 * bool(title)
    height_in = len(starts) * row_in + top_in
    # what would differ from one time to the next: the date, and the names of parts of an .svg
    with matplotlib.rc_context({"svg.hashsalt": "gen", "font.size": 8}):
        figure = Figure(figsize=(_WIDTH_IN, height_in))
        for row, start in enumerate(starts):
            bottom = (len(starts) - row - 1) * row_in + 0.3
            box = (0.05, bottom / height_in, 0.935, (row_in - _MARGIN_IN + 0.15) / height_in)
            axes = figure.add_axes(box)
            axes.set_xlim(start, start + row_ticks)
            axes.set_ylim(lowest - 0.5, highest + 0.5)
            _draw_grid(axes, score, start, start + row_ticks, (lowest, highest))
            _draw_notes(axes, score, start, start + row_ticks)
        _draw_heads(figure, score, title, height_in)
        written = io.BytesIO()
        metadata = {"Date": None} if file_format == "svg" else {"Software": None}
        figure.savefig(written, format=file_format, dpi=_DPI, metadata=metadata)
    return written.getvalue()


def _rows(score: Score) -> tuple[int, list[int]]:
    """How many ticks a row holds, and where each begins: at a bar line."""
    bars = [bar.start for bar in score.bars()]
    longest = max(_SYSTEM_TICKS, -(-score.length_ticks // _MOST_SYSTEMS))
    starts = [0]
    for start, following in zip(bars, [*bars[1:], score.length_ticks], strict=True):
        if following - starts[-1] > longest and start > starts[-1]:
            starts.append(start)
    ends = [*starts[1:], score.length_ticks]
    return max(end - start for start, end in zip(starts, ends, strict=True)), starts


def _pitch_range(score: Score) -> tuple[int, int]:
    lowest, highest = int(score.notes[:, PITCH].min()) - 1, int(score.notes[:, PITCH].max()) + 1
    more = max(0, _FEWEST_PITCHES - (highest - lowest + 1))
    return lowest - more // 2, highest + more - more // 2


def _draw_grid(axes: Any, score: Score, start: int, end: int, pitches: tuple[int, int]) -> None:
    """Keys of a piano behind the notes, bar lines with their numbers, and the names of the Cs."""
    axes.set_axisbelow(True)
    for pitch in range(pitches[0], pitches[1] + 1):
        if pitch % 12 in _BLACK_KEYS:
            axes.axhspan(pitch - 0.5, pitch + 0.5, color=_SHADE, linewidth=0)
    cs = [pitch for pitch in range(pitches[0], pitches[1] + 1) if pitch % 12 == 0]
    axes.set_yticks(cs, [pitch_name(pitch) for pitch in cs])
    lines = [(number, bar.start) for number, bar in enumerate(score.bars(), 1) if start <= bar.start < end]
    each = -(-len(lines) // _MOST_NUMBERS)
    numbered = lines[::each]
    axes.set_xticks([onset for _, onset in numbered], [str(number) for number, _ in numbered])
    axes.vlines(
        [onset for _, onset in lines[:: max(1, each // 4)]], *axes.get_ylim(), _FAINT_LINE, linewidth=0.7
    )
    axes.tick_params(length=0, pad=3)
    for spine in axes.spines.values():
        spine.set_color(_LINE)


def _draw_notes(axes: Any, score: Score, start: int, end: int) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba_array

    notes = score.notes[
        (score.notes[:, ONSET] < end) & (score.notes[:, ONSET] + score.notes[:, DURATION] > start)
    ]
    colours = to_rgba_array([_colour(score, part) for part in range(len(score.parts))])[notes[:, PART]]
    colours[:, 3] = 0.35 + 0.65 * notes[:, VELOCITY] / 127
    axes.add_collection(
        PolyCollection(list(_boxes(notes)), facecolors=colours, edgecolors="white", linewidths=0.4)
    )


def _boxes(notes: NDArray[np.int32]) -> NDArray[np.float64]:
    """The corners of each note, (n, 4, 2)."""
    left, right = notes[:, ONSET], notes[:, ONSET] + notes[:, DURATION]
    low, high = notes[:, PITCH] - 0.45, notes[:, PITCH] + 0.45
    across, up = [left, left, right, right], [low, high, high, low]
    return np.stack([np.stack(across, axis=1), np.stack(up, axis=1)], axis=2)


def _colour(score: Score, part: int) -> str:
    melodic = [number for number, each in enumerate(score.parts) if not each.is_drums]
    return _COLOURS[melodic.index(part) % len(_COLOURS)] if part in melodic else _DRUMS_COLOUR


def _draw_heads(figure: Any, score: Score, title: str, height_in: float) -> None:
    """The title, and who has which colour."""
    from matplotlib.patches import Patch

    if title:
        figure.text(0.05, 1 - 0.25 / height_in, title, fontsize=12, va="center", parse_math=False)
    if len(score.parts) > 1:
        shown = [
            Patch(color=_colour(score, number), label=player_name(part))
            for number, part in enumerate(score.parts[: 2 * len(_COLOURS)])
        ]
        figure.legend(
            handles=shown,
            loc="upper right",
            bbox_to_anchor=(0.985, 1 - 0.02 / height_in),
            ncols=7,
            frameon=False,
        )
