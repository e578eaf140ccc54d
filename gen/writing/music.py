"""New music from a model: each piece drawn to its end, within the grammar of its tokens."""

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import gen
from gen.errors import GenError
from gen.export.score_file import ScoreOutput, in_characters
from gen.export.score_formats import Manner
from gen.files import sha256_of_file
from gen.sampler.choose import Choices
from gen.sampler.forward import Network
from gen.sampler.generate import Watch, generate, read_in_parts
from gen.sampler.memory import Memory
from gen.score import Part, Score, Tempo
from gen.streams import progress_bar
from gen.tokenizer.base import Ids
from gen.tokenizer.notes import NotesTokenizer
from gen.writing.music_prompt import prompt_ids, prompt_path
from gen.writing.request import Request

MOST_BARS = 64
MOST_TOKENS_A_BAR = 1024  # on the average; a vocabulary can have a bar without end
PREVIEW_BARS = 4
PREVIEW_TEMPERATURE = 0.8


@dataclass(frozen=True)
class Written:
    """A piece that was written.

    Attributes:
        score: The prompt and what came after it.
        tokens: Drawn, the prompt's not counted.
        ended: Whether the model ended it by itself, not the number of bars or tokens.
    """

    score: Score
    tokens: int
    ended: bool


def sample_music(
    network: Network,
    tokenizer: NotesTokenizer,
    request: Request,
    about: dict[str, Any],
    tell: Callable[[str], None],
) -> None:
    """Write what `gen sample` was asked for.

    Args:
        network: The model.
        tokenizer: Its vocabulary.
        request: What was asked for.
        about: The model, as JSON, for the facts beside each file.
        tell: Called with what the user should know, a line at a time.

    Raises:
        GenError: The prompt cannot be read or said, a wish cannot come true, or nothing can be written there.
    """
    soundfont = Path(request.soundfont) if request.soundfont is not None else None
    output = ScoreOutput(request.out, request.count, Manner(request.picture, soundfont))
    prompt, prompt_sha256 = np.zeros(0, np.int32), None
    if request.prompt:
        prompt = prompt_ids(request.prompt, tokenizer, tell)
        prompt_sha256 = sha256_of_file(prompt_path(request.prompt))
    written = _in_sight(compose(network, tokenizer, prompt, request, melody=output.needs_melody))
    require_notes(written, request)
    facts = [
        {
            "versions": {"gen": gen.__version__, "numpy": np.__version__},
            **about,
            "prompt_sha256": prompt_sha256,
            "request": json.loads(json.dumps(asdict(request))),
            "number": number,
            "tokens": piece.tokens,
            "notes": len(piece.score.notes),
            "bars": sum(1 for _ in piece.score.bars()),
            "ended_by_itself": piece.ended,
        }
        for number, piece in enumerate(written)
    ]
    output.write([piece.score for piece in written], facts)
    for path in output.files:
        tell(f"Wrote {path}")


def require_notes(written: Sequence[Written], request: Request) -> None:
    """See that there is a note in each piece.

    Raises:
        GenError: There is none in one of them.
    """
    silent = [piece for piece in written if not len(piece.score.notes)]
    # what the length cut off ends with its last note: where there is none, nothing is left
    if request.length is not None and any(not piece.tokens for piece in silent):
        raise GenError(
            f"--length {request.length} is too short for a note.", "Give more --length, or --bars."
        )
    if silent:
        raise GenError("The model wrote rests and no note.", "Give another --seed, or more --bars.")


def _in_sight(steps: Generator[Ids, None, list[Written]]) -> list[Written]:
    """What the steps lead to; after a while a count of the tokens is shown."""
    with progress_bar("writing", " tokens") as bar:
        while True:
            try:
                bar.update(len(next(steps)))
            except StopIteration as done:
                pieces: list[Written] = done.value
                return pieces


def preview_music(network: Network, tokenizer: NotesTokenizer) -> str:
    """A few bars, with the same draws each time, so that two of a run differ by the weights alone."""
    choices = Choices((PREVIEW_TEMPERATURE, PREVIEW_TEMPERATURE))
    request = Request(choices, bars=PREVIEW_BARS, length=PREVIEW_BARS * MOST_TOKENS_A_BAR)
    (piece,) = write_music(network, tokenizer, np.zeros(0, np.int32), request)
    return in_characters(piece.score)


