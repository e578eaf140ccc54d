"""A corpus divided into N shares, by a rule that every machine follows alike from names and sizes.

A text is cut by bytes, at the line that begins next, and its last tenth is held out, cut in the same way:
each share has a part to learn from and a part held out, and the shares in order are the whole, whatever N is.
A file in an encoding that cannot be cut belongs whole to where it begins. Of music, each share has files that
stand side by side, about as many bytes in each, and what a piece is decides whether it is held out.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gen.corpus.cuts import cut_of_file
from gen.corpus.encodings import known_encoding
from gen.corpus.split import HELD_OUT_PERCENT
from gen.corpus.text import Extent
from gen.errors import CorpusError

# so far a line's end is looked for at the most; a longer line is cut between two characters
_REACH_BYTES = 1 << 20


@dataclass(frozen=True)
class Files:
    """Files in order, with their sizes; the empty ones are left out."""

    paths: tuple[Path, ...]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, paths: Sequence[Path]) -> "Files":
        """Files as they are now.

        Raises:
            CorpusError: One of them is gone.
        """
        sizes = []
        for path in paths:
            try:
                sizes.append(path.stat().st_size)
            except OSError as error:
                raise CorpusError(
                    f"{path} cannot be read: {error.strerror or error}",
                    "Check that it is still there and readable.",
                ) from error
        kept = [number for number, size in enumerate(sizes) if size]
        return cls(tuple(paths[number] for number in kept), tuple(sizes[number] for number in kept))

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Where each file ends in the bytes of all, one after the other."""
        return np.cumsum(self.sizes, dtype=np.int64)

    @property
    def size_bytes(self) -> int:
        """Of all together."""
        return int(self.ends[-1]) if self.sizes else 0


@dataclass(frozen=True)
class Listing:
    """What a corpus consists of.

    Attributes:
        files: What to learn from, and where `held_out` is None, what to hold some of out.
        held_out: The files of a part for validation.
    """

    files: Files
    held_out: Files | None

    @property
    def parts(self) -> tuple[Files, ...]:
        """The one or two lists of files."""
        return (self.files,) if self.held_out is None else (self.files, self.held_out)

    def digest(self) -> str:
        """SHA-256 (hex) of names and sizes; names are counted from the folder that all files are in."""
        # folders are few: of each file nothing is asked of the system again
        folders = {
            folder: folder.resolve() for part in self.parts for folder in {p.parent for p in part.paths}
        }
        base = os.path.commonpath(folders.values()) if folders else ""
        names = {
            folder: os.path.relpath(found, base).replace(os.sep, "/") for folder, found in folders.items()
        }
        whole = hashlib.sha256()
        for part in self.parts:
            whole.update(b"%d files\n" % len(part.paths))
            for path, size in zip(part.paths, part.sizes, strict=True):
                whole.update(b"%d %s\0" % (size, os.fsencode(f"{names[path.parent]}/{path.name}")))
        return whole.hexdigest()


@dataclass(frozen=True)
class Share:
    """What one shard is made from.

    Attributes:
        training: What to learn from.
        held_out: What is held out; None where the pieces themselves decide.
        goes_on: Of each of the two, whether the corpus goes on with another file behind it.
    """

    training: tuple[Extent, ...]
    held_out: tuple[Extent, ...] | None
    goes_on: tuple[bool, bool] = (False, False)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its files."""
        return tuple(dict.fromkeys(extent.path for extent in (*self.training, *(self.held_out or ()))))


def share_of_text(listing: Listing, number: int, of: int, encoding: str | None) -> Share:
    """A share of a text.

    Args:
        listing: The whole.
        number: Which share, from 0.
        of: How many there are.
        encoding: As `--encoding` gives it.

    Raises:
        CorpusError: A file at whose line the text is cut cannot be read.
    """
    codec = None if encoding is None else known_encoding(encoding)
    if listing.held_out is None:
        total = listing.files.size_bytes
        held_out_from = total * (100 - HELD_OUT_PERCENT) // 100
        smallest = total - held_out_from
        spans = [(listing.files, 0, held_out_from), (listing.files, held_out_from, total)]
    else:
        spans = [(part, 0, part.size_bytes) for part in listing.parts]
        smallest = min(part.size_bytes for part in listing.parts)
    # whatever N is, and for all cuts alike: else shares would overlap, or nothing be left to hold out
    reach = min(_REACH_BYTES, smallest // 2)
    found = []
    for files, begin, end in spans:
        bounds = [begin + (end - begin) * place // of for place in (number, number + 1)]
        found.append(_between(files, *(_cut(files, bound, codec, reach) for bound in bounds)))
    (training, more), (held_out, more_held_out) = found
    return Share(training, held_out, (more, more_held_out))


def share_of_music(listing: Listing, number: int, of: int, encoding: str | None) -> Share:  # noqa: ARG001
    """A share of the files of music; see `share_of_text`."""
    training, *held_out = (_nearest(files, number, of) for files in listing.parts)
    return Share(training, held_out[0] if held_out else None)


def _nearest(files: Files, number: int, of: int) -> tuple[Extent, ...]:
    """The files whose middle lies in one of N equal parts of the bytes of all."""
    middles = files.ends - np.array(files.sizes, np.int64) / 2
    shares = (middles * of // max(1, files.size_bytes)).astype(np.int64)
    first, last = np.searchsorted(shares, (number, number + 1))
    return tuple(map(Extent, files.paths[first:last]))


def _between(files: Files, begin: tuple[int, int], end: tuple[int, int]) -> tuple[tuple[Extent, ...], bool]:
    """What lies between two cuts, and whether it ends with a file that others follow."""
    extents = []
    for number in range(begin[0], min(end[0] + 1, len(files.paths))):
        first = begin[1] if number == begin[0] else 0
        last = end[1] if number == end[0] else files.sizes[number]
        if first < last:
            extents.append(Extent(files.paths[number], first, last))
    ends_with_file = bool(extents) and end[1] == 0
    return tuple(extents), ends_with_file and end[0] < len(files.paths)


def _cut(files: Files, place: int, codec: str | None, reach: int) -> tuple[int, int]:
    """Where the whole can be cut, from its byte `place` on: the number of a file, and where in it.

    See `cut_of_file`.
    """
    number = int(np.searchsorted(files.ends, place, "right"))
    if number == len(files.paths):
        return number, 0
    size = files.sizes[number]
    inside = cut_of_file(files.paths[number], place - int(files.ends[number]) + size, size, codec, reach)
    return (number, inside) if inside < size else (number + 1, 0)
