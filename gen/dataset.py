"""Ids in a memory-mapped file, and windows of N parallel streams over them.

Encoding writes a part's ids to a file once; training reads windows from it. The whole state of a reader is
its cursor, two integers, so a resumed run goes on at the very token. Memory does not grow with the corpus.
"""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gen.config import JsonFields
from gen.corpus.text import content_hash
from gen.errors import CorpusError, TokenizerError
from gen.files import cache_folder, replacing, unusable_cache, write_atomically
from gen.kinds import KINDS
from gen.tokenizer.base import Tokenizer

Document = TypeVar("Document")

_WINDOWS_PER_MAP = 64


@dataclass(frozen=True)
class TokenFile:
    """The ids of one part of a corpus, little-endian, in the smallest dtype that holds the vocabulary."""

    path: Path
    tokens: int
    dtype: str

    def map(self) -> NDArray[Any]:
        """The ids as a read-only memory map."""
        return np.memmap(self.path, self.dtype, "r", shape=(self.tokens,))


@dataclass(frozen=True)
class Window:
    """One training example a stream.

    Shapes:
        ids: `(N, T + 1)` int32; time step t reads `ids[:, t]` and is to predict `ids[:, t + 1]`.
        weights: `(N, T)` float32; 1 where a prediction counts, 0 on padding.
        fresh: `(N,)` bool; where true, the stream's state is cleared before the window.
    """

    ids: NDArray[np.int32]
    weights: NDArray[np.float32]
    fresh: NDArray[np.bool_]


@dataclass(frozen=True)
class Cursor(JsonFields):
    """Where the next window begins: passes over the part done, and the time step within each stream."""

    epoch: int = 0
    position: int = 0


