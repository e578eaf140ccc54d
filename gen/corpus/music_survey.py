"""What music consists of: its files, its pieces, who plays them, and which files are none."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gen.corpus.library import Library
from gen.corpus.locate import Located
from gen.corpus.piece import Piece
from gen.corpus.sniff import Refusal
from gen.corpus.stored import digest_of
from gen.score import TICKS_PER_QUARTER, Score

DRUMS = "drums"
_PROGRAMS_SHOWN = 10
_FIX = "Give files of music that can be read: MIDI, MusicXML, ABC or kern."


@dataclass
class MusicSurvey:
    """What was found in the files of a corpus of music.

    Attributes:
        accepted: The files that can be trained on, in order.
        refused: What cannot, and why: files, and tunes of files that hold others.
        size_bytes: Of the accepted files as they are on disk.
        identical: Pieces that are the same as one before; dropped, but where the corpus is already split.
        pieces: How many others there are, of which are all the numbers below.
        notes_count: Their notes.
        moved: Notes moved to the grid.
        mended: Notes dropped or shortened because they were struck while they sounded.
        length_ticks: All pieces one after the other.
        parts: How many pieces have one part, two, and so on.
        programs: How many parts each General MIDI program plays, by number, and drums.
        tokens: What training would read, as far as whoever knows the tokenizer has said.
    """

    accepted: list[Path] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    size_bytes: int = 0
    identical: int = 0
    pieces: int = 0
    notes_count: int = 0
    moved: int = 0
    mended: int = 0
    length_ticks: int = 0
    parts: Counter[int] = field(default_factory=Counter)
    programs: Counter[str] = field(default_factory=Counter)
    tokens: int = 0

    @property
    def beats(self) -> float:
        """The length of all pieces in quarter notes."""
        return self.length_ticks / TICKS_PER_QUARTER

    @property
    def moved_share(self) -> float:
        """Which share of the notes was moved to the grid."""
        return self.moved / max(1, self.notes_count)

    def add(self, piece: Piece) -> None:
        """Count a piece."""
        self.pieces += 1
        self.moved += piece.moved
        self.mended += piece.mended
        self.notes_count += len(piece.score.notes)
        self.length_ticks += piece.score.length_ticks
        self.parts[len(piece.score.parts)] += 1
        self.programs.update(DRUMS if part.is_drums else str(part.program) for part in piece.score.parts)

    def facts(self) -> dict[str, Any]:
        """What music has to say beyond its files and tokens, for JSON."""
        return {
            "bytes": self.size_bytes,
            "pieces": self.pieces,
            "duplicates": self.identical,
            "notes_count": self.notes_count,
            "beats": self.beats,
            "moved_share": self.moved_share,
            "mended": self.mended,
            "parts": {str(parts): count for parts, count in sorted(self.parts.items())},
            "programs": dict(self.programs.most_common()),
        }

    def rows(self) -> list[tuple[str, str]]:
        """The same for people: names and values."""
        again = f", {self.identical:,} more the same as another" if self.identical else ""
        return [
            ("bytes", f"{self.size_bytes:,}"),
            ("pieces", f"{self.pieces:,}{again}"),
            ("notes", f"{self.notes_count:,}, {self.moved_share:.1%} of them moved to the grid"),
            ("length", f"{self.beats:,.0f} quarter notes"),
            ("parts", _listed(sorted(self.parts.items()))),
            ("programs", _listed(self.programs.most_common(_PROGRAMS_SHOWN))),
        ]

    def sentences(self) -> list[str]:
        """What the user should be told, one line each."""
        if not self.mended:
            return []
        return [f"{self.mended:,} notes were dropped or shortened, being struck while they sounded"]


class Surveyed:
    """The files of a located corpus of music, to be surveyed and then gone through; each is read once.

    Raises:
        CorpusError: From the methods: the cache cannot be read or written.
    """

    def __init__(self, located: Located) -> None:
        self._located = located
        self._library = Library((*located.files, *(located.validation or ())))

    def survey(self) -> MusicSurvey:
        """Read every file whole; one that cannot be read is listed and the next one taken."""
        found = MusicSurvey(refused=list(self._located.refused))
        seen: set[bytes] = set()
        for path, reading in self._library.readings():
            reasons = [reading.reason] if reading.reason else reading.refused
            found.refused += [Refusal(path, reason, _FIX) for reason in reasons]
            if reading.pieces:
                found.accepted.append(path)
                found.size_bytes += self._library.size_bytes(path)
            for piece in reading.pieces:
                if _is_new(piece, seen):
                    found.add(piece)
                else:
                    found.identical += 1
        return found

    def scores(self) -> Iterator[Score]:
        """The pieces as training would read them: one that is there twice comes once, unless it is split."""
        seen: set[bytes] = set()
        for _, reading in self._library.readings():
            for piece in reading.pieces:
                if _is_new(piece, seen) or self._located.validation is not None:
                    yield piece.score


def _listed(counts: Iterable[tuple[object, int]]) -> str:
    return ", ".join(f"{what} ({count:,})" for what, count in counts)


def _is_new(piece: Piece, seen: set[bytes]) -> bool:
    fingerprint = digest_of(piece.score)
    if fingerprint in seen:
        return False
    seen.add(fingerprint)
    return True
