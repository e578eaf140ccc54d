"""A piano roll in characters, for a terminal: pitches upwards, time to the right."""

import numpy as np

from gen.score import DURATION, ONSET, PART, PITCH, TICKS_PER_QUARTER, Score

_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_STRUCK, _HELD, _SILENT, _BAR_LINE = "█", "▬", " ", "┊"
_COLUMN_TICKS = TICKS_PER_QUARTER // 4
_MARGIN = 5


def pitch_name(pitch: int) -> str:
    """A MIDI number as musicians say it: 60 is `C4`."""
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"


def piano_roll(score: Score, width: int = 80) -> str:
    """The whole piece, a column a sixteenth, in systems as wide as `width` allows; drums only if alone."""
    drums = np.array([part.is_drums for part in score.parts] or [False])
    notes = score.notes
    if not drums.all():
        notes = notes[~drums[notes[:, PART]]]
    if not len(notes):
        return "(no notes)\n"
    lowest, highest = int(notes[:, PITCH].min()), int(notes[:, PITCH].max())
    columns = -(-score.length_ticks // _COLUMN_TICKS)
    grid = np.full((highest - lowest + 1, columns), _SILENT)
    for bar in score.bars():
        grid[:, bar.start // _COLUMN_TICKS] = _BAR_LINE
    for note in notes:
        row = highest - int(note[PITCH])
        first = int(note[ONSET]) // _COLUMN_TICKS
        last = max(first + 1, -(-int(note[ONSET] + note[DURATION]) // _COLUMN_TICKS))
        grid[row, first:last] = _HELD
        grid[row, first] = _STRUCK
    across = max(1, width - _MARGIN)
    lines = []
    for start in range(0, columns, across):
        for row in range(len(grid)):
            lines.append(
                f"{pitch_name(highest - row):<{_MARGIN}}" + "".join(grid[row, start : start + across])
            )
        lines.append("")
    return "\n".join(line.rstrip() for line in lines)
