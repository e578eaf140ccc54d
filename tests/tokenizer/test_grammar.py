"""Random walks through the grammar: whatever is drawn, it is music, complete and in its one spelling."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gen.errors import TokenizerError
from gen.score import DURATION, ONSET, PART, PITCH, Key, Metre, Part, Score, Tempo, make_score
from gen.tokenizer.grammar import MOST_SILENT_BARS, NotesGrammar
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


@given(st.data(), vocabularies(), st.integers(0, 1 << 30))
@settings(max_examples=60)
def test_every_walk_reaches_its_end_and_is_the_spelling_of_a_piece_as_wished(
    data: st.DataObject, tokenizer: NotesTokenizer, seed: int
) -> None:
    wishes = data.draw(wishes_for(tokenizer))
    for bias in BIASES:
        if (grammar := grammar_for(tokenizer, wishes)) is not None:
            ids = walk(tokenizer, grammar, bias, seed)
            score = check_piece(tokenizer, ids, MOST_SILENT_BARS)
            check_wishes(tokenizer, score, wishes)


@given(st.data(), vocabularies(), st.integers(0, 1 << 30))
@settings(max_examples=60)
def test_a_prompt_is_gone_on_with_to_the_end_and_its_bars_are_not_counted(
    data: st.DataObject, tokenizer: NotesTokenizer, seed: int
) -> None:
    primer = tokenizer.without_unseen(data.draw(st.one_of(scores(max_notes=8), melodies(max_notes=6))))
    wishes = data.draw(wishes_for(tokenizer))
    whole = tokenizer.encode(primer)[:-1].tolist()
    bar_lines = [place for place, number in enumerate(whole) if tokenizer.tokens[number] == "Bar"][1:]
    prompt = whole[: data.draw(st.sampled_from([len(whole), *bar_lines]))]
    for bias in BIASES:
        if (grammar := grammar_for(tokenizer, wishes)) is not None:
            ids = walk(tokenizer, grammar, bias, seed, prompt)
            assert ids[: len(prompt)] == prompt
            check_continuation(tokenizer, ids, len(prompt), wishes)


def check_continuation(
    tokenizer: NotesTokenizer, ids: list[int], read: int, wishes: dict[str, object]
) -> None:
    score = check_piece(tokenizer, ids)
    primer = tokenizer.decode(np.array(ids[:read], np.int32))
    starts = [bar.start for bar in score.bars()]
    begun = len(bars_of(tokenizer, ids[:read]))
    written = len(starts) - begun
    assert written or len(score.notes) > len(primer.notes)
    most = int(str(wishes["bars"] if "bars" in wishes else wishes["most_bars"]))
    if starts[-1] >= primer.length_ticks:
        assert written == most if "bars" in wishes else written <= most
    else:  # a note of the prompt that lasts longer than so many bars is heard to its end
        assert written >= most or "bars" not in wishes
    if "metre" in wishes and written:
        assert len([metre for metre in score.metres if metre.onset >= starts[begun]]) <= 1
        assert f"{score.metres[-1].numerator}/{score.metres[-1].denominator}" == wishes["metre"]
    if "key" in wishes and written:
        assert score.keys[-1].name == wishes["key"]
        assert score.keys[-1].onset <= starts[begun]


@st.composite
def primers(draw: st.DrawFn) -> Score:
    """Of many parts, with long chords; often of drums alone."""
    primer = draw(st.one_of(scores(max_notes=8), scores(max_notes=8, most_ticks=300)))
    if draw(st.booleans()):
        return make_score(primer.notes, [Part(is_drums=True)] * len(primer.parts), metres=primer.metres).score
    return primer


QUARTET = make_score([(0, 24, 60 + part, 72, part) for part in range(4)], [Part(40)] * 4).score
tunes = st.lists(melodies(max_notes=6), min_size=1, max_size=2)


@given(st.data(), primers(), st.one_of(tunes, st.just([QUARTET])), st.integers(0, 1 << 30))
@settings(max_examples=60)
def test_one_voice_goes_on_from_any_prompt_after_all_that_sounds_there(
    data: st.DataObject, primer: Score, corpus: list[Score], seed: int
) -> None:
    tokenizer = NotesTokenizer.learn([primer, *corpus], melody=False)
    wishes = {**data.draw(wishes_for(tokenizer)), "melody": True}
    whole = tokenizer.encode(tokenizer.on_grid(primer))[:-1].tolist()
    bar_lines = [place for place, number in enumerate(whole) if tokenizer.tokens[number] == "Bar"][1:]
    prompt = whole[: data.draw(st.sampled_from([len(whole), *bar_lines]))]
    before = tokenizer.decode(np.array(prompt, np.int32))
    voices = sum(not part.is_drums for part in before.parts)
    needed = f"Part_{len(before.parts) + 1}"
    for bias in BIASES:
        if (grammar := grammar_for(tokenizer, wishes)) is None:
            continue
        event(f"drums alone: {bool(before.parts) and not voices}, part known: {needed in tokenizer.ids}")
        if not voices and needed not in tokenizer.ids:
            with pytest.raises(TokenizerError, match="no note can be said"):
                walk(tokenizer, grammar, bias, seed, prompt)
            continue
        ids = walk(tokenizer, grammar, bias, seed, prompt)
        check_continuation(tokenizer, ids, len(prompt), wishes)
        score = tokenizer.decode(np.array(ids, np.int32))
        new = score.notes[score.notes[:, ONSET] >= before.length_ticks]
        assert len(new) + len(before.notes) == len(score.notes)
        assert (new[1:, ONSET] >= new[:-1, ONSET] + new[:-1, DURATION]).all()
        assert not any(score.parts[part].is_drums for part in new[:, PART])
        assert voices <= sum(not part.is_drums for part in score.parts) <= max(1, voices)


# vocabularies in which nothing fits easily: few positions, long notes, short bars, one pitch
CRAMPED = [
    "Metre_1/4 Metre_2/4 Position_0 Position_18 Position_42 Key_C Key_G Part_1 Part_2 Program_0 Drums "
    "Duration_12 Duration_96 Pitch_60 Drum_36",
    "Metre_2/4 Metre_7/8 Metre_1/16 Position_3 Position_5 Position_40 Tempo_60 Tempo_90 Part_1 Program_7 "
    "Duration_2 Duration_300 Velocity_1 Velocity_2 Pitch_60 Pitch_61",
    "Metre_1/4 Position_0 Position_23 Key_C Key_Am Tempo_60 Tempo_66 Part_1 Part_2 Program_1 Program_2 "
    "Duration_24 Duration_48 Pitch_60",
    "Metre_4/4 Metre_1/4 Position_0 Position_1 Position_2 Tempo_60 Tempo_66 Part_1 Drums Duration_1 "
    "Duration_384 Drum_40",
]


@pytest.mark.parametrize("said", CRAMPED)
def test_where_hardly_anything_fits_there_is_always_a_way_on(said: str) -> None:
    generator = np.random.default_rng(7)
    for seed in range(100):
        tokenizer = NotesTokenizer(
            ["Start", "End", "Bar", *said.split()], melody=bool(seed % 4 == 3) and "Drums" not in said
        )
        bias = BIASES[seed % len(BIASES)]
        wishes: dict[str, object] = {"most_bars": 4}
        if seed % 3:
            wishes["bars"] = 1 + seed % 3
        ids = walk(tokenizer, tokenizer.grammar(1, **wishes), bias, seed)  # type: ignore[arg-type]
        check_wishes(tokenizer, check_piece(tokenizer, ids, MOST_SILENT_BARS), wishes)
        bar_lines = [place for place, number in enumerate(ids) if tokenizer.tokens[number] == "Bar"]
        prompt = ids[: generator.choice([*bar_lines, len(ids) - 1])]
        for bars in (1, 2):
            grammar = tokenizer.grammar(1, bars=bars)
            longer = walk(tokenizer, grammar, bias, seed, prompt)
            check_continuation(tokenizer, longer, len(prompt), {"bars": bars})


def naive_vocabulary() -> NotesTokenizer:
    """A small one of everything."""
    notes = [
        (0, 24, 60, 72, 0),
        (0, 24, 64, 72, 0),
        (24, 12, 62, 104, 0),
        (36, 12, 60, 72, 0),
        (48, 12, 60, 72, 0),
        (0, 12, 36, 72, 1),
        (24, 12, 36, 72, 1),
    ]
    return NotesTokenizer.learn(
        [
            make_score(
                notes,
                [Part(0), Part(is_drums=True)],
                metres=[Metre(0, 2, 4), Metre(48, 1, 4)],
                keys=[Key(0, 0), Key(24, 1)],
                tempos=[Tempo(0, 96), Tempo(24, 120)],
            ).score
        ],
        transpose=False,
    )


def is_nearly_a_piece(tokenizer: NotesTokenizer, ids: list[int]) -> bool:
    """Whether ids are a piece in its one spelling, or become one with one token or two."""
    end = tokenizer.ids["End"]
    ways = [[], [end], *([number, end] for number in range(1, len(tokenizer.tokens)))]
    return any(is_piece(tokenizer, [*ids, *way]) for way in ways)


def is_piece(tokenizer: NotesTokenizer, ids: list[int]) -> bool:
    if tokenizer.tokens[ids[-1]] != "End" or ids.count(tokenizer.ids["End"]) > 1:
        return False
    try:
        score = tokenizer.decode(np.array(ids, np.int32))
    except TokenizerError:
        return False
    return tokenizer.encode(score).tolist() == ids and not tokenizer.losses(score)


def test_whatever_the_mask_forbids_begins_no_piece() -> None:
    """The other half: along a real piece, what is forbidden is no piece, nor soon becomes one."""
    tokenizer = naive_vocabulary()
    text = (
        "Start Bar Metre_2/4 Position_0 Key_C Tempo_96 Part_1 Program_0 Duration_24 Velocity_4 Pitch_60 "
        "Pitch_64 Position_24 Part_2 Drums Duration_12 Velocity_4 Drum_36 End"
    )
    ids = [tokenizer.ids[token] for token in text.split()]
    grammar = tokenizer.grammar(1)
    grammar.follow(np.array([0], np.int32))
    for length in range(1, len(ids)):
        may = grammar.allowed()[0]
        assert may[ids[length]]
        if length > 1:  # a piece without a bar is one, too, though none to be drawn
            for number in np.flatnonzero(~may)[1:].tolist():
                assert not is_nearly_a_piece(tokenizer, [*ids[:length], number]), tokenizer.tokens[number]
        grammar.follow(np.array([ids[length]], np.int32))


def test_all_that_a_corpus_holds_can_be_drawn() -> None:
    """A piece without long silences is a walk through its own vocabulary's grammar."""
    generator = np.random.default_rng(0)
    for _ in range(20):
        count = 30
        notes = np.stack(
            [
                generator.integers(0, 40, count) * 6,
                generator.choice([6, 12, 24, 48], count),
                generator.integers(50, 70, count),
                generator.choice([40, 72, 104], count),
                generator.integers(0, 3, count),
            ],
            axis=1,
        )
        score = make_score(
            notes,
            [Part(0), Part(40), Part(is_drums=True)],
            keys=[Key(0, 1), Key(96, 2)],
            tempos=[Tempo(0, 96), Tempo(60, 120)],
            metres=[Metre(0, 3, 4), Metre(72, 4, 4)],
        ).score
        tokenizer = NotesTokenizer.learn([score])
        grammar = tokenizer.grammar(1)
        grammar.follow(np.array([0], np.int32))
        for number in tokenizer.encode(score)[1:].tolist():
            assert grammar.allowed()[0, number], tokenizer.tokens[number]
            grammar.follow(np.array([number], np.int32))


