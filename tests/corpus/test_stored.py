"""Pieces as bytes: nothing is lost on the way, and nothing damaged is taken."""

import hashlib
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.corpus.piece import Piece
from gen.corpus.stored import Reading, digest_of, pack, unpack
from gen.score import Part, Tempo, make_score
from tests.scores import scores

pieces = st.builds(Piece, st.text(), scores(), st.integers(0, 99), st.integers(0, 99))
readings = st.builds(Reading, st.lists(pieces, max_size=3).map(tuple), st.lists(st.text()).map(tuple))


@given(readings)
def test_a_reading_comes_back_as_it_was(reading: Reading) -> None:
    back = unpack(pack(reading))
    assert back == reading
    for piece, again in zip(reading.pieces, back.pieces, strict=True):
        assert piece.score.notes.tolist() == again.score.notes.tolist()
        assert again.score.notes.dtype == "int32"


def test_a_refusal_comes_back() -> None:
    reading = Reading(reason="is no music: \n\ud800")
    assert unpack(pack(reading)) == reading


@given(readings, st.data())
def test_a_changed_or_missing_byte_is_seen(reading: Reading, data: st.DataObject) -> None:
    packed = pack(reading)
    place = data.draw(st.integers(0, len(packed) - 1))
    changed = bytearray(packed)
    changed[place] ^= data.draw(st.integers(1, 255))
    for damaged in (bytes(changed), packed[:place], packed + b"\0"):
        with pytest.raises(ValueError, match="checksum"):
            unpack(damaged)


def sealed(header: object, notes: bytes = b"") -> bytes:
    content = json.dumps(header).encode() + b"\n" + zlib.compress(notes)
    return hashlib.sha256(content).digest() + content


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        sealed([]),
        sealed({}),
        sealed({"pieces": [], "refused": [], "reason": None}, b"\0" * 20),
        sealed({"pieces": [["t", 0, 0, -1, [[], [], [], []]]], "refused": [], "reason": None}),
        sealed({"pieces": [["t", 0, 0, 1, [[], [], [], []]]], "refused": [], "reason": None}, b"\0" * 20),
        sealed({"pieces": [["t", 0, 0, 9**12, [[], [], [], []]]], "refused": [], "reason": None}, b"\0" * 20),
        sealed({"pieces": [["t", 0, 0, 1, "x"]], "refused": [], "reason": None}, b"\0" * 20),
    ],
)
def test_bytes_of_another_form_are_refused_though_their_checksum_fits(packed: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(packed)


def test_what_unfolds_to_more_than_it_says_is_not_unfolded() -> None:
    header = {"pieces": [["t", 0, 0, 1, [[[0, False]], [], [], []]]], "refused": [], "reason": None}
    bomb = sealed(header, b"\0" * (1 << 26))
    with pytest.raises(ValueError):
        unpack(bomb)


@given(scores(), scores())
def test_fingerprints_are_equal_for_equal_scores_alone(one: object, other: object) -> None:
    assert (digest_of(one) == digest_of(other)) == (one == other)  # type: ignore[arg-type]


def test_a_fingerprint_sees_more_than_the_notes() -> None:
    notes = [[0, 24, 60, 72, 0]]
    plain = digest_of(make_score(notes, [Part()]).score)
    assert plain != digest_of(make_score(notes, [Part(5)]).score)
    assert plain != digest_of(make_score(notes, [Part()], tempos=[Tempo(0, 90)]).score)
