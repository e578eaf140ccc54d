"""`gen render`: make a file of music into sound, a picture or another format."""

from pathlib import Path

import click

from gen.parameters import PICTURES
from gen.streams import tell


@click.command("render")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--out",
    metavar="FILE",
    help=".wav, .png, .svg, .mid, .musicxml or .abc; `-` or nothing is the terminal.",
)
@click.option(
    "--piece", type=click.IntRange(1), default=1, show_default=True, help="Which of several in FILE."
)
@click.option("--as", "picture", type=click.Choice(PICTURES), help="A piano roll, or an engraved score.")
@click.option(
    "--soundfont", type=click.Path(path_type=Path), help="Sound: play with its instruments, a .sf2."
)
def command(file: Path, out: str | None, piece: int, picture: str | None, soundfont: Path | None) -> None:
    """Make FILE, of MIDI, MusicXML, ABC or kern, into sound, a picture or another format."""
    from gen.writing.rendering import render

    render(file, out, piece=piece, picture=picture, soundfont=soundfont, tell=tell)
