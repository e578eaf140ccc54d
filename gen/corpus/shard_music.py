"""One share of a corpus of music as pieces, each with whether it is held out.

No share knows the pieces of the others, so each piece decides for itself, by the two of its phrases that
come first in two orders of all phrases there can be. Pieces that differ in their key alone have the same
phrases, and lie on one side; pieces that have a share s of their phrases in common do with a chance of s².
"""

import hashlib
from collections.abc import Iterator, Set
from pathlib import Path

from gen.corpus.alike import Signature, share_from, signature
from gen.corpus.held_out import HELD_OUT
from gen.corpus.library import Library
from gen.corpus.music import MusicNotes
from gen.corpus.shares import Share
from gen.corpus.stored import digest_of
from gen.score import Score

KEY_BYTES = 8  # of a fingerprint: enough for millions of pieces


class MusicShard:
    """The pieces of a share, in the order of its files.

    Args:
        share: Which.
        encoding: Not used: what music is in, its files say.
        before: Beginnings of the fingerprints of pieces in the shares before, which are dropped here.
        workers: How many files are read at a time, at the most; None for one a core.

    Attributes:
        notes: What was found in the files, once they have been read.
        fingerprints: Of every piece kept, the beginning.
    """

    def __init__(
        self,
        share: Share,
        encoding: str | None,  # noqa: ARG002 - every kind of share is opened in the same way
        before: Set[bytes] = frozenset(),
        workers: int | None = None,
    ) -> None:
        self._share = share
        self._before = before
        self._workers = workers
        self._digest = hashlib.sha256()
        self.notes = MusicNotes()
        self.fingerprints: list[bytes] = []

    @property
    def content(self) -> str:
        """SHA-256 (hex) of the pieces read so far, dropped ones too."""
        return self._digest.hexdigest()

    def told(self) -> list[str]:
        """What the user should be told, one line each, once all is read; all but the number of pieces."""
        return self.notes.sentences()[1:]

    def documents(self) -> Iterator[tuple[bool, Score]]:
        """The pieces, each with whether it is held out; to be gone through once.

        Of a corpus that is already split nothing is dropped.

        Raises:
            CorpusError: The cache cannot be read or written.
        """
        share = self._share
        if share.held_out is not None:
            for held_out, extents in ((False, share.training), (True, share.held_out)):
                for score, _ in self._read(tuple(extent.path for extent in extents)):
                    yield held_out, score
            return
        seen = set(self._before)
        for score, fingerprint in self._read(tuple(extent.path for extent in share.training)):
            if fingerprint in seen:
                self.notes.identical += 1
                self.notes.pieces -= 1
                continue
            seen.add(fingerprint)
            self.fingerprints.append(fingerprint)
            yield is_held_out(signature(score)), score

    def _read(self, paths: tuple[Path, ...]) -> Iterator[tuple[Score, bytes]]:
        self._digest.update(b"%d files" % len(paths))
        for path, reading in Library(paths, self._workers).readings():
            self.notes.add(path, reading)
            for piece in reading.pieces:
                fingerprint = digest_of(piece.score)
                self._digest.update(fingerprint)
                yield piece.score, fingerprint[:KEY_BYTES]


def is_held_out(of: Signature) -> bool:
    """Whether a piece is held out, by its signature alone: a tenth of all are."""
    return share_from(of) < HELD_OUT
