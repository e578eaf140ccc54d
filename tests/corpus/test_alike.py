"""Which pieces count as nearly the same, beside an exact count of the phrases they share."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.corpus.alike import groups, signature
from gen.score import Part, Score, make_score
from tests.scores import scores


def tune(pitches: list[int], durations: list[int] | None = None, part: Part = Part(0)) -> Score:  # noqa: B008
    durations = durations or [12] * len(pitches)
    onsets = [0, *itertools.accumulate(durations)]
    notes = [
        [onset, duration, pitch, 72, 0]
        for onset, duration, pitch in zip(onsets, durations, pitches, strict=False)
    ]
    return make_score(notes, [part]).score


def random_tune(seed: int, length: int = 80) -> list[int]:
    chosen = random.Random(seed)
    return [chosen.randrange(50, 80) for _ in range(length)]


def share(one: list[int], other: list[int]) -> float:
    """The share of common phrases, counted naively, of tunes whose notes are of one length."""

    def phrases(pitches: list[int]) -> set[tuple[int, ...]]:
        steps = [high - low for low, high in itertools.pairwise(pitches)]
        return {tuple(steps[start : start + 4]) for start in range(len(steps) - 3)}

    both = phrases(one) & phrases(other)
    return len(both) / len(phrases(one) | phrases(other))


@pytest.mark.parametrize("changed", [0, 2, 5, 10, 20, 40])
def test_signatures_agree_in_the_share_of_phrases_that_tunes_share(changed: int) -> None:
    found, exact = [], []
    for seed in range(30):
        one = random_tune(seed)
        other = [pitch + 5 for pitch in one]
        for place in random.Random(seed).sample(range(len(one)), changed):
            other[place] += 1 + seed % 3
        found.append(np.mean(signature(tune(one)) == signature(tune(other))))
        exact.append(share(one, other))
    assert np.mean(found) == pytest.approx(np.mean(exact), abs=0.03)


@given(scores(), st.integers(-12, 12))
def test_a_transposed_piece_is_alike(score: Score, shift: int) -> None:
    notes = score.notes.copy()
    notes[:, 2] += 0 if ((notes[:, 2] + shift < 0) | (notes[:, 2] + shift > 127)).any() else shift
    other = make_score(notes, score.parts, tempos=score.tempos, metres=score.metres).score
    assert groups([signature(score), signature(other)]) == [0, 0]


def test_other_tunes_rhythms_and_orders_are_not_alike() -> None:
    pitches = random_tune(1)
    durations = [random.Random(3).choice([6, 12, 24]) for _ in pitches]
    different = [
        tune(pitches),
        tune(random_tune(2)),
        tune(pitches, [random.Random(place).choice([6, 12, 24]) for place in range(len(pitches))]),
        tune(pitches[::-1]),
    ]
    assert groups([signature(score) for score in different]) == [0, 1, 2, 3]
    assert groups([signature(tune(pitches, durations)), signature(tune(pitches))]) == [0, 1]


def test_a_tune_with_three_notes_changed_is_alike_and_so_is_what_is_alike_to_that() -> None:
    chain = [random_tune(5)]
    for step in range(6):
        following = list(chain[-1])
        for place in range(step * 13, step * 13 + 3):
            following[place] += 2
        chain.append(following)
    assert share(chain[0], chain[-1]) < 0.8
    signatures = [signature(tune(pitches)) for pitches in [random_tune(6), *chain, random_tune(7)]]
    assert groups(signatures) == [0, *[1] * len(chain), len(chain) + 1]


def test_accompaniment_and_drums_do_not_hide_the_melody() -> None:
    melody = tune(random_tune(8)).notes
    bass, drums = melody.copy(), melody.copy()
    bass[:, 2] = [pitch - 40 for pitch in random_tune(9)]
    drums[:, 2] = 100
    bass[:, 4], drums[:, 4] = 1, 2
    full = make_score(np.concatenate([melody, bass, drums]), [Part(), Part(32), Part(0, is_drums=True)]).score
    assert groups([signature(full), signature(tune(random_tune(8)))]) == [0, 0]
    drummed = tune(random_tune(8), part=Part(0, is_drums=True))
    assert groups([signature(drummed), signature(tune(random_tune(9), part=Part(0, is_drums=True)))]) == [
        0,
        1,
    ]


def test_the_groups_of_many_are_those_of_comparing_all_with_all() -> None:
    tunes = [random_tune(seed, 60) for seed in range(150)]
    copies = [[pitch + 3 for pitch in pitches] for pitches in tunes[:40]]
    for place, copy in enumerate(copies):
        copy[place] += 1
    every = tunes + copies
    wanted = [*range(150), *range(40)]
    assert groups([signature(tune(pitches)) for pitches in every]) == wanted


def test_many_copies_of_one_piece_cost_no_more_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    mean = np.mean

    def counted(values: object) -> object:
        nonlocal compared
        compared += 1
        return mean(values)  # type: ignore[call-overload]

    monkeypatch.setattr(np, "mean", counted)
    alike_not = np.zeros(126, np.uint32)
    signatures = []
    for number in range(300):
        one = alike_not.copy()
        one[3:] = np.arange(number * 1000, number * 1000 + 123)
        signatures.append(one)
    assert groups(signatures) == list(range(300))
    assert 0 < compared <= 300 * 8
