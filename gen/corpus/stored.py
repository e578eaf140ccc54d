"""Pieces as bytes and back: how they come from the worker that read them and lie in the cache.

A checksum, one line of JSON for what is few, and the notes, compressed. Nothing is run on opening them, and
what was damaged on the way is refused.
"""

import hashlib
import itertools
import json
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.corpus.piece import Piece
from gen.score import Key, Metre, Part, Score, Tempo, make_score

_CHECKSUM_BYTES = hashlib.sha256().digest_size
_COLUMNS = 5
_FASTEST = 1  # level of compression


@dataclass(frozen=True)
class Reading:
    """What reading one file gave.

    Attributes:
        pieces: In the order of the file; none where the file is refused.
        refused: Tunes of the file that are refused beside others that are not, one line each.
        reason: Why the file is refused, worded to follow its name; None where it has pieces.
    """

    pieces: tuple[Piece, ...] = ()
    refused: tuple[str, ...] = ()
    reason: str | None = None


def pack(reading: Reading) -> bytes:
    """The bytes of a reading."""
    header = {
        "reason": reading.reason,
        "refused": reading.refused,
        "pieces": [
            [piece.title, piece.moved, piece.mended, len(piece.score.notes), _described(piece.score)]
            for piece in reading.pieces
        ],
    }
    # column by column, since what is alike stands side by side then and takes less room
    notes = b"".join(piece.score.notes.T.astype("<i4").tobytes() for piece in reading.pieces)
    content = json.dumps(header, separators=(",", ":")).encode() + b"\n" + zlib.compress(notes, _FASTEST)
    return hashlib.sha256(content).digest() + content


def unpack(packed: bytes) -> Reading:
    """The reading that `pack` made bytes of.

    Raises:
        ValueError: These are not such bytes, or they are damaged.
    """
    content = packed[_CHECKSUM_BYTES:]
    if hashlib.sha256(content).digest() != packed[:_CHECKSUM_BYTES]:
        raise ValueError("the checksum does not fit")
    line, _, compressed = content.partition(b"\n")
    try:
        header = json.loads(line)
        lengths = [int(length) for _, _, _, length, _ in header["pieces"]]
        notes = _notes(compressed, lengths)
        pieces = tuple(
            Piece(str(title), _score(array, *facts), int(moved), int(mended))
            for array, (title, moved, mended, _, facts) in zip(notes, header["pieces"], strict=True)
        )
        return Reading(pieces, tuple(map(str, header["refused"])), header["reason"])
    except (KeyError, TypeError, zlib.error) as error:
        raise ValueError(f"no such form: {error}") from error


def digest_of(score: Score) -> bytes:
    """A fingerprint (SHA-256) of the music alone, whatever its title: equal for equal scores."""
    described = json.dumps(_described(score), separators=(",", ":")).encode()
    return hashlib.sha256(described + b"\n" + score.notes.astype("<i4").tobytes()).digest()


def _described(score: Score) -> list[Any]:
    parts = [[part.program, part.is_drums] for part in score.parts]
    return [parts, score.tempos, score.metres, score.keys]


def _score(notes: NDArray[np.int32], parts: Any, tempos: Any, metres: Any, keys: Any) -> Score:
    score, mended = make_score(
        notes,
        [Part(*part) for part in parts],
        tempos=[Tempo(*change) for change in tempos],
        metres=[Metre(*change) for change in metres],
        keys=[Key(*change) for change in keys],
    )
    if mended or not np.array_equal(score.notes, notes):
        raise ValueError("the notes are not in canonical form")
    return score


def _notes(compressed: bytes, lengths: list[int]) -> list[NDArray[np.int32]]:
    size = sum(lengths) * _COLUMNS * np.dtype("<i4").itemsize
    # so much and no more, whatever the bytes would unfold to; 0 would mean no bound
    content = zlib.decompressobj().decompress(compressed, size or 1)
    numbers = np.frombuffer(content, "<i4").astype(np.int32)
    bounds = np.cumsum([0, *lengths]) * _COLUMNS
    if min(lengths, default=0) < 0 or len(numbers) != bounds[-1]:
        raise ValueError(f"{len(numbers)} numbers, not {bounds[-1]}")
    spans = itertools.pairwise(bounds.tolist())
    return [np.ascontiguousarray(numbers[low:high].reshape(_COLUMNS, -1).T) for low, high in spans]
