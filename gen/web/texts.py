"""Answers to requests for text: lines of JSON, as the characters come."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from gen.tokenizer.characters import CharacterTokenizer
from gen.web.answers import line
from gen.web.asking import request_of
from gen.web.models import Models, Opened
from gen.web.watching import Gates, Surprise, Told
from gen.writing.text import sayable, write_text

# the first characters come one by one, as soon as they are there; later ones in longer pieces, for less work
_LONGEST_PIECE = 32


class _Piece:
    """Characters of one text that have not been told yet."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._text: list[str] = []
        self._bits: list[float] = []
        self._gates: dict[str, list[list[int]]] = {}
        self._size = 1
        self.length = 0  # of all that was told or will be
        self._has_words = False
        self.is_line = False  # whether a line has ended that is not empty

    def add(self, character: str, bits: float, gates: Told | None) -> None:
        """Add a character, with its bits, and the gates after it."""
        self._text.append(character)
        self._bits.append(bits)
        self.length += 1
        self._has_words |= not character.isspace()
        self.is_line |= character == "\n" and self._has_words
        for name, values in (gates or {}).items():
            self._gates.setdefault(name, []).append(values[-1])  # a character may have been spelled

    @property
    def is_due(self) -> bool:
        """Whether it is time to tell them."""
        return len(self._text) >= self._size

    def take(self) -> bytes:
        """The line that tells them; nothing where there are none."""
        if not self._text:
            return b""
        told: dict[str, Any] = {"number": self._number, "text": "".join(self._text), "bits": self._bits}
        if self._gates:
            told["gates"] = self._gates
        self._text, self._bits, self._gates = [], [], {}
        self._size = min(_LONGEST_PIECE, 2 * self._size)
        return line(told)


def text_answer(models: Models, name: str, asked: dict[str, Any]) -> Iterator[bytes]:
    """Write what was asked for.

    Args:
        models: Has the model.
        name: The model's.
        asked: As `asking.TEXT` has it.

    Raises:
        GenError: From the iterator: the model cannot be read, or what was asked for cannot be done.
    """
    opened = models.open(name)
    yield b""
    request = request_of(asked)
    gates = Gates(opened, asked["layer"], asked["units"]) if asked["gates"] else None
    tokenizer = _characters(opened)
    told: list[str] = []
    prompt = sayable(asked["prompt"], tokenizer, told.append)
    if gates is not None:
        for _ in gates.read_prompt(np.concatenate([tokenizer.start(), tokenizer.encode(prompt)])):
            yield b""
    if told:
        yield line({"told": told})
    surprise = Surprise(request.count)
    pieces = [_Piece(number) for number in range(request.count)]
    writing = write_text(
        opened.network,
        tokenizer,
        prompt,
        request.choices,
        length=asked["length"],
        count=request.count,
        seed=request.seed,
        watch=surprise.watch,
        memory=opened.memory,
    )
    by_line = asked["until"] == "line"
    for added in writing:
        for number, (piece, character) in enumerate(zip(pieces, added, strict=True)):
            if not character or (by_line and piece.is_line):
                continue
            seen = None if gates is None else gates.read(surprise.take_drawn())
            piece.add(character, surprise.take(number), seen)
            if piece.is_due:
                yield piece.take()
        yield b""
        if by_line and all(piece.is_line for piece in pieces):
            break
    for piece in pieces:
        yield piece.take()
    yield line({"done": {"characters": [piece.length for piece in pieces]}})


def _characters(opened: Opened) -> CharacterTokenizer:
    assert isinstance(opened.tokenizer, CharacterTokenizer)
    return opened.tokenizer