def test_streams_do_not_touch_each_other_and_a_finished_one_waits() -> None:
    tokenizer = naive_vocabulary()
    alone = [walk(tokenizer, tokenizer.grammar(1, bars=3), groups_evenly, seed) for seed in (1, 2)]
    together = tokenizer.grammar(2, bars=3)
    end = tokenizer.ids["End"]
    for place in range(max(map(len, alone))):
        ids = np.array([ids[place] if place < len(ids) else end for ids in alone], np.int32)
        if place:
            may = together.allowed()
            assert may[[0, 1], ids].all()
            for row, own in zip(may, alone, strict=True):
                if place >= len(own):
                    assert np.flatnonzero(row).tolist() == [end]
        together.follow(ids)
    assert together.progress().tolist() == [1.0, 1.0]


@pytest.mark.parametrize("prompt", [False, True])
@pytest.mark.parametrize(
    ("wishes", "shares"),
    [
        ({"bars": 1}, [0.0]),
        ({"bars": 2}, [0.0, 1.0]),
        ({"bars": 5}, [0.0, 0.25, 0.5, 0.75, 1.0]),
        ({}, [bar / 63 for bar in range(64)]),
        ({"most_bars": 5}, [0.0, 0.25, 0.5, 0.75, 1.0]),
    ],
)
def test_progress_goes_from_0_in_the_first_new_bar_to_1_in_the_last(
    wishes: dict[str, int], shares: list[float], prompt: bool
) -> None:
    tokenizer = naive_vocabulary()
    note = "Position_0 Part_1 Program_0 Duration_24 Velocity_4 Pitch_60"
    read = f"Start Bar Metre_2/4 {note} Bar Position_0 Pitch_62" if prompt else "Start"
    grammar = tokenizer.grammar(1, **wishes)  # type: ignore[arg-type]
    follow(tokenizer, grammar, read)
    assert grammar.allowed().any()
    assert grammar.progress().tolist() == [0.0]
    seen = []
    for bar in range(len(shares)):
        follow(tokenizer, grammar, "Bar" if bar or prompt else "Bar Metre_2/4")
        seen.append(float(grammar.progress()[0]))
        follow(tokenizer, grammar, "Position_0 Pitch_60" if bar or prompt else note)
        assert grammar.progress().tolist() == seen[-1:]
    assert seen == pytest.approx(shares)
    assert (seen[0], seen[-1]) == (0.0, shares[-1])
    assert not grammar.allowed()[0, tokenizer.ids["Bar"]]


