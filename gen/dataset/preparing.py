"""Shards made side by side: on all cores of this machine, or on many machines, each told which are its own.

Nobody coordinates: what is done can be seen in the folder, and whoever finds all counts there goes on to
encode.
"""

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gen.corpus.locate import Located
from gen.corpus.pool import Failure, Job, in_workers
from gen.corpus.shares import Files, Listing
from gen.dataset import shards
from gen.dataset.manifest import FORMAT_VERSION, MOST_SHARDS, Manifest, agree, read_manifest
from gen.dataset.shard_paths import ShardPaths
from gen.dataset.shards import Order
from gen.errors import CorpusError, GenError
from gen.files import remove_abandoned
from gen.kinds import KINDS
from gen.machine import cores
from gen.streams import progress_bar
from gen.tokenizer.base import Tokenizer

# of a shard, where the user says nothing
SHARD_BYTES = 256 << 20
SHARD_FILES = 10_000
_LIMIT_S = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Plan:
    """A corpus that is to be prepared.

    Attributes:
        folder: Where its shards are kept.
        manifest: What they have in common.
        listing: Its files.
        vocabulary: The one that was given, if any.
    """

    folder: Path
    manifest: Manifest
    listing: Listing
    vocabulary: Tokenizer[Any] | None

    def shard(self, number: int) -> ShardPaths:
        """Where the files of a shard go; counted from 0."""
        return ShardPaths(self.folder, number, self.manifest.shards)

    def order(self, number: int, workers: int | None) -> Order:
        """What it takes to make a shard."""
        of = self.manifest
        share = KINDS[of.kind].share(self.listing, number, of.shards, of.encoding)
        return Order(self.shard(number), of, share, workers)


@dataclass(frozen=True)
class Standing:
    """What is still to be done by somebody: shards that are not counted, and those that are not there."""

    uncounted: tuple[ShardPaths, ...]
    missing: tuple[ShardPaths, ...]


def plan(
    located: Located,
    folder: Path,
    *,
    encoding: str | None,
    choices: dict[str, bool],
    number: int | None,
    vocabulary: Tokenizer[Any] | None,
) -> Plan:
    """What is to be done for a corpus, agreed upon with whoever began.

    Args:
        located: The corpus.
        folder: Where to keep its shards.
        encoding: As `--encoding` gives it.
        choices: What the tokenizer is told besides, by name.
        number: N; None for that of the folder, or as many as suit the corpus.
        vocabulary: The one to encode with; None to learn it.

    Raises:
        CorpusError: The folder was begun with something else, or cannot be written.
    """
    kind = KINDS[located.kind]
    listing = Listing(
        Files.of(located.files), None if located.validation is None else Files.of(located.validation)
    )
    files, size_bytes = (
        sum(counts)
        for counts in zip(*((len(part.paths), part.size_bytes) for part in listing.parts), strict=True)
    )
    if not listing.files.paths:
        raise CorpusError("Every file of the corpus is empty", "Give at least one file with something in it.")
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        name=located.name,
        licence=located.licence,
        kind=located.kind,
        reader=kind.version(),
        tokenizer=f"{kind.tokenizer.name} {kind.tokenizer.version}",
        choices=choices,
        encoding=encoding,
        vocabulary=None if vocabulary is None else shards.digest_of(vocabulary),
        shards=number or _number(folder, located.kind, files, size_bytes),
        listing=listing.digest(),
        files=files,
        size_bytes=size_bytes,
        is_split=located.validation is not None,
    )
    with shards.writing(folder):
        agree(folder, manifest)
        for inner in (folder, folder / "counts", folder / "shards"):
            remove_abandoned(inner)
    return Plan(folder, read_manifest(folder), listing, vocabulary)


def prepare(todo: Plan, numbers: Sequence[int]) -> Standing:
    """Count and encode shards of a corpus, as far as that can be done now.

    Args:
        todo: The corpus.
        numbers: Which shards are for this process, from 0.

    Raises:
        CorpusError: A file cannot be read, or the folder cannot be written.
        TokenizerError: There is something that a given vocabulary cannot say.
    """
    digest = todo.manifest.digest()
    every = [todo.shard(number) for number in range(todo.manifest.shards)]
    missing = {paths for paths in every if not shards.is_encoded(paths, digest)}
    if not missing and shards.known_vocabulary(todo.folder, todo.manifest) is not None:
        return Standing((), ())  # counts are not needed any more
    waiting = [number for number in numbers if every[number] in missing]
    if todo.vocabulary is None:
        uncounted = [number for number in numbers if not shards.is_counted(every[number], digest)]
        _each(todo, uncounted, "counting", shards.count)
        lacking = tuple(paths for paths in every if not shards.is_counted(paths, digest))
        if lacking:
            return Standing(lacking, tuple(paths for paths in every if paths in missing))
    tokenizer = shards.vocabulary(todo.folder, todo.manifest, todo.vocabulary)
    encode = partial(_encode, todo.manifest.kind, tokenizer.to_json())
    _each(todo, waiting, "encoding", encode)
    return Standing((), tuple(paths for paths in every if not shards.is_encoded(paths, digest)))


def shard_numbers(text: str) -> tuple[range, int]:
    """What `--shard` says: `3/64` or `3-7/64`, counted from 1, as numbers from 0, and how many there are.

    Raises:
        ValueError: It says something else.
    """
    if (found := re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?/(\d{1,9})", text, re.ASCII)) is None:
        raise ValueError(f"no shards {text}")
    begin, end, total = (int(digits) for digits in found.group(1, 2 if found[2] else 1, 3))
    if not 1 <= begin <= end <= total <= MOST_SHARDS:
        raise ValueError(f"no shards {text}")
    return range(begin - 1, end), total


def _number(folder: Path, kind: str, files: int, size_bytes: int) -> int:
    try:
        return read_manifest(folder).shards
    except CorpusError:
        wanted = -(-files // SHARD_FILES) if kind == "music" else -(-size_bytes // SHARD_BYTES)
        return min(MOST_SHARDS, max(1, wanted))


def _each(todo: Plan, numbers: Sequence[int], what: str, work: Callable[[Order], None]) -> None:
    """Do the work for shards: a single one in this process, several in as many as there are cores."""
    side_by_side = min(cores(), len(numbers))
    if side_by_side < 2:
        for number in numbers:
            work(todo.order(number, None))
        return
    readers = max(1, cores() // side_by_side)
    jobs = ((number, Job(todo.order(number, readers), _LIMIT_S)) for number in numbers)
    with (
        progress_bar(what, "shard", len(numbers)) as bar,
        closing(
            in_workers(partial(_in_worker, work), jobs, workers=side_by_side, preloaded=(__name__,))
        ) as results,
    ):
        for number, result in results:
            if isinstance(result, Failure):
                raise CorpusError(
                    f"Shard {todo.shard(number).name} {result.reason}",
                    "Give the same command again: shards that are there are kept.",
                )
            if result:
                raise CorpusError(*json.loads(result))
            bar.update()


def _in_worker(work: Callable[[Order], None], order: Order) -> bytes:
    """Do it; what the user is to be told goes back as bytes."""
    # so the pool ends its workers: what one has half written goes with it
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        work(order)
    except GenError as error:
        return json.dumps([error.problem, error.fix]).encode()
    except SystemExit as ended:
        os._exit(int(ended.code or 0))
    return b""


def _encode(kind: str, vocabulary: dict[str, Any], order: Order) -> None:
    shards.encode(order, KINDS[kind].tokenizer.from_json(vocabulary))