class Windows:
    """N parallel contiguous streams over a part; each token but the first is predicted once an epoch.

    Args:
        file: The ids.
        streams: N, at most `file.tokens - 1`.
        window: T.
        limit: Read only this many tokens, from the beginning.
        cursor: Where to go on.

    Raises:
        ValueError: There are fewer than two tokens, or fewer predictions than streams.
    """

    def __init__(
        self,
        file: TokenFile,
        streams: int,
        window: int,
        *,
        limit: int | None = None,
        cursor: Cursor | None = None,
    ) -> None:
        self.tokens = file.tokens if limit is None else min(limit, file.tokens)
        if not 1 <= streams <= self.tokens - 1:
            raise ValueError(f"{streams} streams over {self.tokens} tokens: at least one prediction each")
        self.streams = streams
        self.window = window
        self.cursor = cursor or Cursor()
        self._file = file
        self._bounds = np.linspace(0, self.tokens - 1, streams + 1).astype(np.int64)
        self._longest = int(np.diff(self._bounds).max())
        self._ids = file.map()
        self._windows_since_map = 0

    @property
    def per_epoch(self) -> int:
        """Windows in one pass."""
        return -(-self._longest // self.window)

    def next(self) -> Window:
        """The window at the cursor, which moves on; after the last of an epoch the next epoch begins."""
        if self._windows_since_map == _WINDOWS_PER_MAP:
            # pages that were read stay resident as long as their map does
            self._ids = self._file.map()
            self._windows_since_map = 0
        self._windows_since_map += 1
        position = self.cursor.position
        ids = np.zeros((self.streams, self.window + 1), np.int32)
        weights = np.zeros((self.streams, self.window), np.float32)
        for stream, (first, last) in enumerate(zip(self._bounds[:-1], self._bounds[1:], strict=True)):
            piece = self._ids[first + position : min(first + position + self.window, last) + 1]
            ids[stream, : len(piece)] = piece
            weights[stream, : max(0, len(piece) - 1)] = 1
        fresh = np.full(self.streams, position == 0)
        position += self.window
        if position < self._longest:
            self.cursor = Cursor(self.cursor.epoch, position)
        else:
            self.cursor = Cursor(self.cursor.epoch + 1, 0)
        return Window(ids, weights, fresh)

    def one_pass(self) -> Iterator[Window]:
        """The windows from the cursor to the end of its epoch."""
        epoch = self.cursor.epoch
        while self.cursor.epoch == epoch:
            yield self.next()


def fit_streams(tokens: int, streams: int, window: int) -> tuple[int, int]:
    """The largest N and T, at most those asked for, that give each stream a whole window.

    Raises:
        CorpusError: There is nothing to predict.
    """
    if tokens < 2:
        raise CorpusError(
            f"The part to train on has {tokens} tokens; nothing can be predicted from that.",
            "Give a corpus of at least a few thousand characters.",
        )
    window = min(window, tokens - 1)
    return min(streams, (tokens - 1) // window), window


def encode_to_file(documents: Iterable[Document], tokenizer: Tokenizer[Document], path: Path) -> TokenFile:
    """Encode documents one after the other into a file, which appears whole or not at all.

    Raises:
        TokenizerError: A document has something the vocabulary cannot say.
        CorpusError: The file cannot be written.
    """
    dtype = "<u1" if len(tokenizer.tokens) <= 1 << 8 else "<u2"
    tokens = 0
    try:
        with replacing(path) as temporary, temporary.open("wb") as file:
            for document in documents:
                ids = tokenizer.encode(document)
                file.write(ids.astype(dtype).tobytes())
                tokens += len(ids)
    except OSError as error:
        raise unusable_cache(error) from error
    return TokenFile(path, tokens, dtype)


@dataclass(frozen=True)
class Dataset:
    """A corpus as ids.

    Attributes:
        kind: `text`.
        training: Ids to learn from.
        validation: Ids held out.
        tokenizer: What the ids mean.
        notes: What the user should be told about the reading, one line each.
        digest: A fingerprint of all that the ids depend on.
    """

    kind: str
    training: TokenFile
    validation: TokenFile
    tokenizer: Tokenizer[Any]
    notes: tuple[str, ...]
    digest: str


def prepare(
    files: tuple[Path, ...],
    validation: tuple[Path, ...] | None,
    *,
    encoding: str | None = None,
    base: Tokenizer[Any] | None = None,
    kind: str = "text",
) -> Dataset:
    """Encode a corpus, or take it from the cache, where it lies under the hash of its content.

    Args:
        files: What to train on, in order.
        validation: What to validate on; None to hold out a part of `files`.
        encoding: As `--encoding` gives it.
        base: A vocabulary to extend, for a model that is to be trained further.
        kind: A name in `gen.kinds.KINDS`.

    Raises:
        CorpusError: A file cannot be read, there is no text, or the cache cannot be written.
    """
    of_kind = KINDS[kind]
    recipe = {
        "kind": kind,
        "reader": of_kind.version,
        "tokenizer": [of_kind.tokenizer.name, of_kind.tokenizer.version],
        "files": content_hash(files, encoding),
        "validation": None if validation is None else content_hash(validation, encoding),
        "base": None if base is None else base.to_json(),
    }
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()
    index = cache_folder() / "ids" / f"{digest[:32]}.json"
    if (dataset := _load(index, kind, digest)) is not None:
        return dataset
    parts = of_kind.parts(files, validation, encoding)
    tokenizer = of_kind.tokenizer.learn(parts.training(), parts.validation(), base=base)
    training = encode_to_file(parts.training(), tokenizer, index.with_suffix(".training.ids"))
    held_out = encode_to_file(parts.validation(), tokenizer, index.with_suffix(".validation.ids"))
    held_out_now = None if validation is None else content_hash(validation, encoding)
    if (recipe["files"], recipe["validation"]) != (content_hash(files, encoding), held_out_now):
        raise CorpusError("The corpus changed while it was encoded.", "Train on a copy of it.")
    notes = (parts.description(), *parts.notes.sentences())
    dataset = Dataset(kind, training, held_out, tokenizer, notes, digest)
    _save(index, dataset)
    return dataset


@contextmanager
def encoded_whole(
    files: tuple[Path, ...],
    encoding: str | None,
    tokenizer: Tokenizer[Any],
    kind: str,
    skipped: Counter[str] | None = None,
) -> Iterator[TokenFile]:
    """Encode files, unsplit, with a vocabulary that is given; the ids are there within this context.

    Args:
        files: What to encode, in order.
        encoding: As `--encoding` gives it.
        tokenizer: The vocabulary.
        kind: A name in `gen.kinds.KINDS`.
        skipped: Where to count what the vocabulary cannot say, which is then left out; None to refuse it.

    Raises:
        CorpusError: A file cannot be read, or there are fewer than two tokens.
        TokenizerError: There is something the vocabulary cannot say, and `skipped` is None.
    """

    def sayable(document: Any) -> Any:
        if skipped is None:
            return document
        skipped.update(tokenizer.unseen(document))
        return tokenizer.without_unseen(document)

    documents = KINDS[kind].parts((), files, encoding).validation()
    with tempfile.TemporaryDirectory(prefix="gen-") as folder:
        file = encode_to_file(map(sayable, documents), tokenizer, Path(folder) / "whole.ids")
        if file.tokens < 2:
            raise CorpusError("The corpus has fewer than two tokens.", "Give a longer corpus.")
        yield file


def _save(index: Path, dataset: Dataset) -> None:
    """Write, after the ids, what they are: a cached corpus is complete when its index is there."""
    about = {
        "training": [dataset.training.tokens, dataset.training.dtype],
        "validation": [dataset.validation.tokens, dataset.validation.dtype],
        "tokenizer": dataset.tokenizer.to_json(),
        "notes": dataset.notes,
    }
    write_atomically(index, json.dumps(about).encode())


def _load(index: Path, kind: str, digest: str) -> Dataset | None:
    """The cached corpus; None where it is not there or not whole, so that it is made anew."""
    try:
        about = json.loads(index.read_bytes())
        training, held_out = (
            TokenFile(index.with_suffix(f".{part}.ids"), *about[part]) for part in ("training", "validation")
        )
        tokenizer = KINDS[kind].tokenizer.from_json(about["tokenizer"])
        whole = all(
            file.path.stat().st_size == file.tokens * np.dtype(file.dtype).itemsize
            for file in (training, held_out)
        )
        return Dataset(kind, training, held_out, tokenizer, tuple(about["notes"]), digest) if whole else None
    except (OSError, ValueError, KeyError, TypeError, TokenizerError):
        return None
