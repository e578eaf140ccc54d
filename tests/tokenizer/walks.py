"""Random walks within the grammar, and what holds of whatever they write."""

from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import assume, event
from hypothesis import strategies as st
from numpy.typing import NDArray

from gen.errors import TokenizerError
from gen.score import DURATION, ONSET, PART, PITCH, Score
from gen.tokenizer.grammar import NotesGrammar
from gen.tokenizer.notes import NotesTokenizer
from gen.tokenizer.symbols import Group
from tests.scores import melodies, scores

Bias = Callable[[NotesTokenizer], NDArray[np.float64]]
LONGEST_WALK = 4000


def even(tokenizer: NotesTokenizer) -> NDArray[np.float64]:
    return np.ones(len(tokenizer.tokens))


def leaning_to(*groups: Group) -> Bias:
    """Draws that take tokens of these groups wherever they may."""

    def weights(tokenizer: NotesTokenizer) -> NDArray[np.float64]:
        return np.array([1e6 if symbol.group in groups else 1.0 for symbol in tokenizer.symbols])

    return weights


def groups_evenly(tokenizer: NotesTokenizer) -> NDArray[np.float64]:
    sizes = np.bincount([symbol.group for symbol in tokenizer.symbols], minlength=len(Group))
    return np.array([1 / sizes[symbol.group] for symbol in tokenizer.symbols])


def longest_notes(tokenizer: NotesTokenizer) -> NDArray[np.float64]:
    return np.array(
        [
            1e6 * value if group is Group.DURATION and isinstance(value, int) else 1.0
            for group, value in tokenizer.symbols
        ]
    )


def long_notes_in_many_metres(tokenizer: NotesTokenizer) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = longest_notes(tokenizer) + leaning_to(Group.METRE)(tokenizer)
    return weights


BIASES = [
    even,
    groups_evenly,
    longest_notes,
    leaning_to(Group.BAR),
    leaning_to(Group.POSITION),
    leaning_to(Group.KEY, Group.TEMPO),
    leaning_to(Group.METRE, Group.BAR),
    leaning_to(Group.END),
    leaning_to(Group.PART, Group.DURATION),
    long_notes_in_many_metres,
]


def walk(
    tokenizer: NotesTokenizer,
    grammar: NotesGrammar,
    bias: Bias,
    seed: int,
    prompt: Sequence[int] = (0,),
) -> list[int]:
    """One piece, the prompt first; an assertion fails where nothing may follow."""
    generator = np.random.default_rng(seed)
    weights = bias(tokenizer)
    ids = list(prompt)
    for number in ids:
        grammar.follow(np.array([number], np.int32))
    while tokenizer.tokens[ids[-1]] != "End":
        assert len(ids) < LONGEST_WALK + len(prompt)
        may = grammar.allowed()[0]
        assert may.any(), [tokenizer.tokens[number] for number in ids[-12:]]
        p = np.where(may, weights, 0)
        ids.append(int(generator.choice(len(p), p=p / p.sum())))
        grammar.follow(np.array(ids[-1:], np.int32))
    return ids


def bars_of(tokenizer: NotesTokenizer, ids: Sequence[int]) -> list[list[str]]:
    """The tokens of each bar."""
    bars: list[list[str]] = []
    for number in ids:
        token = tokenizer.tokens[number]
        if token == "Bar":
            bars.append([])
        elif token not in ("Start", "End"):
            bars[-1].append(token)
    return bars


def check_notes(score: Score) -> None:
    """No pitch of a part is struck while it sounds; by the rows alone."""
    sounding: dict[tuple[int, int], int] = {}
    for onset, duration, pitch, _, part in score.notes.tolist():
        assert sounding.get((part, pitch), 0) <= onset
        sounding[part, pitch] = onset + duration


def check_piece(tokenizer: NotesTokenizer, ids: list[int], longest_silence: int | None = None) -> Score:
    """A piece that was drawn reads, is spelled so again, and is made of full bars."""
    score = tokenizer.decode(np.array(ids, np.int32))
    assert not tokenizer.losses(score)
    assert tokenizer.encode(score).tolist() == ids
    check_notes(score)
    bars = list(score.bars())
    spelled = bars_of(tokenizer, ids)
    assert len(bars) == len(spelled)
    ends = score.notes[:, ONSET] + score.notes[:, DURATION]
    silent = 0
    for bar, tokens in zip(bars, spelled, strict=True):
        positions = [
            int(token.removeprefix("Position_")) for token in tokens if token.startswith("Position_")
        ]
        assert positions == sorted(set(positions))
        assert all(0 <= position < bar.metre.bar_ticks for position in positions)
        sounds = (score.notes[:, ONSET] < bar.start + bar.metre.bar_ticks) & (ends > bar.start)
        silent = 0 if sounds.any() else silent + 1
        if longest_silence is not None:
            assert silent <= longest_silence
    return score


@st.composite
def vocabularies(draw: st.DrawFn, *, melody: bool | None = None) -> NotesTokenizer:
    corpus = draw(st.lists(st.one_of(scores(max_notes=8), melodies(max_notes=8)), min_size=1, max_size=3))
    assume(any(not part.is_drums for score in corpus for part in score.parts))
    return NotesTokenizer.learn(
        corpus,
        velocity=draw(st.sampled_from([None, True, False])),
        transpose=draw(st.booleans()),
        melody=draw(st.booleans()) if melody is None else melody,
    )


def values(tokenizer: NotesTokenizer, word: str) -> list[str]:
    return [token.removeprefix(f"{word}_") for token in tokenizer.tokens if token.startswith(f"{word}_")]


@st.composite
def wishes_for(draw: st.DrawFn, tokenizer: NotesTokenizer) -> dict[str, object]:
    """Wishes that can be said, most of the time, and some that cannot."""
    wishes: dict[str, object] = {"most_bars": draw(st.integers(1, 6))}
    if draw(st.booleans()):
        wishes["bars"] = draw(st.integers(1, 6))
    for name in ("key", "metre"):
        known = values(tokenizer, name.capitalize())
        if draw(st.booleans()) and known:
            wishes[name] = draw(st.sampled_from(known))
    pitches = [int(value) for value in values(tokenizer, "Pitch")]
    if draw(st.booleans()) and pitches:
        bounds = st.sampled_from(pitches)
        wishes["pitch_range"] = tuple(sorted((draw(bounds), draw(bounds))))
    return wishes


def grammar_for(tokenizer: NotesTokenizer, wishes: dict[str, object]) -> NotesGrammar | None:
    """None where the vocabulary has no piece as wished."""
    try:
        return tokenizer.grammar(1, **wishes)  # type: ignore[arg-type]
    except TokenizerError:
        event("no such piece")
        return None


def check_wishes(tokenizer: NotesTokenizer, score: Score, wishes: dict[str, object]) -> None:
    written = len(list(score.bars()))
    if "bars" in wishes:
        assert written == wishes["bars"]
    else:
        assert 1 <= written <= int(str(wishes["most_bars"]))
    if "metre" in wishes:
        assert [f"{metre.numerator}/{metre.denominator}" for metre in score.metres] == [wishes["metre"]]
    if "key" in wishes:
        assert [(key.onset, key.name) for key in score.keys] == [(0, wishes["key"])]
    if isinstance(bounds := wishes.get("pitch_range"), tuple):
        drums = np.array([part.is_drums for part in score.parts])
        melodic = score.notes[~drums[score.notes[:, PART]], PITCH]
        assert ((melodic >= bounds[0]) & (melodic <= bounds[1])).all()
