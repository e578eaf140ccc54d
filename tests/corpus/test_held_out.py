"""Which pieces are held out: by what they are, in groups, and never all or none."""

import functools
import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gen.corpus.alike import Signature
from gen.corpus.held_out import cut_in_two, sides
from gen.score import Key, Metre, Part, Score, Tempo, change_at, make_score
from tests.scores import scores


def fingerprint(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


@functools.cache
def signature_of(group: int) -> Signature:
    """A signature like those of its group and unlike all others."""
    found: NDArray[np.uint32] = np.random.RandomState(group).randint(0, 2**32, 126, np.uint32)
    return found


def divided(groups: dict[int, int]) -> dict[int, bool | None]:
    """The side of each piece; `groups` says which are alike."""
    found = sides(
        [fingerprint(piece) for piece in groups], [signature_of(group) for group in groups.values()]
    )
    return dict(zip(groups, found, strict=True))


@given(st.dictionaries(st.integers(0, 999), st.integers(0, 40), min_size=2, max_size=60))
def test_something_is_held_out_and_something_is_left(groups: dict[int, int]) -> None:
    found = divided(groups)
    held = [piece for piece, side in found.items() if side]
    assert 0 < len(held) < len(groups)
    if len(groups) < 10:
        assert len(held) == 1
    elif len(held) > 1:
        assert not {groups[piece] for piece in held} & {groups[piece] for piece in found.keys() - set(held)}


@pytest.mark.parametrize("size", [1, 2, 5, 20])
def test_about_a_tenth_is_held_out_however_large_the_groups_are(size: int) -> None:
    number = 2000 if size == 1 else 400
    found = divided({piece: piece // size for piece in range(number * size)})
    held = {piece // size for piece, side in found.items() if side}
    assert number * 0.06 < len(held) < number * 0.14
    assert sum(side is True for side in found.values()) == len(held) * size


def test_a_piece_like_no_other_is_held_out_by_its_fingerprint_alone() -> None:
    for piece, side in divided({piece: piece for piece in range(500)}).items():
        assert side is (int.from_bytes(fingerprint(piece)[:8]) / 2**64 < 0.1)


@given(st.sets(st.integers(0, 99), max_size=40), st.randoms())
def test_neither_order_nor_other_pieces_move_a_piece(gone: set[int], chance: object) -> None:
    whole = {piece: piece // 2 for piece in range(100)}
    found = divided(whole)
    left = [piece for piece in whole if piece // 2 * 2 not in gone and piece // 2 * 2 + 1 not in gone]
    chance.shuffle(left)  # type: ignore[attr-defined]
    again = divided({piece: piece // 2 for piece in left})
    first = min(left, key=decided_by)
    # the first group is held out in any case, so that something is
    assert all(again[piece] == found[piece] for piece in left if piece // 2 != first // 2)
    assert again[first] is True


def decided_by(piece: int) -> bytes:
    """What decides for the pair of a piece."""
    pair = [fingerprint(piece // 2 * 2), fingerprint(piece // 2 * 2 + 1)]
    return min(pair, key=lambda each: each[-8:])[:8]


def test_of_few_pieces_the_one_held_out_is_alone() -> None:
    for number in range(50):
        alike = {number * 9 + piece: 0 if piece < 7 else piece for piece in range(9)}
        [held] = [piece for piece, side in divided(alike).items() if side]
        assert held % 9 >= 7
    assert sum(side is True for side in divided(dict.fromkeys(range(5), 0)).values()) == 1
    assert sum(side is True for side in divided(dict.fromkeys(range(50), 0)).values()) == 1


def test_a_piece_that_is_there_again_has_no_side() -> None:
    prints = [fingerprint(number) for number in (1, 2, 1, 3, 2)]
    found = sides(prints, [signature_of(number) for number in (1, 2, 1, 3, 2)])
    assert found[2] is found[4] is None
    assert None not in (found[0], found[1], found[3])
    assert sides([fingerprint(1)] * 3, [signature_of(1)] * 3)[1:] == [None, None]


def named(score: Score, at: int) -> list[tuple[int, int, Part]]:
    return sorted(
        ((onset + at, pitch, score.parts[part]) for onset, _, pitch, _, part in score.notes.tolist()), key=str
    )


def sounding(
    score: Score, at: int, *, since: int = 0, before: int | None = None
) -> set[tuple[int, int, Part]]:
    """Every tick at which a pitch of a part sounds, of the notes that begin between two ticks."""
    return {
        (tick + at, pitch, score.parts[part])
        for onset, duration, pitch, _, part in score.notes.tolist()
        for tick in range(onset, onset + duration)
        if since <= onset and (before is None or onset < before)
    }


@given(scores(max_notes=30, most_ticks=1000))
def test_the_two_parts_of_a_piece_are_the_piece_again(score: Score) -> None:
    cut = cut_in_two(score)
    starts = [bar.start for bar in score.bars()]
    if cut is None:
        onsets = score.notes[:, 0]
        assert not any((onsets < start).any() and (onsets >= start).any() for start in starts[1:])
        return
    learned, held = cut
    assert len(learned.notes) + len(held.notes) == len(score.notes)
    [at] = {
        start
        for start in starts
        if named(score, 0) == sorted([*named(learned, 0), *named(held, start)], key=str)
        and (score.notes[:, 0] < start).sum() == len(learned.notes)
    }
    assert learned.length_ticks <= at
    assert sounding(held, at) == sounding(score, 0, since=at)
    assert sounding(learned, 0) == {what for what in sounding(score, 0, before=at) if what[0] < at}
    for changes, later in ((score.metres, held.metres), (score.tempos, held.tempos), (score.keys, held.keys)):
        for onset in range(0, held.length_ticks, 7):
            before, after = change_at(changes, at + onset), change_at(later, onset)  # type: ignore[type-var]
            assert (before and before[1:]) == (after and after[1:])


@pytest.mark.parametrize(("bars", "held"), [(2, 1), (5, 1), (10, 1), (11, 2), (20, 2), (64, 7)])
def test_the_last_tenth_of_the_bars_is_cut_off(bars: int, held: int) -> None:
    notes = [[bar * 72, 80, 60 + bar % 12, 72, 0] for bar in range(bars)]
    score = make_score(
        notes, [Part(40)], metres=[Metre(0, 3, 4)], keys=[Key(0, 2)], tempos=[Tempo(0, 90), Tempo(72, 100)]
    ).score
    cut = cut_in_two(score)
    assert cut is not None
    # the last note sounds over the end of its bar, and so makes one bar more
    assert len(cut[0].notes) + len(cut[1].notes) == bars
    assert cut[0].length_ticks % 72 == 0
    assert abs(len(cut[1].notes) - held) <= 1
    assert cut[1].keys == (Key(0, 2),)
    assert cut[1].tempos[0].bpm == 100
    assert cut[1].metres == (Metre(0, 3, 4),)


def test_a_held_last_note_is_cut_off_before_where_it_begins() -> None:
    score = make_score([[0, 24, 60, 72, 0], [96, 24, 62, 72, 0], [192, 960, 64, 72, 0]], [Part()]).score
    cut = cut_in_two(score)
    assert cut is not None
    assert cut[0].notes[:, :3].tolist() == [[0, 24, 60], [96, 24, 62]]
    assert cut[1].notes[:, :3].tolist() == [[0, 960, 64]]


def test_a_piece_of_one_bar_cannot_be_cut() -> None:
    assert cut_in_two(make_score([[0, 96, 60, 72, 0]], [Part()]).score) is None
    assert cut_in_two(make_score([[0, 960, 60, 72, 0]], [Part()]).score) is None
