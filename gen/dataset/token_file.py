"""Ids in a memory-mapped file, written once; memory does not grow with the corpus."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from gen.errors import CorpusError
from gen.files import replacing, unusable_cache
from gen.tokenizer.base import Tokenizer

if TYPE_CHECKING:
    from gen.dataset.sharded import OpenShards

Document = TypeVar("Document")

_PIECE_COLUMNS = 3


@dataclass(frozen=True)
class TokenFile:
    """The ids of one part of a corpus, little-endian, in the smallest dtype that holds the vocabulary.

    Attributes:
        path: The file.
        tokens: How many ids it holds.
        dtype: Of the ids.
        pieces: How many documents they are, each of which is read from a fresh state; 0 for one long text.
        below: What every id is below, to be checked when it is read; None where nobody else wrote the file.
    """

    path: Path
    tokens: int
    dtype: str
    pieces: int = 0
    below: int | None = None

    @property
    def shards(self) -> tuple["TokenFile", ...]:
        """The files that hold the ids, one after the other: here there is one."""
        return (self,)

    @property
    def predictions(self) -> int:
        """How many ids have one before them."""
        return self.tokens - max(1, self.pieces)

    def map(self) -> NDArray[Any]:
        """The ids as a read-only memory map."""
        return np.memmap(self.path, self.dtype, "r", shape=(self.tokens,))

    def opened(self) -> "NDArray[Any] | OpenShards":
        """The ids, to be sliced, be they in one file or in many."""
        return self.map()

    def bounds(self, limit: int | None = None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the pieces begin, and where they end.

        Args:
            limit: Only the first pieces that have this many tokens together, and one at least.
        """
        begins = self.piece_table()[:, 0]
        ends = np.append(begins[1:], self.tokens)
        within = len(ends) if limit is None else max(1, int(np.searchsorted(ends, limit, "right")))
        return begins[:within], ends[:within]

    def piece_table(self) -> NDArray[np.int64]:
        """The pieces: `(pieces, 3)`, where each begins, and the first and the last of its variants.

        A variant is a row of `Tokenizer.variants`.
        """
        table = np.fromfile(table_of(self.path), "<i8")
        return table.reshape(self.pieces, _PIECE_COLUMNS)

    def has_sound_pieces(self, variants: int) -> bool:
        """Whether the pieces lie one behind the other, and have none but this number of variants."""
        if not self.pieces:
            return True
        begins, first, last = self.piece_table().T
        in_order = begins[0] == 0 and (np.diff(np.append(begins, self.tokens)) >= 0).all()
        return bool(in_order and (first >= 0).all() and (first <= last).all() and (last < variants).all())

    def is_whole(self) -> bool:
        """Whether the files are there at their full lengths."""
        files = [(self.path, self.tokens * np.dtype(self.dtype).itemsize)]
        if self.pieces:
            files.append((table_of(self.path), self.pieces * _PIECE_COLUMNS * 8))
        return all(path.stat().st_size == size for path, size in files)


class TokenWriter(Generic[Document]):
    """Encodes documents one after the other into a file, which appears, whole, at the end of the context.

    Args:
        path: The file.
        tokenizer: How.

    Attributes:
        losses: What encoding changed or left out, and how often.

    Raises:
        OSError: From the context: the file cannot be written.
    """

    def __init__(self, path: Path, tokenizer: Tokenizer[Document]) -> None:
        self._path = path
        self._tokenizer = tokenizer
        self._dtype = "<u1" if len(tokenizer.tokens) <= 1 << 8 else "<u2"
        self._tokens = 0
        self._pieces: list[tuple[int, int, int]] = []
        self.losses: Counter[str] = Counter()

    def add(self, document: Document) -> None:
        """Encode a document; only within the context.

        Raises:
            TokenizerError: It has something the vocabulary cannot say.
        """
        ids = self._tokenizer.encode(document)
        self.losses += self._tokenizer.losses(document)
        self._file.write(ids.astype(self._dtype).data)
        if self._tokenizer.by_piece:
            self._pieces.append((self._tokens, *self._tokenizer.variant_range(ids)))
        self._tokens += len(ids)

    @property
    def written(self) -> TokenFile:
        """What was written; whole after the context alone."""
        return TokenFile(self._path, self._tokens, self._dtype, len(self._pieces))

    @contextmanager
    def writing(self) -> Iterator[Self]:
        """The context in which documents are added."""
        with replacing(self._path) as temporary, temporary.open("wb") as self._file:
            yield self
        if self._tokenizer.by_piece:
            with replacing(table_of(self._path)) as temporary:
                np.array(self._pieces, "<i8").tofile(temporary)


def encode_to_file(
    documents: Iterable[Document],
    tokenizer: Tokenizer[Document],
    path: Path,
    losses: Counter[str] | None = None,
) -> TokenFile:
    """Encode documents one after the other into a file, which appears whole or not at all.

    Args:
        documents: What to encode.
        tokenizer: How.
        path: The file.
        losses: Where to count what encoding changes or leaves out.

    Raises:
        TokenizerError: A document has something the vocabulary cannot say.
        CorpusError: The file cannot be written.
    """
    try:
        with TokenWriter(path, tokenizer).writing() as writer:
            for document in documents:
                writer.add(document)
    except OSError as error:
        raise unusable_cache(error) from error
    if losses is not None:
        losses += writer.losses
    return writer.written


def fit_streams(file: TokenFile, streams: int, window: int) -> tuple[int, int]:
    """The largest N and T, at most those asked for, that give each stream a whole window.

    Raises:
        CorpusError: There is nothing to predict.
    """
    if file.predictions < 1:
        raise CorpusError(
            f"The part to train on has {file.tokens} tokens; nothing can be predicted from that.",
            "Give a corpus of at least a few thousand characters.",
        )
    window = min(window, file.predictions)
    return min(streams, file.pieces or file.predictions // window), window


def table_of(path: Path) -> Path:
    """Where the table of pieces of a file of ids is."""
    return path.with_suffix(".pieces")