def follow(tokenizer: NotesTokenizer, grammar: NotesGrammar, text: str) -> None:
    for token in text.split():
        grammar.follow(np.array([tokenizer.ids[token]], np.int32))


def test_after_a_whole_piece_as_a_prompt_the_end_waits_for_something_new() -> None:
    tokenizer = naive_vocabulary()
    end = tokenizer.ids["End"]
    read = "Start Bar Metre_2/4 Position_0 Part_1 Program_0 Duration_24 Velocity_4 Pitch_60"
    for new in (
        ["Position_24 Pitch_60"],
        ["Bar", "Position_0 Pitch_60"],
        ["Bar", "Bar", "Position_0 Duration_12 Pitch_60"],
    ):
        grammar = tokenizer.grammar(1)
        follow(tokenizer, grammar, read)
        for more in new:
            assert not grammar.allowed()[0, end]
            follow(tokenizer, grammar, more)
        assert grammar.allowed()[0, end]


@pytest.mark.parametrize("wrong", ["Start", "End", "Pitch_60", "Position_0", "Metre_2/4"])
def test_following_what_may_not_come_is_a_mistake(wrong: str) -> None:
    tokenizer = naive_vocabulary()
    for asked in (False, True):
        grammar = tokenizer.grammar(1)
        grammar.follow(np.array([0], np.int32))
        grammar.follow(np.array([tokenizer.ids["Bar"]], np.int32))
        if asked:
            grammar.allowed()
        if wrong == "Metre_2/4":
            grammar.follow(np.array([tokenizer.ids[wrong]], np.int32))
        with pytest.raises(ValueError, match=r"not come|cannot come"):
            grammar.follow(np.array([tokenizer.ids[wrong]], np.int32))


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"key": "Em"}, "C, G"),
        ({"key": "H"}, "C, G"),
        ({"metre": "3/4"}, "1/4, 2/4"),
        ({"metre": "4"}, "1/4, 2/4"),
        ({"pitch_range": (70, 90)}, "60 to 64"),
        ({"bars": 0}, "more bars"),
    ],
)
def test_a_wish_that_cannot_be_said_is_answered_with_what_can(wishes: dict[str, object], said: str) -> None:
    with pytest.raises(TokenizerError) as caught:
        naive_vocabulary().grammar(1, **wishes)  # type: ignore[arg-type]
    assert said in caught.value.fix


def test_a_vocabulary_without_notes_writes_none() -> None:
    with pytest.raises(TokenizerError):
        NotesTokenizer(["Start", "End", "Bar"]).grammar(1)
