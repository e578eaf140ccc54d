"""Where music goes: the terminal, or files by their endings, new ones each with how to make it again."""

import json
import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gen.errors import GenError
from gen.export.abc import abc_text
from gen.export.roll import piano_roll
from gen.export.score_formats import Manner, check_format, write_score
from gen.files import replacing, writing_out
from gen.score import Score


class ScoreOutput:
    """Where `--out` says that pieces go.

    Args:
        out: A file with an ending of `score_formats.WRITERS`; `-` or None for standard output.
        count: How many pieces; several files are numbered, `tune-1.mid` …
        manner: How they are written.

    Raises:
        GenError: Another kind of file, or something is missing for it.
    """

    def __init__(self, out: str | None, count: int, manner: Manner) -> None:
        self.files: list[Path] = []
        self._manner = manner
        if out is None or out == "-":
            self._refuse_on_terminal()
            return
        path = Path(out)
        check_format(path, manner)
        numbered = [path.with_stem(f"{path.stem}-{number + 1}") for number in range(count)]
        self.files = numbered if count > 1 else [path]

    @property
    def needs_melody(self) -> bool:
        """Whether the files can hold one note at a time only."""
        return any(path.suffix.lower() == ".abc" for path in self.files)

    def write(self, scores: Sequence[Score], facts: Sequence[dict[str, Any]] = ()) -> None:
        """Write each piece, and where there are facts of how it was made, these beside it as `<file>.json`.

        Where one of the two cannot be written, neither is, and both are as they were.

        Raises:
            GenError: A file cannot be written, or a piece does not fit its format.
        """
        if not self.files:
            for number, score in enumerate(scores):
                if len(scores) > 1:
                    sys.stdout.write(f"--- {number + 1} ---\n")
                sys.stdout.write(in_characters(score, self._manner.title))
            sys.stdout.flush()
            return
        for number, (path, score) in enumerate(zip(self.files, scores, strict=True)):
            with writing_out(path), ExitStack() as stack:
                if facts:
                    beside = stack.enter_context(replacing(path.with_name(path.name + ".json")))
                    beside.write_bytes((json.dumps(facts[number], indent=1) + "\n").encode())
                write_score(score, path, self._manner)

    def _refuse_on_terminal(self) -> None:
        for flag, value in (("--as", self._manner.picture), ("--soundfont", self._manner.soundfont)):
            if value is not None:
                raise GenError(
                    f"{flag} {value} is for files, and the terminal is none.",
                    f"Give --out a file, or leave {flag} out.",
                )


def in_characters(score: Score, title: str = "") -> str:
    """A piece for the terminal: ABC where it is a melody, else a piano roll."""
    if score.is_pitched_melody:
        return abc_text(score, title)
    return piano_roll(score, shutil.get_terminal_size().columns)
