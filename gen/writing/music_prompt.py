"""What a model of music is to go on from: a piece in a file, said with the vocabulary as far as that goes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from gen.errors import GenError
from gen.score import Part, Score
from gen.tokenizer.base import Ids
from gen.tokenizer.notes import NotesTokenizer
from gen.tokenizer.symbols import Group
from gen.writing.pieces import read_piece

_NAMED = 5


def prompt_ids(spec: str, tokenizer: NotesTokenizer, tell: Callable[[str], None]) -> Ids:
    """The ids of the first piece in a file, without what the vocabulary cannot say, which is told.

    Args:
        spec: What `--prompt` says: a path, after `@` or not.
        tokenizer: The vocabulary.
        tell: Called with what the user should know, a line at a time.

    Raises:
        GenError: There is no such file of music, or nothing in it can be said.
    """
    ids = sayable_ids(read_piece(prompt_path(spec), 1, tell).score, tokenizer, tell)
    if not len(ids):
        raise GenError(
            f"Nothing of {spec} can be said with the vocabulary of this model.",
            "Give a prompt that is more like what the model learned.",
        )
    return ids


def sayable_ids(score: Score, tokenizer: NotesTokenizer, tell: Callable[[str], None]) -> Ids:
    """The ids of a piece, less `Start`, `End` and what the vocabulary cannot say, which is told.

    Returns:
        Ids to go on from; none where no note can be said.
    """
    score = _with_known_programs(score, tokenizer, tell)
    for loss, count in tokenizer.losses(score).items():
        tell(f"Of the prompt, not kept as it is: {loss} ({count})")
    if unseen := tokenizer.unseen(score):
        named = ", ".join(list(unseen)[:_NAMED])
        more = f" and {len(unseen) - _NAMED} more" if len(unseen) > _NAMED else ""
        tell(f"Left out of the prompt, for the model never saw them: {named}{more}")
        score = tokenizer.without_unseen(score)
    ids = tokenizer.encode(score)[1:-1] if len(score.notes) else np.zeros(0, np.int32)
    # a score of drums alone has no melody, and what a melody leaves of it is silence
    return ids if any(map(tokenizer.is_note, ids.tolist())) else np.zeros(0, np.int32)


def _with_known_programs(score: Score, tokenizer: NotesTokenizer, tell: Callable[[str], None]) -> Score:
    """The score with each instrument that the model does not know replaced by the nearest that it does.

    Near are those whose General MIDI numbers are, which go by families of instruments.
    """
    known = [symbol.value for symbol in tokenizer.symbols if symbol.group is Group.PROGRAM]
    programs = [program for program in known if isinstance(program, int)]
    parts = []
    for part in score.parts:
        if part.is_drums or not programs or part.program in programs:
            parts.append(part)
            continue
        nearest = min(programs, key=lambda program: abs(program - part.program))
        tell(f"The model does not know program {part.program} of the prompt: program {nearest} plays instead")
        parts.append(Part(nearest))
    return replace(score, parts=tuple(parts))


def prompt_path(spec: str) -> Path:
    """The file that `--prompt` names, after `@` or not."""
    return Path(spec.removeprefix("@"))
