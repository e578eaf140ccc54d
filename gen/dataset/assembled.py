"""All shards of a prepared corpus as one dataset."""

import hashlib
import shlex
from dataclasses import replace
from pathlib import Path

from gen.corpus.split import HELD_OUT_PERCENT
from gen.corpus.wording import counted
from gen.dataset.manifest import Manifest, read_manifest
from gen.dataset.prepare import Dataset
from gen.dataset.shard_paths import ShardPaths, command, incomplete, made_again, read_facts, vocabulary_path
from gen.dataset.sharded import ShardedFile
from gen.dataset.shards import PARTS, digest_of, file_of, is_encoded, known_vocabulary
from gen.dataset.token_file import TokenFile, table_of
from gen.errors import CorpusError

_NOTES_TOLD = 3


def open_shards(folder: Path) -> Dataset:
    """A prepared corpus as ids.

    Raises:
        CorpusError: A shard is missing, damaged, or of another corpus.
    """
    manifest = read_manifest(folder)
    digest = manifest.digest()
    every = [ShardPaths(folder, number, manifest.shards) for number in range(manifest.shards)]
    if missing := [paths for paths in every if not is_encoded(paths, digest)]:
        raise incomplete(folder, missing)
    tokenizer = known_vocabulary(folder, manifest)
    if tokenizer is None:
        raise CorpusError(
            f"{vocabulary_path(folder)} is not there, or not whole",
            f"Give the command that prepared the corpus again: {command(folder)}",
        )
    vocabulary = digest_of(tokenizer)
    whole = hashlib.sha256(f"{digest} {vocabulary}".encode())
    files: dict[str, list[TokenFile]] = {part: [] for part in PARTS}
    notes, variants = notes_of(folder), len(tokenizer.variants())
    for paths in every:
        facts = read_facts(paths.facts, digest) or {}
        if facts["vocabulary"] != vocabulary:
            raise CorpusError(
                f"Shard {paths.name} of {folder} was encoded with another vocabulary",
                made_again([paths.facts]),
            )
        whole.update(f"{facts['content']} {facts['training']} {facts['validation']}".encode())
        for part in PARTS:
            file = replace(file_of(paths, part, facts), below=len(tokenizer.tokens))
            if not file.has_sound_pieces(variants):
                raise CorpusError(
                    f"The pieces in {table_of(file.path)} do not follow each other", made_again([paths.facts])
                )
            files[part].append(file)
    training, validation = (ShardedFile.of(folder, files[part], files[part][0].dtype) for part in PARTS)
    more = len(notes) - _NOTES_TOLD
    told = [_description(manifest, training, validation), *notes[:_NOTES_TOLD]]
    everything = shlex.join(["gen", "corpora", "inspect", str(folder), "--json"])
    told += [f"and {more:,} more of the kind: {everything}"] if more > 0 else []
    return Dataset(manifest.kind, training, validation, tokenizer, tuple(told), whole.hexdigest())


def notes_of(folder: Path) -> list[str]:
    """What reading changed or passed over, shard by shard, one line each."""
    manifest = read_manifest(folder)
    digest, found = manifest.digest(), []
    for number in range(manifest.shards):
        paths = ShardPaths(folder, number, manifest.shards)
        facts = read_facts(paths.facts, digest) or {}
        found += [f"shard {paths.name}: {note}" for note in facts.get("notes", ())]
    return found


def _description(manifest: Manifest, training: TokenFile, validation: TokenFile) -> str:
    """How the corpus is divided, for the user."""
    shards = f"prepared in {counted(manifest.shards, 'shard')}"
    if manifest.is_split:
        return f"{shards}; nothing is held out: what is for validation is a part of its own"
    if training.pieces + validation.pieces:
        pieces = training.pieces + validation.pieces
        return f"{shards}; {validation.pieces:,} of {counted(pieces, 'piece')} held out for validation"
    return f"{shards}; the last {HELD_OUT_PERCENT} % of the bytes held out for validation, from a line on"
