"""Music in two parts: the pieces a model learns from, and those it is then tried on.

A folder that is already split is used as it is. Of any other, pieces that are there twice are dropped, pieces
that are nearly alike stay together, and about a tenth is held out, chosen by what the pieces are and not by
their names or order: other files coming or going move no piece, but where they are what makes pieces alike.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from gen.corpus.alike import signature
from gen.corpus.held_out import cut_in_two, sides
from gen.corpus.library import Library, reader_version
from gen.corpus.stored import Reading, digest_of
from gen.corpus.wording import counted
from gen.errors import CorpusError
from gen.score import Score

_REASONS_SHOWN = 3


@dataclass
class MusicNotes:
    """What reading found, for the user to be told.

    Attributes:
        files: How many there are.
        pieces: How many are used.
        notes: In all pieces read.
        moved: Notes that had to be moved to the grid.
        mended: Notes dropped or shortened because they were struck while they sounded.
        identical: Pieces dropped because an earlier one is the same music.
        refused: Files, and tunes of files, that cannot be used, and why.
        refused_files: How many of these are whole files.
    """

    files: int = 0
    pieces: int = 0
    notes: int = 0
    moved: int = 0
    mended: int = 0
    identical: int = 0
    refused: list[tuple[Path, str]] = field(default_factory=list)
    refused_files: int = 0

    def sentences(self) -> list[str]:
        """What the user should be told, one line each."""
        used = self.files - self.refused_files
        lines = [f"{counted(self.pieces, 'piece')} from {counted(used, 'file')}"]
        if self.refused:
            first = "; ".join(f"{path} {reason}" for path, reason in self.refused[:_REASONS_SHOWN])
            tunes = len(self.refused) - self.refused_files
            what = [counted(self.refused_files, "file")] * bool(self.refused_files)
            what += [counted(tunes, "tune")] * bool(tunes)
            more = "; …" if len(self.refused) > _REASONS_SHOWN else ""
            hint = "(gen corpora inspect PATH lists them all)"
            lines.append(f"{' and '.join(what)} cannot be used: {first}{more} {hint}")
        if self.moved:
            lines.append(f"{self.moved / self.notes:.1%} of the notes were moved to the grid")
        if self.mended:
            lines.append(f"{counted(self.mended, 'note')} struck while sounding were dropped or shortened")
        if self.identical:
            lines.append(f"{counted(self.identical, 'piece')} dropped, being the same as another")
        return lines

    def add(self, path: Path, reading: Reading) -> None:
        """Count what was read in a file."""
        self.files += 1
        self.refused_files += reading.reason is not None
        self.refused += [(path, why) for why in ([reading.reason] if reading.reason else reading.refused)]
        self.pieces += len(reading.pieces)
        for piece in reading.pieces:
            self.notes += len(piece.score.notes)
            self.moved += piece.moved
            self.mended += piece.mended


class MusicParts:
    """The training and validation pieces of a corpus, each as a stream of scores, in the order of the files.

    Args:
        files: What to train on, in order.
        validation: What to validate on; None to hold out some of the pieces.
        encoding: Not used: what music is in, its files say.
    """

    def __init__(
        self,
        files: tuple[Path, ...],
        validation: tuple[Path, ...] | None,
        encoding: str | None = None,  # noqa: ARG002 - every kind of corpus is opened in the same way
    ) -> None:
        self._library = Library(files)
        self._validation = None if validation is None else Library(validation)
        self._libraries = [self._library] if self._validation is None else [self._library, self._validation]

    @property
    def notes(self) -> MusicNotes:
        """What was found in the files, which are read for it if they have not been."""
        return self._scan.notes

    @property
    def is_final(self) -> bool:
        """Whether reading the files another time would give the same; they are read if they have not been.

        False where a file failed for a reason that may be gone then, such as too little time or memory.
        """
        _ = self._scan  # reads them
        return all(library.is_final for library in self._libraries)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all pieces in order and of who read them; files are read if they have not been."""
        return self._scan.fingerprint

    def read(self) -> tuple[Iterator[Score], Iterator[Score]]:
        """The pieces to learn from and those held out.

        Raises:
            CorpusError: No file can be used, there is too little to hold out some of it, or the cache cannot
                be read or written.
        """
        scan = self._scan
        if self._validation is not None:
            return _scores(self._library), _scores(self._validation)
        if scan.cut is not None:
            return iter(scan.cut[:1]), iter(scan.cut[1:])
        return self._side(held_out=False), self._side(held_out=True)

    def description(self) -> str:
        """How the corpus is split, for the user."""
        scan = self._scan
        if self._validation is not None:
            return "nothing is held out: the music for validation is a part of its own"
        if scan.cut is not None:
            bars = [sum(1 for _ in score.bars()) for score in scan.cut]
            return f"the last {counted(bars[1], 'bar')} of {sum(bars)} held out for validation"
        held = scan.sides.count(True)
        return f"{held:,} of {counted(scan.notes.pieces, 'piece')} held out for validation"

    def _side(self, *, held_out: bool) -> Iterator[Score]:
        for score, side in zip(_scores(self._library), self._scan.sides, strict=True):
            if side is held_out:
                yield score

    @cached_property
    def _scan(self) -> "_Scan":
        notes = MusicNotes()
        whole = hashlib.sha256(reader_version().encode())
        if self._validation is not None:
            for library in self._libraries:
                digests = [digest_of(score) for score in _scanned(library, notes)]
                whole.update(b"%d\n" % len(digests) + b"".join(digests))
            return _Scan(notes, [], None, whole.hexdigest())
        fingerprints, signatures = [], []
        for score in _scanned(self._library, notes):
            fingerprints.append(digest_of(score))
            signatures.append(signature(score))
        whole.update(b"".join(fingerprints))
        found = sides(fingerprints, signatures)
        notes.identical = found.count(None)
        notes.pieces -= notes.identical
        return _Scan(notes, found, self._cut() if notes.pieces == 1 else None, whole.hexdigest())

    def _cut(self) -> tuple[Score, Score]:
        cut = cut_in_two(next(_scores(self._library)))
        if cut is None:
            raise CorpusError(
                "The corpus is a single piece of so few bars that none can be held out",
                "Add more music, or name some to validate on with --validation-corpus.",
            )
        return cut


@dataclass(frozen=True)
class _Scan:
    """What reading everything once gave.

    Attributes:
        notes: For the user.
        sides: Of each piece, in order, whether it is held out; None for one that is dropped.
        cut: The two parts of a single piece.
        fingerprint: Of all pieces in order and of who read them, in hexadecimal.
    """

    notes: MusicNotes
    sides: list[bool | None]
    cut: tuple[Score, Score] | None
    fingerprint: str


def _scores(library: Library) -> Iterator[Score]:
    for _, reading in library.readings():
        yield from (piece.score for piece in reading.pieces)


def _scanned(library: Library, notes: MusicNotes) -> Iterator[Score]:
    """The scores of files, of which at least one has any; what is found is noted."""
    before = notes.pieces
    for path, reading in library.readings():
        notes.add(path, reading)
        yield from (piece.score for piece in reading.pieces)
    if library.files and notes.pieces == before:
        raise _nothing(library.files, notes)


def _nothing(files: tuple[Path, ...], notes: MusicNotes) -> CorpusError:
    path, reason = notes.refused[-1]
    if len(files) == 1:
        return CorpusError(f"{path} {reason}", "Give a file of music: MIDI, MusicXML, ABC or kern.")
    return CorpusError(
        f"None of {len(files)} files holds music that can be used: {path} {reason}",
        "See the reason for each with: gen corpora inspect PATH",
    )
