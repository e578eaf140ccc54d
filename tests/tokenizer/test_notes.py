"""Scores to tokens and back: exact but for what is counted, and the same music in other keys."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.errors import TokenizerError
from gen.score import DURATION, ONSET, PART, PITCH, VELOCITY, Key, Metre, Part, Score, Tempo, make_score
from gen.tokenizer.notes import NotesTokenizer
from gen.tokenizer.symbols import TEMPOS, Group
from tests.scores import melodies, scores

any_scores = st.one_of(scores(), scores(most_ticks=1000), melodies())
# the last has a note in any case, for a melody too
corpora = st.lists(any_scores, max_size=2).flatmap(lambda few: melodies().map(lambda last: [*few, last]))

WALTZ = make_score(
    [(0, 24, 67, 72, 1), (24, 24, 71, 72, 1), (24, 24, 74, 72, 1), (0, 48, 43, 72, 0), (84, 60, 67, 100, 1)],
    [Part(32), Part(40)],
    tempos=[Tempo(0, 96)],
    metres=[Metre(0, 3, 4)],
    keys=[Key(0, 1), Key(84, 1, "minor")],
).score
SPELLED = """
    Start
    Bar Metre_3/4
    Position_0 Key_G Tempo_96 Part_1 Program_32 Duration_48 Velocity_4 Pitch_43
    Part_2 Program_40 Duration_24 Velocity_4 Pitch_67
    Position_24 Pitch_71 Pitch_74
    Bar Position_12 Key_Em Duration_60 Velocity_6 Pitch_67
    End
"""


def words(tokenizer: NotesTokenizer, ids: np.ndarray) -> list[str]:
    return [tokenizer.tokens[number] for number in ids]


def rows(score: Score) -> Counter[tuple[int, ...]]:
    """The notes, each with its player in place of the part's number."""
    return Counter(
        (onset, duration, pitch, velocity, score.parts[part].program, score.parts[part].is_drums)
        for onset, duration, pitch, velocity, part in score.notes.tolist()
    )


def test_a_piece_is_spelled_as_the_book_says() -> None:
    tokenizer = NotesTokenizer.learn([WALTZ], transpose=False)
    assert words(tokenizer, tokenizer.encode(WALTZ)) == SPELLED.split()
    assert tokenizer.tokens == (
        "Start",
        "End",
        "Bar",
        "Metre_3/4",
        *("Position_0", "Position_12", "Position_24"),
        *("Key_G", "Key_Em"),
        "Tempo_96",
        *("Part_1", "Part_2"),
        *("Program_32", "Program_40"),
        *("Duration_24", "Duration_48", "Duration_60"),
        *("Velocity_4", "Velocity_6"),
        *("Pitch_43", "Pitch_67", "Pitch_71", "Pitch_74"),
    )


@given(corpora, st.sampled_from([None, True, False]), st.booleans(), st.booleans())
def test_what_comes_back_is_the_score_on_the_grid_and_what_that_changed_was_counted(
    corpus: list[Score], velocity: bool | None, melody: bool, transpose: bool
) -> None:
    tokenizer = NotesTokenizer.learn(
        corpus[:1], corpus[1:], velocity=velocity, melody=melody, transpose=transpose
    )
    for score in corpus:
        ids = tokenizer.encode(score)
        kept = tokenizer.on_grid(score)
        assert tokenizer.decode(ids) == kept
        assert tokenizer.decode(ids[1:-1]) == kept
        assert tokenizer.encode(kept).tolist() == ids.tolist()
        assert not tokenizer.losses(kept)
        losses = tokenizer.losses(score)
        assert all(count > 0 for count in losses.values())
        if not losses:
            assert kept == score


