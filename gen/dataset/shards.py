"""One shard of a prepared corpus: counted for the vocabulary, then encoded.

Whoever makes a shard needs its files and the folder, and nobody else: each file in the folder appears whole
or not at all, and is the same whoever made it. What is there and whole is passed over, so that to go on after
anything is to give the same command again.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.corpus.shares import Share
from gen.dataset.manifest import Manifest
from gen.dataset.prepare import told_losses
from gen.dataset.shard_paths import ShardPaths, command, made_again, read_facts, vocabulary_path
from gen.dataset.token_file import TokenFile, TokenWriter, table_of
from gen.errors import CorpusError, TokenizerError
from gen.files import sha256_of_file, write_atomically
from gen.kinds import KINDS
from gen.tokenizer.base import Tokenizer

PARTS = ("training", "validation")
_NOTES_KEPT = 20
_FINGERPRINT_DIGITS = 16


@dataclass(frozen=True)
class Order:
    """What a process needs to know to make one shard.

    Attributes:
        paths: Where its files go.
        manifest: Of the corpus.
        share: What it is made from.
        workers: How many files of music are read at a time; None for one a core.
    """

    paths: ShardPaths
    manifest: Manifest
    share: Share
    workers: int | None = None


def is_counted(paths: ShardPaths, manifest: str) -> bool:
    """Whether a shard's counts are there; `manifest` is its digest."""
    return read_facts(paths.counts, manifest) is not None


