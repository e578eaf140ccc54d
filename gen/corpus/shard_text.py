"""One share of a text as documents, each with whether it is held out."""

import hashlib
from collections.abc import Iterator, Set

from gen.corpus.shares import Share
from gen.corpus.text import Extent, iterate_extents
from gen.corpus.text_notes import TextNotes


class TextShard:
    """The text of a share, in pieces.

    Args:
        share: Which.
        encoding: As `--encoding` gives it.
        before: Not used: a text has no pieces that could be there twice.

    Attributes:
        notes: What was found in the files that have been read to their end.
        fingerprints: None: there are no pieces.
    """

    def __init__(
        self,
        share: Share,
        encoding: str | None,
        before: Set[bytes] = frozenset(),  # noqa: ARG002 - every kind of share is opened in the same way
        workers: int | None = None,  # noqa: ARG002
    ) -> None:
        self._share = share
        self._encoding = encoding
        self._digest = hashlib.sha256()
        self.notes = TextNotes()
        self.fingerprints: list[bytes] = []

    @property
    def content(self) -> str:
        """SHA-256 (hex) of the bytes read so far."""
        return self._digest.hexdigest()

    def told(self) -> list[str]:
        """What the user should be told, one line each, once all is read."""
        return self.notes.sentences()

    def documents(self) -> Iterator[tuple[bool, str]]:
        """The text to learn from and then the text held out; to be gone through once.

        Raises:
            CorpusError: While reading: a file cannot be read; see `iterate_text`.
        """
        training, held_out = self._share.training, self._share.held_out or ()
        yield from ((False, text) for text in self._read(training, goes_on=self._share.goes_on[0]))
        yield from ((True, text) for text in self._read(held_out, goes_on=self._share.goes_on[1]))

    def _read(self, extents: tuple[Extent, ...], *, goes_on: bool) -> Iterator[str]:
        """A part; its last line ends where the next share's first file begins, as between any two files."""
        self._digest.update(b"%d extents" % len(extents))
        last = "\n"
        for text in iterate_extents(extents, self._encoding, self.notes, self._digest):
            yield text
            last = text[-1]
        if goes_on and last != "\n":
            yield "\n"
