"""Random walks through the grammar: whatever is drawn, it is music, complete and in its one spelling."""

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gen.errors import TokenizerError
from gen.score import DURATION, ONSET, PART, Part, Score, make_score
from gen.tokenizer.grammar import MOST_SILENT_BARS, NotesGrammar
from gen.tokenizer.notes import NotesTokenizer
from tests.scores import melodies, scores
from tests.tokenizer.test_grammar_mask import naive_vocabulary
from tests.tokenizer.walks import (
    BIASES,
    bars_of,
    check_piece,
    check_wishes,
    grammar_for,
    groups_evenly,
    vocabularies,
    walk,
    wishes_for,
)


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
