"""The mask forbids nothing that goes on to a piece, and all that does not."""

import numpy as np

from gen.errors import TokenizerError
from gen.score import Key, Metre, Part, Tempo, make_score
from gen.tokenizer.notes import NotesTokenizer


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
