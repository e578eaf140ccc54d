"""Where new music goes: the terminal, or files by their endings, each with how to make it again."""

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gen.errors import GenError
from gen.export.abc import abc_text
from gen.export.roll import piano_roll
from gen.files import write_atomically
from gen.score import Score


class ScoreOutput:
    """Where `--out` says that pieces go.

    Args:
        out: A file that ends in `.mid`, `.midi`, `.musicxml` or `.abc`; `-` or None for standard output.
        count: How many pieces; several files are numbered, `tune-1.mid` …

    Raises:
        GenError: Another kind of file.
    """

    def __init__(self, out: str | None, count: int) -> None:
        self.files: list[Path] = []
        if out is None or out == "-":
            return
        path = Path(out)
        if path.suffix.lower() not in WRITERS:
            raise GenError(
                f"A music model cannot write {path.name!r}.",
                f"Give --out a name that ends in {', '.join(WRITERS)}.",
            )
        numbered = [path.with_stem(f"{path.stem}-{number + 1}") for number in range(count)]
        self.files = numbered if count > 1 else [path]

    @property
    def needs_melody(self) -> bool:
        """Whether the files can hold one note at a time only."""
        return any(path.suffix.lower() == ".abc" for path in self.files)

    def write(self, scores: Sequence[Score], facts: Sequence[dict[str, Any]]) -> None:
        """Write each piece, and beside a file `<file>.json` with the facts of how it was made.

        Raises:
            GenError: A file cannot be written, or a piece does not fit its format.
        """
        if not self.files:
            for number, score in enumerate(scores):
                if len(scores) > 1:
                    sys.stdout.write(f"--- {number + 1} ---\n")
                sys.stdout.write(in_characters(score))
            sys.stdout.flush()
            return
        for path, score, about in zip(self.files, scores, facts, strict=True):
            try:
                WRITERS[path.suffix.lower()](score, path)
                beside = path.with_name(path.name + ".json")
                write_atomically(beside, (json.dumps(about, indent=1) + "\n").encode())
            except OSError as error:
                raise GenError(
                    f"{path} cannot be written: {error.strerror or error}.",
                    "Give --out a place that can be written.",
                ) from error


def in_characters(score: Score) -> str:
    """A piece for the terminal: ABC where it is a melody, else a piano roll."""
    if score.is_melody and not score.parts[0].is_drums:
        return abc_text(score)
    return piano_roll(score, shutil.get_terminal_size().columns)


def _midi(score: Score, path: Path) -> None:
    from gen.export.midi import write_midi

    write_midi(score, path)


def _musicxml(score: Score, path: Path) -> None:
    from gen.export.musicxml import write_musicxml

    write_musicxml(score, path)


def _abc(score: Score, path: Path) -> None:
    if not score.is_melody or score.parts[0].is_drums:
        raise GenError(
            f"{path} cannot be written: ABC is for melodies, and this piece has several notes at once.",
            "Write it as .mid or .musicxml.",
        )
    write_atomically(path, abc_text(score).encode())


WRITERS: dict[str, Callable[[Score, Path], None]] = {
    ".mid": _midi,
    ".midi": _midi,
    ".musicxml": _musicxml,
    ".abc": _abc,
}