def write_music(
    network: Network, tokenizer: NotesTokenizer, prompt: Ids, request: Request, *, melody: bool = False
) -> list[Written]:
    """New pieces.

    Args:
        network: The model.
        tokenizer: Its vocabulary.
        prompt: The ids of a piece to go on from, without `Start` and `End`; none to begin one.
        request: Bars, wishes, how many, and how to choose; its prompt is not looked at.
        melody: Whether one note may sound at a time.

    Raises:
        TokenizerError: A wish that the vocabulary cannot say.
        GenError: The model does not come to the end of the bars that it was asked for.
    """
    steps = compose(network, tokenizer, prompt, request, melody=melody)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            pieces: list[Written] = done.value
            return pieces


def compose(
    network: Network,
    tokenizer: NotesTokenizer,
    prompt: Ids,
    request: Request,
    *,
    melody: bool = False,
    watch: Watch | None = None,
    memory: Memory | None = None,
) -> Generator[Ids, None, list[Written]]:
    """What `write_music` does, step by step.

    Args:
        network: The model.
        tokenizer: Its vocabulary.
        prompt: As for `write_music`.
        request: As for `write_music`.
        melody: As for `write_music`.
        watch: Called at each step.
        memory: Of this network.

    Yields:
        The ids that a step drew, one for each piece; none where a part of the prompt is read.

    Returns:
        The pieces.

    Raises:
        TokenizerError: A wish that the vocabulary cannot say.
        GenError: The model does not come to the end of the bars that it was asked for.
    """
    end = tokenizer.ids["End"]
    grammar = tokenizer.grammar(
        request.count,
        bars=request.bars,
        most_bars=MOST_BARS,
        key=request.key,
        metre=request.metre,
        pitch_range=request.pitch_range,
        melody=melody,
    )
    drawn: list[Ids] = []
    ended = np.zeros(request.count, bool)
    to_read = np.concatenate([tokenizer.start(), prompt])
    known = None
    for after_part in read_in_parts(network, to_read, memory):
        known = after_part
        yield np.zeros(0, np.int32)
    ids = generate(
        network,
        to_read,
        grammar,
        request.choices,
        streams=request.count,
        seed=request.seed,
        progress=grammar.progress,
        known=known,
        watch=watch,
    )
    most = MOST_TOKENS_A_BAR * (request.bars or MOST_BARS) if request.length is None else request.length
    while not ended.all() and len(drawn) < most:
        drawn.append(next(ids))
        ended |= drawn[-1] == end
        yield drawn[-1]
    if request.bars is not None and request.length is None and not ended.all():
        raise GenError(
            f"The model does not come to the end of {request.bars} bars in {most:,} tokens.",
            "Ask for fewer --bars, or give --length.",
        )
    together = np.array(drawn, np.int32).reshape(len(drawn), request.count)
    pieces = [_piece(tokenizer, prompt, ids_of, request.bars) for ids_of in together.T]
    return [replace(piece, score=_dressed(piece.score, request)) for piece in pieces]


def _dressed(score: Score, request: Request) -> Score:
    """The piece with the tempo and the first instrument that were wished, known to the model or not."""
    if request.tempo is not None:
        score = replace(score, tempos=(Tempo(0, request.tempo),))
    if request.program is not None:
        melodic = [place for place, part in enumerate(score.parts) if not part.is_drums]
        parts = [
            Part(request.program) if place in melodic[:1] else part for place, part in enumerate(score.parts)
        ]
        score = replace(score, parts=tuple(parts))
    return score


def _piece(tokenizer: NotesTokenizer, prompt: Ids, drawn: Ids, bars: int | None) -> Written:
    """A piece from the ids of a stream, which go on after its end, or stop before it."""
    ends = np.flatnonzero(drawn == tokenizer.ids["End"])
    if len(ends):
        kept = drawn[: ends[0] + 1]
        at_limit = np.count_nonzero(kept == tokenizer.ids["Bar"]) >= MOST_BARS
        return Written(_decoded(tokenizer, prompt, kept), len(kept), bars is None and not at_limit)
    while len(drawn) and not tokenizer.is_note(int(drawn[-1])):
        drawn = drawn[:-1]
    return Written(_decoded(tokenizer, prompt, drawn), len(drawn), ended=False)


def _decoded(tokenizer: NotesTokenizer, prompt: Ids, drawn: Ids) -> Score:
    return tokenizer.decode(np.concatenate([tokenizer.start(), prompt, drawn]))