@given(any_scores)
def test_with_parts_and_velocities_only_bins_limits_and_the_order_of_parts_are_lost(score: Score) -> None:
    kept = NotesTokenizer.learn([score, WALTZ], velocity=True).on_grid(score)
    binned: Counter[tuple[int, ...]] = Counter()
    for onset, duration, pitch, velocity, program, drums in rows(score).elements():
        binned[onset, min(duration, 384), pitch, velocity // 16 * 16 + 8, program, drums] += 1
    assert rows(kept) == binned
    appearing = list(dict.fromkeys(kept.notes[:, PART].tolist()))
    assert appearing == list(range(len(kept.parts)))
    if len(kept.notes):
        assert kept.metres == tuple(metre for metre in score.metres if metre.onset < kept.length_ticks)


@given(any_scores)
def test_losses_count_each_thing_that_is_changed(score: Score) -> None:
    losses = NotesTokenizer.learn([score, WALTZ], velocity=False).losses(score)
    assert losses["velocities"] == sum(velocity != 72 for velocity in score.notes[:, VELOCITY].tolist())
    assert losses["long notes cut"] == sum(ticks > 384 for ticks in score.notes[:, DURATION].tolist())
    assert losses["tempos"] == sum(tempo.bpm not in TEMPOS for tempo in score.tempos)


@given(scores(max_parts=4))
def test_a_melody_is_the_highest_note_struck_at_each_time_until_the_next(score: Score) -> None:
    kept = NotesTokenizer.learn([score, WALTZ], melody=True).on_grid(score)
    struck: dict[int, tuple[int, int]] = {}
    for onset, duration, pitch, _, part in score.notes.tolist():
        if not score.parts[part].is_drums and pitch > struck.get(onset, (-1, 0))[0]:
            struck[onset] = (pitch, duration)
    times = sorted(struck)
    limits = [*(after - before for before, after in pairwise(times)), 384]
    expected = [
        (onset, min(struck[onset][1], limit, 384), struck[onset][0])
        for onset, limit in zip(times, limits, strict=bool(times))
    ]
    assert [tuple(row) for row in kept.notes[:, [ONSET, DURATION, PITCH]].tolist()] == expected
    assert len(kept.parts) <= 1


def test_of_two_parts_in_unison_the_first_is_the_melody() -> None:
    score = make_score(
        [(0, 24, 60, 72, 0), (0, 48, 60, 72, 1), (0, 96, 50, 72, 1)], [Part(40), Part(41)]
    ).score
    tokenizer = NotesTokenizer.learn([score], melody=True)
    assert tokenizer.on_grid(score) == make_score([(0, 24, 60, 72, 0)], [Part(40)]).score
    assert tokenizer.losses(score) == {"notes merged away": 2, "programs merged away": 1}


@given(melodies())
def test_a_melody_loses_nothing_as_one(score: Score) -> None:
    tokenizer = NotesTokenizer.learn([score], melody=True)
    assert tokenizer.losses(score).keys() <= {"tempos"}
    assert tokenizer.on_grid(score).notes.tolist() == score.notes.tolist()


@given(corpora, any_scores)
def test_what_a_vocabulary_cannot_say_is_named_and_can_be_left_out(
    corpus: list[Score], foreign: Score
) -> None:
    tokenizer = NotesTokenizer.learn(corpus, transpose=False)
    unseen = tokenizer.unseen(foreign)
    assert not unseen.keys() & tokenizer.ids.keys()
    without = tokenizer.without_unseen(foreign)
    if unseen:
        with pytest.raises(TokenizerError) as caught:
            tokenizer.encode(foreign)
        assert next(iter(unseen)) in caught.value.problem
        assert ("more" in caught.value.problem) == (len(unseen) > 5)
    else:
        assert without == foreign
    assert tokenizer.decode(tokenizer.encode(without)) == tokenizer.on_grid(without)
    assert rows(tokenizer.on_grid(without)) <= rows(tokenizer.on_grid(foreign))


def test_only_the_notes_that_cannot_be_said_are_left_out() -> None:
    tokenizer = NotesTokenizer.learn([WALTZ], transpose=False)
    notes = [*WALTZ.notes.tolist(), [24, 24, 72, 72, 1], [60, 24, 67, 72, 1], [24, 20, 43, 72, 0]]
    foreign = make_score(
        notes,
        WALTZ.parts,
        tempos=[*WALTZ.tempos, Tempo(84, 60)],
        metres=WALTZ.metres,
        keys=[*WALTZ.keys, Key(24, 2)],
    ).score
    expected = {"Pitch_72": 1, "Position_60": 1, "Tempo_60": 1, "Key_D": 1, "Duration_20": 1}
    assert expected.items() <= tokenizer.unseen(foreign).items()
    kept = tokenizer.without_unseen(foreign)
    assert kept.tempos == WALTZ.tempos
    assert kept.keys == WALTZ.keys
    assert [note[:3] for note in kept.notes.tolist()] != [note[:3] for note in foreign.notes.tolist()]
    assert rows(kept).keys() <= rows(tokenizer.on_grid(WALTZ)).keys() | {(0, 24, 43, 72, 32, False)}


@pytest.mark.parametrize(
    "piece",
    [
        "Start Bar",
        "Start Bar End",
        "Start Bar Position_0",
        "Start Bar Metre_3/4 Position_0",
        "Start Bar Metre_3/4 Position_0 Part_1 Program_32",
        "Start Bar Metre_3/4 End",
        "Bar Metre_3/4 Metre_3/4",
        "Bar Metre_3/4 Bar Metre_3/4",
        "Bar Metre_3/4 Position_0 Part_2",
        "Bar Metre_3/4 Position_0 Pitch_67",
        "Bar Metre_3/4 Position_0 Part_1 Duration_24 Velocity_4 Pitch_67",
        "Bar Metre_3/4 Position_0 Part_1 Program_32 Duration_24 Pitch_67",
        "Bar Metre_3/4 Position_0 Part_1 Program_32 Velocity_4 Pitch_67",
        "Bar Metre_3/4 Position_0 Tempo_96 Key_G",
        "Bar Metre_3/4 Position_24 Tempo_96 Position_24",
        "Bar Metre_3/4 Position_24 Tempo_96 Position_0",
        "{note} Pitch_67",
        "{note} Pitch_43",
        "{note} Position_12 Pitch_67",
        "{note} Position_12 Duration_24 Pitch_71",
        "{note} Position_12 Velocity_4 Pitch_71",
        "{note} Position_12 Part_1 Pitch_71",
        "{note} Position_12 Part_2 Program_40 Duration_24 Velocity_4 Pitch_67 Part_1 Pitch_71",
        "{note} Bar Bar End",
        "{note} End End",
        "{note} End Bar",
        "{note} Start",
        "{note} Position_24 Tempo_96 End",
    ],
)
def test_ids_that_are_no_piece_are_refused(piece: str) -> None:
    tokenizer = NotesTokenizer.learn([WALTZ], transpose=False)
    note = "Bar Metre_3/4 Position_0 Part_1 Program_32 Duration_24 Velocity_4 Pitch_67"
    text = piece.replace("{note}", note).split()
    with pytest.raises(TokenizerError):
        tokenizer.decode(np.array([tokenizer.ids[token] for token in text], np.int32))
    assert (
        len(tokenizer.decode(np.array([tokenizer.ids[token] for token in note.split()], np.int32)).notes) == 1
    )


@given(st.lists(st.integers(-3, 200), max_size=12))
def test_random_ids_are_a_piece_or_an_error(numbers: list[int]) -> None:
    tokenizer = NotesTokenizer.learn([WALTZ])
    try:
        score = tokenizer.decode(np.array(numbers, np.int32))
    except TokenizerError:
        return
    assert tokenizer.on_grid(score).parts == score.parts


@given(corpora)
def test_units_are_notes_and_quarters_to_the_end_of_the_last(corpus: list[Score]) -> None:
    tokenizer = NotesTokenizer.learn(corpus)
    kept = [tokenizer.on_grid(score) for score in corpus]
    ids = np.concatenate([tokenizer.encode(score) for score in corpus])
    expected = {
        "note": sum(len(score.notes) for score in kept),
        "beat": sum(score.length_ticks for score in kept) / 24,
    }
    assert tokenizer.units(ids) == expected
    assert tokenizer.units(ids[1:]) == expected
    assert next(iter(expected)) == "note"


def test_a_piece_begins_with_the_start_that_is_read_first() -> None:
    tokenizer = NotesTokenizer.learn([WALTZ])
    assert words(tokenizer, tokenizer.start()) == ["Start"]
    assert tokenizer.encode(WALTZ)[0] == 0
    assert tokenizer.by_piece


def test_the_bins_of_the_tempo_are_close_and_hold_the_common_marks() -> None:
    assert {60, 90, 96, 100, 108, 120} <= set(TEMPOS)
    assert (TEMPOS[0], TEMPOS[-1]) == (20, 300)
    assert all(1 < after / before <= 1.053 for before, after in pairwise(TEMPOS))
    assert Group.TEMPO.word == "Tempo"
