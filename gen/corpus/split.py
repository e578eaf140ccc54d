"""A text in two parts: what a model learns from, and what it is then tried on.

A folder that is already split is used as it is. Any other text holds out its end, the last tenth of its
characters, so that the two parts share no sentence. Neither part is ever held in memory.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from gen.corpus.text import count_characters, iterate_text
from gen.corpus.text_notes import TextNotes

HELD_OUT_PERCENT = 10


class TextParts:
    """The training and validation text of a corpus, each as a stream of pieces.

    Args:
        files: What to train on, in order.
        validation: What to validate on; None to hold out the end of `files`.
        encoding: As `--encoding` gives it.
    """

    def __init__(self, files: tuple[Path, ...], validation: tuple[Path, ...] | None, encoding: str | None):
        self._files = files
        self._validation = validation
        self._encoding = encoding
        self._notes: dict[tuple[Path, ...], TextNotes] = {}

    @property
    def notes(self) -> TextNotes:
        """What was found in the files that have been read to their end."""
        return TextNotes([found for notes in self._notes.values() for found in notes.files])

    @property
    def is_final(self) -> bool:
        """Whether reading the files another time would give the same: a text is read whole or not at all."""
        return True

    @property
    def fingerprint(self) -> str:
        """What the text depends on besides the bytes of its files: nothing."""
        return ""

    def read(self) -> tuple[Iterator[str], Iterator[str]]:
        """The text to learn from and the text held out; the second goes on where the first ended.

        Raises:
            CorpusError: While reading: a file cannot be read; see `iterate_text`.
        """
        if self._validation is not None:
            return self._read(self._files), self._read(self._validation)
        pieces = self._read(self._files)
        rest: list[str] = []
        training = self._until_held_out(pieces, rest)
        return training, _after(training, rest, pieces)

    def description(self) -> str:
        """How the corpus is split, for the user."""
        if self._validation is not None:
            return "nothing is held out: the text for validation is a part of its own"
        return f"the last {HELD_OUT_PERCENT} % is held out for validation"

    def _until_held_out(self, pieces: Iterator[str], rest: list[str]) -> Iterator[str]:
        left = self._held_out_from
        while left and (piece := next(pieces, "")):
            if left < len(piece):
                rest.append(piece[left:])
            yield piece[:left]
            left -= min(left, len(piece))

    @cached_property
    def _held_out_from(self) -> int:
        return count_characters(self._files, self._encoding) * (100 - HELD_OUT_PERCENT) // 100

    def _read(self, files: tuple[Path, ...]) -> Iterator[str]:
        notes = TextNotes()
        yield from iterate_text(files, self._encoding, notes=notes)
        self._notes[files] = notes


def _after(training: Iterator[str], rest: list[str], pieces: Iterator[str]) -> Iterator[str]:
    for _ in training:
        pass
    yield from rest
    yield from pieces
