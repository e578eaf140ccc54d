"""Answers to requests for music: lines of JSON that tell how far it is, then the pieces."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from gen.errors import GenError
from gen.pages.music_json import music_json, score_from_json
from gen.tokenizer.base import Ids
from gen.tokenizer.notes import NotesTokenizer
from gen.web.answers import RefusedError, line
from gen.web.asking import MOST_PROMPT_TOKENS, request_of
from gen.web.models import Models, Opened
from gen.web.watching import Gates, Surprise
from gen.writing.music import Written, compose, require_notes
from gen.writing.music_prompt import sayable_ids


def music_answer(models: Models, name: str, asked: dict[str, Any]) -> Iterator[bytes]:
    """Compose what was asked for.

    Args:
        models: Has the model.
        name: The model's.
        asked: As `asking.MUSIC` has it.

    Raises:
        GenError: From the iterator: the model cannot be read, or what was asked for cannot be done.
    """
    opened = models.open(name)
    yield b""
    request = request_of(asked)
    gates = Gates(opened, asked["layer"], asked["units"]) if asked["gates"] else None
    tokenizer = _notes(opened)
    told: list[str] = []
    prompt = _prompt(asked["prompt"], tokenizer, told)
    yield b""
    start = np.concatenate([tokenizer.start(), prompt])
    if gates is not None:
        for _ in gates.read_prompt(start):
            yield b""
    surprise = Surprise(request.count)
    steps = compose(
        opened.network,
        tokenizer,
        prompt,
        request,
        melody=asked["melody"],
        watch=surprise.watch,
        memory=opened.memory,
    )
    begun = np.zeros(request.count, int)
    first = True
    while True:
        try:
            ids = next(steps)
        except StopIteration as done:
            pieces: list[Written] = done.value
            break
        if first and len(ids):  # from here on nothing is refused that could have been refused before
            first = False
            yield line({"told": told})
        if gates is not None and len(ids):
            yield line(_seen(tokenizer, gates, surprise))
        elif (ids == tokenizer.ids["Bar"]).any():
            begun += ids == tokenizer.ids["Bar"]
            yield line({"bars": begun.tolist()})
        else:
            yield b""
    require_notes(pieces, request)
    from_tick = tokenizer.decode(start).length_ticks if len(prompt) else 0
    for number, piece in enumerate(pieces):
        yield line({"number": number, **_facts(piece), "from_tick": from_tick})
    yield line({"done": {"tokens": [piece.tokens for piece in pieces]}})


def _prompt(value: Any, tokenizer: NotesTokenizer, told: list[str]) -> Ids:
    if value is None:
        return np.zeros(0, np.int32)
    _require_short(_sent_notes(value), "notes")  # before it takes long; each is a token at least
    score = score_from_json(value)
    if not len(score.notes):
        return np.zeros(0, np.int32)
    ids = sayable_ids(score, tokenizer, told.append)
    if not len(ids):
        raise GenError(
            "Nothing of the prompt can be said with the vocabulary of this model.",
            "Give a prompt that is more like what the model learned.",
        )
    _require_short(len(ids), "tokens")
    return ids


def _sent_notes(value: Any) -> int:
    notes = value.get("notes") if isinstance(value, dict) else None
    return len(notes) if isinstance(notes, list) else 0


def _require_short(length: int, of_what: str) -> None:
    if length > MOST_PROMPT_TOKENS:
        raise RefusedError(
            413,
            f"The prompt is {length:,} {of_what} long, and may be {MOST_PROMPT_TOKENS:,}.",
            "Send the end of it only.",
        )


def _seen(tokenizer: NotesTokenizer, gates: Gates, surprise: Surprise) -> dict[str, Any]:
    drawn = surprise.take_drawn()
    tokens = [tokenizer.tokens[number] for number in drawn]
    return {"tokens": tokens, "bits": [surprise.take(0)], "gates": gates.read(drawn)}


def _facts(piece: Written) -> dict[str, Any]:
    score = piece.score
    return {
        "music": music_json(score),
        "notes": len(score.notes),
        "bars": sum(1 for _ in score.bars()),
        "tokens": piece.tokens,
        "ended_by_itself": bool(piece.ended),
        "is_melody": score.is_pitched_melody,
    }


def _notes(opened: Opened) -> NotesTokenizer:
    assert isinstance(opened.tokenizer, NotesTokenizer)
    return opened.tokenizer
