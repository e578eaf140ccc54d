"""Scores to tokens and back: exact but for what is counted, and the same music in other keys."""

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.errors import TokenizerError
from gen.score import DURATION, ONSET, PART, PITCH, VELOCITY, Key, Metre, Part, Score, Tempo, make_score
from gen.tokenizer.notes import NotesTokenizer
from gen.tokenizer.ranges import playable_range
from gen.tokenizer.symbols import TEMPOS, Group, read_symbol, write_symbol
from gen.tokenizer.transposition import SHIFTS
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


EMPTY: dict[str, object] = {
    "name": "notes",
    "version": 1,
    "tokens": ["Start", "End", "Bar"],
    "velocity": False,
    "melody": False,
    "transpose": True,
}


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


def transposed(score: Score, semitones: int) -> Score:
    """By the rows alone; drums stay."""
    notes = score.notes.copy()
    for note in notes:
        if not score.parts[note[PART]].is_drums:
            note[PITCH] += semitones
    keys = [key.transposed(semitones) for key in score.keys]
    return make_score(notes, score.parts, tempos=score.tempos, metres=score.metres, keys=keys).score


@given(corpora)
def test_every_variant_in_range_is_the_score_transposed(corpus: list[Score]) -> None:
    tokenizer = NotesTokenizer.learn(corpus)
    variants = tokenizer.variants()
    assert variants.shape == (len(SHIFTS), len(tokenizer.tokens))
    assert variants[SHIFTS.index(0)].tolist() == list(range(len(tokenizer.tokens)))
    for score in corpus:
        ids = tokenizer.encode(score)
        first, last = tokenizer.variant_range(ids)
        assert 0 <= first <= SHIFTS.index(0) <= last < len(SHIFTS)
        for row in range(first, last + 1):
            moved = variants[row][ids]
            assert (moved >= 0).all()
            assert tokenizer.decode(moved) == transposed(tokenizer.on_grid(score), SHIFTS[row])


@given(any_scores)
def test_a_score_learned_with_transposition_moves_as_far_as_its_instruments_play(score: Score) -> None:
    every_pitch = make_score([(0, 24, pitch, 72, 0) for pitch in range(128)], [Part(127)]).score
    tokenizer = NotesTokenizer.learn([score, every_pitch])
    first, last = tokenizer.variant_range(tokenizer.encode(score))
    played: dict[int, list[int]] = {}
    for note in score.notes.tolist():
        if not score.parts[note[PART]].is_drums:
            played.setdefault(score.parts[note[PART]].program, []).append(note[PITCH])

    def stays(semitones: int) -> bool:
        for program, pitches in played.items():
            low, high = playable_range(program)
            if not all(min(low, *pitches) <= pitch + semitones <= max(high, *pitches) for pitch in pitches):
                return False
        return True

    possible = [place for place, semitones in enumerate(SHIFTS) if stays(semitones)]
    assert (first, last) == (possible[0], possible[-1])


def test_without_transposition_nothing_is_added() -> None:
    tokenizer = NotesTokenizer.learn([WALTZ], transpose=False)
    ids = tokenizer.encode(WALTZ)
    assert set(ids.tolist()) == set(range(len(tokenizer.tokens)))
    assert tokenizer.variant_range(ids) == (0, 0)
    assert tokenizer.variants().tolist() == [list(range(len(tokenizer.tokens)))]


def test_drums_stay_where_they_are() -> None:
    beat = make_score([(0, 12, 36, 72, 0), (12, 12, 60, 72, 1)], [Part(is_drums=True), Part(0)]).score
    tokenizer = NotesTokenizer.learn([beat])
    ids = tokenizer.encode(beat)
    first, last = tokenizer.variant_range(ids)
    assert (first, last) == (0, len(SHIFTS) - 1)
    for row, semitones in zip(tokenizer.variants(), SHIFTS, strict=True):
        assert tokenizer.decode(row[ids]).notes[:, PITCH].tolist() == [36, 60 + semitones]


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
