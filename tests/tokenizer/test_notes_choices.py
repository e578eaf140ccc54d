"""What a vocabulary of music is made of: choices, extension, its file, what it refuses."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.errors import TokenizerError
from gen.score import Part, Score, make_score
from gen.tokenizer.notes import NotesTokenizer
from gen.tokenizer.symbols import read_symbol, write_symbol
from tests.scores import melodies
from tests.tokenizer.test_notes import WALTZ, corpora

EMPTY: dict[str, object] = {
    "name": "notes",
    "version": 1,
    "tokens": ["Start", "End", "Bar"],
    "velocity": False,
    "melody": False,
    "transpose": True,
}


@given(corpora, corpora)
def test_an_extended_vocabulary_keeps_its_tokens_where_they_were(
    first: list[Score], second: list[Score]
) -> None:
    base = NotesTokenizer.learn(first)
    extended = NotesTokenizer.learn(second, base=base)
    assert extended.tokens[: len(base.tokens)] == base.tokens
    assert (extended.velocity, extended.melody) == (base.velocity, base.melody)
    for score in (*first, *second):
        assert extended.decode(extended.encode(score)) == extended.on_grid(score)


@given(corpora, st.booleans(), st.booleans())
def test_the_vocabulary_and_its_choices_travel_as_json(
    corpus: list[Score], melody: bool, transpose: bool
) -> None:
    tokenizer = NotesTokenizer.learn(corpus, melody=melody, transpose=transpose)
    read = NotesTokenizer.from_json(json.loads(json.dumps(tokenizer.to_json())))
    assert read.to_json() == tokenizer.to_json()
    assert (read.velocity, read.melody, read.transpose) == (tokenizer.velocity, melody, transpose)
    order = [read_symbol(token) for token in tokenizer.tokens]
    assert order == sorted(order)
    assert [write_symbol(symbol) for symbol in order] == list(tokenizer.tokens)


LINE = make_score([(0, 24, 60, 72, 0), (24, 24, 62, 72, 0)], [Part()]).score


DRUMS = make_score([(0, 24, 36, 72, 0), (24, 24, 38, 72, 0)], [Part(is_drums=True)]).score


SILENCE = make_score([], ()).score


@pytest.mark.parametrize("other", [WALTZ, DRUMS])
def test_a_vocabulary_is_for_melodies_if_the_whole_corpus_is_melodies(other: Score) -> None:
    assert NotesTokenizer.learn([LINE], [LINE]).melody
    for training, others in (([LINE], [LINE, other]), ([LINE, other], [LINE])):
        # read once, as a corpus is
        tokenizer = NotesTokenizer.learn(iter(training), iter(others), velocity=True)
        assert not tokenizer.melody
        for score in (*training, *others):
            assert tokenizer.losses(score).keys() <= {"velocities"}
            assert tokenizer.decode(tokenizer.encode(score)) == tokenizer.on_grid(score)


@given(st.lists(melodies(), min_size=1, max_size=2), st.lists(melodies(), max_size=2))
def test_of_melodies_the_same_is_learned_whether_they_were_asked_for_or_found(
    training: list[Score], others: list[Score]
) -> None:
    found = NotesTokenizer.learn(iter(training), iter(others))
    assert found.to_json() == NotesTokenizer.learn(training, others, melody=True).to_json()


@pytest.mark.parametrize("name", ["velocity", "melody"])
@pytest.mark.parametrize("made_with", [True, False])
def test_a_choice_that_is_not_the_one_of_the_vocabulary_to_extend_is_refused(
    name: str, made_with: bool
) -> None:
    base = NotesTokenizer.learn([LINE], velocity=made_with, melody=made_with)

    def extended(choice: bool | None) -> NotesTokenizer:
        if name == "velocity":
            return NotesTokenizer.learn([LINE], base=base, velocity=choice)
        return NotesTokenizer.learn([LINE], base=base, melody=choice)

    for same in (None, made_with):
        assert extended(same).choices() == base.choices()
    with pytest.raises(TokenizerError) as caught:
        extended(not made_with)
    assert name in caught.value.problem
    assert "out" in caught.value.fix


def test_whether_to_transpose_is_asked_anew_of_a_vocabulary_to_extend() -> None:
    base = NotesTokenizer.learn([LINE], transpose=False)
    assert NotesTokenizer.learn([LINE], base=base).choices()["transpose"]
    assert not NotesTokenizer.learn([LINE], base=base, transpose=False).transpose


@pytest.mark.parametrize(
    ("training", "others", "melody"),
    [([], [], None), ([SILENCE], [SILENCE], None), ([DRUMS], [], True), ([], [DRUMS], True)],
)
def test_a_corpus_without_a_note_is_refused(
    training: list[Score], others: list[Score], melody: bool | None
) -> None:
    with pytest.raises(TokenizerError, match="no note to learn") as caught:
        NotesTokenizer.learn(training, others, melody=melody)
    assert "notes" in caught.value.fix


@pytest.mark.parametrize("score", [LINE, DRUMS])
def test_one_note_anywhere_is_enough_to_learn_from(score: Score) -> None:
    assert NotesTokenizer.learn([SILENCE], [score]).unseen(score).total() == 0
    assert NotesTokenizer.learn([SILENCE], base=NotesTokenizer.learn([score])).unseen(score).total() == 0


@given(corpora, st.booleans(), st.booleans(), st.booleans())
def test_the_choices_are_those_it_was_made_with(
    corpus: list[Score], velocity: bool, melody: bool, transpose: bool
) -> None:
    tokenizer = NotesTokenizer.learn(corpus, velocity=velocity, melody=melody, transpose=transpose)
    assert tokenizer.choices() == {"velocity": velocity, "melody": melody, "transpose": transpose}


def test_velocities_are_said_where_there_are_several() -> None:
    even = make_score([(0, 24, 60, 72, 0), (24, 24, 60, 79, 0)], [Part()]).score
    assert not NotesTokenizer.learn([even]).velocity
    assert NotesTokenizer.learn([even], velocity=True).velocity
    assert NotesTokenizer.learn([WALTZ]).velocity
    assert not NotesTokenizer.learn([even], [WALTZ]).velocity
    assert not any(token.startswith("Velocity") for token in NotesTokenizer.learn([even]).tokens)


@pytest.mark.parametrize(
    "tokens",
    [
        ["End", "Start", "Bar"],
        ["Start", "End"],
        ["Start", "End", "Bar", "Pitch_128"],
        ["Start", "End", "Bar", "Pitch_060"],
        ["Start", "End", "Bar", "Pitch_-1"],
        ["Start", "End", "Bar", "Pitch_٣"],
        ["Start", "End", "Bar", "Duration_0"],
        ["Start", "End", "Bar", "Duration_385"],
        ["Start", "End", "Bar", "Metre_1/7"],
        ["Start", "End", "Bar", "Metre_4"],
        ["Start", "End", "Bar", "Metre_4/0"],
        ["Start", "End", "Bar", "Metre_9999999/1"],
        ["Start", "End", "Bar", "Tempo_97"],
        ["Start", "End", "Bar", "Key_H"],
        ["Start", "End", "Bar", "Part_0"],
        ["Start", "End", "Bar", "Velocity_8"],
        ["Start", "End", "Bar", "Velocity_4"],
        ["Start", "End", "Bar", "Bar_1"],
        ["Start", "End", "Bar", "Chord_1"],
    ],
)
def test_a_vocabulary_with_what_is_no_token_of_music_is_refused(tokens: list[str]) -> None:
    fields = {**EMPTY, "tokens": tokens}
    with pytest.raises(TokenizerError):
        NotesTokenizer.from_json(fields)


@pytest.mark.parametrize("choice", ["velocity", "melody", "transpose"])
@pytest.mark.parametrize("value", [None, 1, "yes"])
def test_a_vocabulary_without_its_choices_is_refused(choice: str, value: object) -> None:
    with pytest.raises(TokenizerError) as caught:
        NotesTokenizer.from_json({**EMPTY, choice: value})
    assert "choices" in caught.value.problem
    assert NotesTokenizer.from_json(EMPTY).tokens == ("Start", "End", "Bar")
