"""The formats that music is written in, by the endings of files, and what each takes beside the score."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gen.errors import GenError
from gen.export.abc import abc_text
from gen.files import write_atomically
from gen.score import Score


@dataclass(frozen=True)
class Manner:
    """How music is written where a format leaves a choice.

    Attributes:
        picture: `roll` or `score`, an engraved one; None for a roll, where the format is a picture's.
        soundfont: Whose instruments play; None for those of `gen.export.sound`.
        title: Of the piece; empty for none.
    """

    picture: str | None = None
    soundfont: Path | None = None
    title: str = ""


def check_format(path: Path, manner: Manner) -> None:
    """See that music can be written to such a file in such a manner, before there is any.

    Raises:
        GenError: No format has this ending, the manner is not for it, or what it takes is not there.
    """
    ending = path.suffix.lower()
    if ending not in WRITERS:
        raise GenError(
            f"Music cannot be written as {path.name!r}.",
            f"Give --out a name that ends in {', '.join(WRITERS)}.",
        )
    if manner.picture is not None and ending not in (".png", ".svg"):
        raise GenError(
            f"--as {manner.picture} is for pictures, and {path.name} is none.",
            "Give --out a name that ends in .png or .svg, or leave --as out.",
        )
    if manner.soundfont is not None and ending != ".wav":
        raise GenError(
            f"--soundfont is for sound, and {path.name} is none.",
            "Give --out a name that ends in .wav, or leave --soundfont out.",
        )
    if manner.picture == "score":
        from gen.export.engraving import check_engraving

        check_engraving(ending.removeprefix("."))
    if manner.soundfont is not None:
        from gen.export.sound.soundfont import check_soundfont

        check_soundfont(manner.soundfont)


def write_score(score: Score, path: Path, manner: Manner) -> None:
    """Write a piece into a file, whole or not at all.

    Raises:
        GenError: The piece does not fit the format, or something is missing for it.
        OSError: The folder cannot be written, or the disk is full.
    """
    WRITERS[path.suffix.lower()](score, path, manner)


def _midi(score: Score, path: Path, _manner: Manner) -> None:
    from gen.export.midi import write_midi

    write_midi(score, path)


def _musicxml(score: Score, path: Path, manner: Manner) -> None:
    from gen.export.musicxml import write_musicxml

    write_musicxml(score, path, manner.title)


def _abc(score: Score, path: Path, manner: Manner) -> None:
    if not score.is_pitched_melody:
        raise GenError(
            f"{path} cannot be written: ABC is for melodies, and this piece has several notes at once.",
            "Write it as .mid or .musicxml.",
        )
    write_atomically(path, abc_text(score, manner.title).encode())


def _wave(score: Score, path: Path, manner: Manner) -> None:
    if manner.soundfont is None:
        from gen.export.sound.wave_file import write_wave

        write_wave(score, path)
    else:
        from gen.export.sound.soundfont import write_wave_with

        write_wave_with(manner.soundfont, score, path)


def _picture(score: Score, path: Path, manner: Manner) -> None:
    if manner.picture == "score":
        from gen.export.engraving import write_engraved

        write_engraved(score, path, manner.title)
    else:
        from gen.export.roll_picture import write_roll

        write_roll(score, path, manner.title)


WRITERS: dict[str, Callable[[Score, Path, Manner], None]] = {
    ".mid": _midi,
    ".midi": _midi,
    ".musicxml": _musicxml,
    ".abc": _abc,
    ".wav": _wave,
    ".png": _picture,
    ".svg": _picture,
}
