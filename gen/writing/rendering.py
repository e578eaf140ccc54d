"""A file of music made into sound, a picture or another format."""

from collections.abc import Callable
from pathlib import Path

from gen.errors import GenError
from gen.export.score_file import ScoreOutput
from gen.export.score_formats import Manner
from gen.writing.pieces import read_piece


def render(
    path: Path,
    out: str | None,
    *,
    piece: int,
    picture: str | None,
    soundfont: Path | None,
    tell: Callable[[str], None],
) -> None:
    """Do what `gen render` asks for.

    Args:
        path: A file of music.
        out: Where it goes, by its ending; `-` or None for the terminal.
        piece: Which of the pieces in the file, from 1.
        picture: A roll or an engraved score, for pictures.
        soundfont: Whose instruments play, for sound.
        tell: Called with what the user should know, a line at a time.

    Raises:
        GenError: The file cannot be read, or what was asked for cannot be written.
    """
    ScoreOutput(out, 1, Manner(picture, soundfont))  # what cannot be written need not be read
    if out not in (None, "-") and path.exists() and Path(str(out)).resolve() == path.resolve():
        raise GenError(f"{path} would be written over itself.", "Give --out another name.")
    found = read_piece(path, piece, tell)
    if found.moved:
        tell(f"{found.moved / len(found.score.notes):.1%} of the notes were moved to the grid")
    output = ScoreOutput(out, 1, Manner(picture, soundfont, found.title))
    output.write([found.score])
    for written in output.files:
        tell(f"Wrote {written}")
