"""A piece of music to look into, and what can be counted in it: bar, beat, pitch, length, voices."""

import math
from collections.abc import Callable

import numpy as np

from gen.inspection.passage import MOST_TOKENS, Passage, RolledNote, Section
from gen.score import TICKS_PER_QUARTER
from gen.tokenizer.base import Ids
from gen.tokenizer.notes import NotesTokenizer
from gen.tokenizer.state import PieceState
from gen.tokenizer.symbols import Group
from gen.writing.music_prompt import prompt_ids


def music_passage(prompt: str, tokenizer: NotesTokenizer, tell: Callable[[str], None]) -> Passage:
    """The beginning of the piece that `--prompt` names.

    Args:
        prompt: The path of a file of music.
        tokenizer: The model's vocabulary.
        tell: Called with what the user should know, a line at a time.

    Raises:
        GenError: There is no such file, or nothing in it that the model can say.
    """
    return piece_passage(prompt_ids(prompt, tokenizer, tell), tokenizer)


def piece_passage(whole: Ids, tokenizer: NotesTokenizer) -> Passage:
    """The beginning of a piece, given as ids from its first bar on.

    Raises:
        GenError: There is next to nothing in it.
    """
    ids = whole[:MOST_TOKENS]
    state = PieceState(velocity=tokenizer.velocity)
    state.follow(tokenizer.symbols[tokenizer.start()[0]])
    rows: list[dict[str, float]] = []
    sections: list[Section] = []
    roll: list[RolledNote] = []
    ticks: list[int] = []
    pitch = math.nan
    for token, number in enumerate(ids.tolist()):
        symbol = tokenizer.symbols[number]
        state.follow(symbol)
        ticks.append(state.bar_start + max(0, state.position))
        if symbol.group is Group.BAR:
            sections.append(Section(f"bar {len(sections) + 1}", token))
        elif symbol.group in (Group.PITCH, Group.DRUM) and isinstance(symbol.value, int):
            roll.append(RolledNote(token, state.tick, state.player.duration, symbol.value, state.running + 1))
            if symbol.group is Group.PITCH:
                pitch = symbol.value
        rows.append(_counted(state, pitch, len(sections)))
    return Passage(
        kind="music",
        start=tokenizer.start(),
        ids=ids,
        labels=[tokenizer.tokens[number] for number in ids.tolist()],
        unit="note",
        completes=np.isin(np.arange(len(ids)), [note.token for note in roll]),
        sections=sections,
        counted={name: np.array([row[name] for row in rows]) for name in MUSIC_COUNTS},
        whole=len(whole),
        is_cut=len(whole) > MOST_TOKENS,
        roll=roll,
        ticks=ticks,
    )


MUSIC_COUNTS = (
    "bar position",  # ticks since the bar line
    "beat position",  # ticks since the beat
    "pitch height",  # MIDI number of the last note struck, drums left out
    "note length",  # ticks, of the part that plays
    "notes sounding",
    "bar number",
)


def _counted(state: PieceState, pitch: float, bars: int) -> dict[str, float]:
    position = max(0, state.position) if state.metre else math.nan
    speaks = state.running >= 0 and not state.is_new and state.player.duration
    values = (
        position,
        math.fmod(position, _beat_ticks(state.metre)) if state.metre else math.nan,
        pitch,
        state.player.duration if speaks else math.nan,
        sum(len(player.sounding) for player in state.players),
        bars,
    )
    return dict(zip(MUSIC_COUNTS, values, strict=True))


def _beat_ticks(metre: tuple[int, int]) -> float:
    """How long a beat is: of 6/8, 9/8 and their like three eighths, else what the metre counts in."""
    numerator, denominator = metre
    compound = denominator >= 8 and numerator > 3 and numerator % 3 == 0
    return (3 if compound else 1) * 4 * TICKS_PER_QUARTER / denominator