def is_encoded(paths: ShardPaths, manifest: str) -> bool:
    """Whether a shard is there and whole; `manifest` is its digest."""
    try:
        return (
            (facts := read_facts(paths.facts, manifest)) is not None
            and all(
                (file := file_of(paths, part, facts)).is_whole() and _sha256_of_table(file) == facts[part][4]
                for part in PARTS
            )
            and all(isinstance(note, str) for note in facts["notes"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def count(order: Order) -> None:
    """Write what the vocabulary is to be learned from, as far as this shard has it.

    Raises:
        CorpusError: A file cannot be read, or the folder cannot be written.
    """
    manifest, kind = order.manifest, KINDS[order.manifest.kind]
    tallies = [kind.tokenizer.tally(**manifest.choices) for _ in PARTS]
    shard = kind.shard(order.share, manifest.encoding, frozenset(), order.workers)
    for is_held_out, document in shard.documents():
        tallies[is_held_out].add(document)
    fields = {
        "manifest": manifest.digest(),
        "content": shard.content,
        **{part: tally.to_json() for part, tally in zip(PARTS, tallies, strict=True)},
        "fingerprints": b"".join(shard.fingerprints).hex(),
    }
    with writing(order.paths.folder):
        write_atomically(order.paths.counts, json.dumps(fields).encode())


def vocabulary(folder: Path, manifest: Manifest, given: Tokenizer[Any] | None) -> Tokenizer[Any]:
    """The vocabulary of a corpus all of whose shards are counted, or for which one is given.

    Raises:
        CorpusError: A shard's counts are not there, or the folder cannot be written.
        TokenizerError: There is nothing to learn.
    """
    if (known := known_vocabulary(folder, manifest)) is not None:
        return known
    tokenizer = given or _learned(folder, manifest)
    with writing(folder):
        fields = {"manifest": manifest.digest(), "tokenizer": tokenizer.to_json()}
        write_atomically(vocabulary_path(folder), json.dumps(fields).encode())
    return tokenizer


def encode(order: Order, tokenizer: Tokenizer[Any]) -> None:
    """Write a shard's ids, and last what they are.

    Raises:
        CorpusError: A file cannot be read or is not what was counted, or the folder cannot be written.
        TokenizerError: There is something that the vocabulary cannot say.
    """
    manifest, paths = order.manifest, order.paths
    digest = manifest.digest()
    before, counted = _pieces_before(paths, manifest)
    shard = KINDS[manifest.kind].shard(order.share, manifest.encoding, before, order.workers)
    with writing(paths.folder), ExitStack() as stack:
        writers = [stack.enter_context(TokenWriter(paths.ids(part), tokenizer).writing()) for part in PARTS]
        for is_held_out, document in shard.documents():
            writers[is_held_out].add(document)
        if counted is not None and counted != shard.content:
            raise CorpusError(
                f"Shard {paths.name} is made from files that are not as they were when it was counted",
                f"Put them back, or prepare anew into another --out; its counts are {paths.counts}.",
            )
    losses = sum((writer.losses for writer in writers), Counter())
    fields = {
        "manifest": digest,
        "vocabulary": digest_of(tokenizer),
        "content": shard.content,
        "notes": [*shard.told()[:_NOTES_KEPT], *told_losses(losses)],
        **{
            part: [file.tokens, file.dtype, file.pieces, sha256_of_file(file.path), _sha256_of_table(file)]
            for part, file in zip(PARTS, (writer.written for writer in writers), strict=True)
        },
    }
    with writing(paths.folder):
        write_atomically(paths.facts, json.dumps(fields).encode())


def digest_of(tokenizer: Tokenizer[Any]) -> str:
    """SHA-256 (hex) of a vocabulary."""
    return hashlib.sha256(json.dumps(tokenizer.to_json(), sort_keys=True).encode()).hexdigest()


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What the system refuses while a prepared corpus is written becomes the user's error."""
    try:
        yield
    except OSError as error:
        raise CorpusError(
            f"{folder} cannot be written: {error.strerror or error}",
            "Free some space or mend its permissions; shards that are there are kept.",
        ) from error


def altered_ids(paths: ShardPaths, manifest: str) -> list[Path]:
    """Which ids of a shard that is there are not what was written; every byte of them is read."""
    facts = read_facts(paths.facts, manifest) or {}
    return [paths.ids(part) for part in PARTS if sha256_of_file(paths.ids(part)) != facts[part][3]]


def file_of(paths: ShardPaths, part: str, facts: dict[str, Any]) -> TokenFile:
    """The ids of a part of a shard, as its facts describe them.

    Raises:
        ValueError, KeyError, TypeError: They describe none.
    """
    tokens, dtype, pieces, _, _ = facts[part]
    if not (isinstance(tokens, int) and isinstance(pieces, int) and 0 <= pieces <= tokens):
        raise ValueError(f"{tokens} tokens in {pieces} pieces")
    if dtype not in ("<u1", "<u2"):
        raise ValueError(f"no dtype of ids: {dtype}")
    return TokenFile(paths.ids(part), tokens, dtype, pieces)


def _sha256_of_table(file: TokenFile) -> str | None:
    return sha256_of_file(table_of(file.path)) if file.pieces else None


def known_vocabulary(folder: Path, manifest: Manifest) -> Tokenizer[Any] | None:
    """The vocabulary that is in a folder; None where there is none, or it is damaged."""
    fields = read_facts(vocabulary_path(folder), manifest.digest())
    try:
        return None if fields is None else KINDS[manifest.kind].tokenizer.from_json(fields["tokenizer"])
    except (KeyError, TokenizerError):
        return None


def _learned(folder: Path, manifest: Manifest) -> Tokenizer[Any]:
    kind = KINDS[manifest.kind].tokenizer
    tallies = [kind.tally(**manifest.choices) for _ in PARTS]
    for number in range(manifest.shards):
        paths = ShardPaths(folder, number, manifest.shards)
        fields = _counts(paths, manifest)
        for part, tally in zip(PARTS, tallies, strict=True):
            try:
                tally.read(fields[part])
            except (KeyError, ValueError) as error:
                raise _bad_counts(paths) from error
    tokenizer: Tokenizer[Any] = kind.from_tallies(*tallies, **manifest.choices)
    return tokenizer


def _pieces_before(paths: ShardPaths, manifest: Manifest) -> tuple[frozenset[bytes], str | None]:
    """The fingerprints of the pieces in the shards before, and what the content of this one was."""
    if manifest.vocabulary is not None:
        return frozenset(), None
    before: set[bytes] = set()
    # a text has no pieces, and of very many shards to read the counts of all others takes long
    for number in range(paths.number if KINDS[manifest.kind].tokenizer.by_piece else 0):
        earlier = ShardPaths(paths.folder, number, paths.of)
        try:
            digits = bytes.fromhex(_counts(earlier, manifest)["fingerprints"])
        except (KeyError, TypeError, ValueError) as error:
            raise _bad_counts(earlier) from error
        size = _FINGERPRINT_DIGITS // 2
        before.update(digits[place : place + size] for place in range(0, len(digits), size))
    return frozenset(before), _counts(paths, manifest).get("content")


def _counts(paths: ShardPaths, manifest: Manifest) -> dict[str, Any]:
    if (fields := read_facts(paths.counts, manifest.digest())) is None:
        raise _bad_counts(paths)
    return fields


def _bad_counts(paths: ShardPaths) -> CorpusError:
    return CorpusError(
        f"The counts of shard {paths.name} are missing or damaged",
        made_again([paths.counts])
        if paths.counts.exists()
        else f"Make them: {command(paths.folder)} --shard {paths.name}",
    )
