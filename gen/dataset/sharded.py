"""A part of a corpus in several files: shards, read as if they were one, a few of them mapped at a time."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.dataset.token_file import TokenFile
from gen.errors import CorpusError

# each takes a file handle of the system, of which a process has a few hundred
MOST_MAPS = 64


@dataclass(frozen=True)
class ShardedFile(TokenFile):
    """Files of ids one after the other; `path` is their folder.

    Attributes:
        files: The shards, none of them empty.
    """

    files: tuple[TokenFile, ...] = ()

    @classmethod
    def of(cls, folder: Path, files: Iterable[TokenFile], dtype: str) -> "ShardedFile":
        """The part that these files make together; what is empty among them is left out."""
        kept = tuple(file for file in files if file.tokens)
        tokens, pieces = (sum(counts) for counts in ([f.tokens for f in kept], [f.pieces for f in kept]))
        return cls(folder, tokens, dtype, pieces, files=kept)

    @property
    def shards(self) -> tuple[TokenFile, ...]:
        """See `TokenFile.shards`."""
        return self.files

    def map(self) -> NDArray[Any]:
        """Not for many files: see `opened`.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f"{len(self.files)} files have no map in common: they are to be opened")

    def opened(self) -> "OpenShards":
        """See `TokenFile.opened`."""
        return OpenShards(self.files)

    def piece_table(self) -> NDArray[np.int64]:
        """See `TokenFile.piece_table`; for all shards together, at 24 bytes a piece."""
        tables, begin = [], 0
        for file in self.files:
            table = file.piece_table()
            table[:, 0] += begin
            tables.append(table)
            begin += file.tokens
        return np.concatenate(tables)

    def is_whole(self) -> bool:
        """See `TokenFile.is_whole`."""
        return all(file.is_whole() for file in self.files)


class OpenShards:
    """The ids of shards one after the other, to be sliced like an array; each is mapped as it is read.

    Pages that were read stay resident as long as their map does: whoever reads on and on opens anew now
    and then.

    Args:
        shards: In the order in which they are to follow each other.

    Raises:
        CorpusError: From slicing: a shard is gone, cut short, or has ids that it cannot have.
    """

    def __init__(self, shards: Iterable[TokenFile]) -> None:
        self._shards = tuple(shards)
        self._ends = list(accumulate(shard.tokens for shard in self._shards))
        self._maps: dict[int, NDArray[Any]] = {}

    def __len__(self) -> int:
        """How many ids there are."""
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, span: slice) -> NDArray[Any]:
        """The ids of a span without a step."""
        first, last, _ = span.indices(len(self))
        number = bisect_right(self._ends, first)
        found = []
        while first < last:
            shard = self._shards[number]
            begin = self._ends[number] - shard.tokens
            end = min(last, self._ends[number])
            ids = self._map(number)[first - begin : end - begin]
            if shard.below is not None and ids.max() >= shard.below:
                raise _damaged(shard, f"{ids.max()} is no id of {shard.below}")
            found.append(ids)
            first, number = end, number + 1
        if len(found) == 1:
            return found[0]
        return np.concatenate(found) if found else np.zeros(0, np.int32)

    def _map(self, number: int) -> NDArray[Any]:
        if number not in self._maps:
            if len(self._maps) >= MOST_MAPS:
                del self._maps[next(iter(self._maps))]
            shard = self._shards[number]
            try:
                self._maps[number] = shard.map()
            except (OSError, ValueError) as error:
                raise _damaged(shard, error) from error
        return self._maps[number]


def _damaged(shard: TokenFile, why: object) -> CorpusError:
    return CorpusError(
        f"The ids in {shard.path} cannot be read: {why}",
        "Put the file back, or remove it and have it made again, by gen corpora prepare or a new run.",
    )
