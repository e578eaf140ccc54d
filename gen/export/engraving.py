"""Scores engraved as a musician reads them, by verovio, and as pixels by resvg (the extra `score`)."""

import importlib.util
from pathlib import Path
from typing import Any

from gen.errors import GenError
from gen.export.musicxml import musicxml_bytes
from gen.files import write_atomically
from gen.score import Score

MOST_NOTES = 20_000
_PAGE_WIDTH, _LONGEST_PAGE, _SCALE = 2100, 60_000, 40  # tenths of a millimetre; the library's own limits
_QUARTER_GLYPH, _QUARTER = "\ueca5", "\u2669"  # the one sign that the text of our scores has: of a tempo
_ZOOM = 2.0


def check_engraving(file_format: str) -> None:
    """See that a score can be engraved, before there is one.

    Args:
        file_format: `svg` or `png`.

    Raises:
        GenError: A library is not installed.
    """
    needed = {"verovio": "verovio"} | ({"resvg_py": "resvg-py"} if file_format == "png" else {})
    missing = [package for module, package in needed.items() if importlib.util.find_spec(module) is None]
    if missing:
        names = " ".join(missing)
        raise GenError(
            f"An engraved score in .{file_format} needs {' and '.join(missing)}.",
            f"Install it: pip install {names} (the extra `score` of gen); or leave out --as score.",
        )


def write_engraved(score: Score, path: Path, title: str = "") -> None:
    """Engrave a score into a `.svg` or `.png` file, one tall page, whole or not at all.

    Raises:
        GenError: A library is not installed, or the score is too long for one page.
        OSError: The folder cannot be written, or the disk is full.
    """
    file_format = path.suffix.lower().removeprefix(".")
    check_engraving(file_format)
    svg = _svg(score, title)
    write_atomically(path, _png(svg) if file_format == "png" else svg.encode())


def _svg(score: Score, title: str) -> str:
    import verovio

    if len(score.notes) > MOST_NOTES:
        raise _too_long()
    verovio.enableLog(verovio.LOG_OFF)
    toolkit: Any = verovio.toolkit()
    toolkit.setOptions(
        {
            "pageWidth": _PAGE_WIDTH,
            "pageHeight": _LONGEST_PAGE,
            "adjustPageHeight": True,
            "scale": _SCALE,
            "breaks": "auto",
            "header": "auto" if title else "none",
            "footer": "none",
            "svgFormatRaw": True,  # spaces between tags would move the letters of the title
            "xmlIdSeed": 1,  # the same names each time
        }
    )
    if not toolkit.loadData(musicxml_bytes(score, title).decode()):
        raise ValueError("verovio does not take our MusicXML")
    if toolkit.getPageCount() > 1:
        raise _too_long()
    return str(toolkit.renderToSVG(1))


def _too_long() -> GenError:
    return GenError(
        "The score is too long for one picture.",
        "Write it as .musicxml, which notation programs lay out in pages; or leave out --as score.",
    )


def _png(svg: str) -> bytes:
    """The picture in pixels, with the letters of fonts that are here on every system."""
    import resvg_py

    matplotlib = importlib.util.find_spec("matplotlib")
    folder = Path(str(matplotlib and matplotlib.origin)).parent / "mpl-data" / "fonts" / "ttf"
    pixels: bytes = resvg_py.svg_to_bytes(
        # it does not take the font of musical signs that comes within the file
        svg_string=svg.replace(_QUARTER_GLYPH, _QUARTER),
        background="white",
        zoom=_ZOOM,
        skip_system_fonts=True,
        font_dirs=[str(folder)],
        serif_family="STIXGeneral",
    )
    return pixels
