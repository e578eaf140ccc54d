"""From located files to ids in files: encoded once, kept under the hash of what they were made of.

What is kept has checksums, which are compared each time it is opened, about as fast as it can be read: a
byte that a disk has lost would else be learned as another corpus, in silence.
"""

import hashlib
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gen.corpus.text import content_hash
from gen.dataset.token_file import TokenFile, encode_to_file, table_of
from gen.errors import CorpusError, TokenizerError
from gen.files import cache_folder, remove_abandoned, sha256_of_file, unusable_cache, write_atomically
from gen.kinds import KINDS
from gen.tokenizer.base import Tokenizer

_MADE_ANEW = "What the cache had of this corpus was damaged, or of another release: encoded anew"


@dataclass(frozen=True)
class Dataset:
    """A corpus as ids.

    Attributes:
        kind: A name in `gen.kinds.KINDS`.
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
    choices: dict[str, Any] | None = None,
) -> Dataset:
    """Encode a corpus, or take it from the cache, where it lies under the hash of its content.

    Args:
        files: What to train on, in order.
        validation: What to validate on; None to hold out a part of `files`.
        encoding: As `--encoding` gives it.
        base: A vocabulary to extend, for a model that is to be trained further.
        kind: A name in `gen.kinds.KINDS`.
        choices: What the tokenizer's `learn` takes besides, by name.

    Raises:
        CorpusError: A file cannot be read, there is no text, or the cache cannot be written.
    """
    of_kind = KINDS[kind]
    recipe = {
        "kind": kind,
        "reader": of_kind.version(),
        "endings": [path.suffix.lower() for path in (*files, *(validation or ()))],
        "tokenizer": [of_kind.tokenizer.name, of_kind.tokenizer.version],
        "files": content_hash(files, encoding),
        "validation": None if validation is None else content_hash(validation, encoding),
        "base": None if base is None else base.to_json(),
        "choices": choices or {},
    }
    digest = _digest_of(recipe)
    index = _index(digest)
    if (dataset := _load(index, kind, digest)) is not None:
        return dataset
    told = (_MADE_ANEW,) if index.exists() else ()
    parts = of_kind.parts(files, validation, encoding)
    tokenizer = of_kind.tokenizer.learn(*parts.read(), base=base, **(choices or {}))
    if not parts.is_final:
        # a file that failed may be read another time: without it, this is a corpus of its own
        digest = hashlib.sha256(f"{digest} {parts.fingerprint}".encode()).hexdigest()
        index = _index(digest)
    _remove_abandoned(index.parent)
    losses: Counter[str] = Counter()
    documents = zip(("training", "validation"), parts.read(), strict=True)
    training, held_out = (
        replace(
            encode_to_file(part, tokenizer, index.with_suffix(f".{name}.ids"), losses),
            below=len(tokenizer.tokens),
        )
        for name, part in documents
    )
    held_out_now = None if validation is None else content_hash(validation, encoding)
    if (recipe["files"], recipe["validation"]) != (content_hash(files, encoding), held_out_now):
        raise CorpusError("The corpus changed while it was encoded.", "Train on a copy of it.")
    notes = (parts.description(), *parts.notes.sentences(), *told_losses(losses))
    dataset = Dataset(kind, training, held_out, tokenizer, notes, digest)
    _save(index, dataset)
    return replace(dataset, notes=(*told, *notes))


def prepared(kind: str, digest: str) -> Dataset | None:
    """A corpus as ids, as it was prepared before; None where the cache no longer has it, or has it damaged.

    Args:
        kind: A name in `gen.kinds.KINDS`.
        digest: `Dataset.digest`, from wherever.
    """
    return _load(_index(digest), kind, digest) if re.fullmatch("[0-9a-f]{64}", digest) else None


@dataclass(frozen=True)
class Encoded:
    """A corpus that was encoded whole; `notes` are for the user, one line each."""

    file: TokenFile
    notes: tuple[str, ...]


@contextmanager
def encoded_whole(
    files: tuple[Path, ...],
    encoding: str | None,
    tokenizer: Tokenizer[Any],
    kind: str,
    skipped: Counter[str] | None = None,
) -> Iterator[Encoded]:
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

    parts = KINDS[kind].parts((), files, encoding)
    _, documents = parts.read()
    losses: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="gen-") as folder:
        file = encode_to_file(map(sayable, documents), tokenizer, Path(folder) / "whole.ids", losses)
        require_predictions(file)
        yield Encoded(file, (*parts.notes.sentences(), *told_losses(losses)))


def require_predictions(file: TokenFile) -> None:
    """Refuse ids in which there is nothing to predict.

    Raises:
        CorpusError: There are fewer than two tokens.
    """
    if file.predictions < 1:
        raise CorpusError("The corpus has fewer than two tokens.", "Give a longer corpus.")


def _index(digest: str) -> Path:
    return cache_folder() / "ids" / f"{digest[:32]}.json"


def _remove_abandoned(folder: Path) -> None:
    try:
        remove_abandoned(folder)
    except OSError as error:
        raise unusable_cache(error) from error


def told_losses(losses: Counter[str]) -> Iterator[str]:
    """What encoding lost, for the user, on a line; none where it lost nothing."""
    if losses:
        yield "Not kept as it is: " + ", ".join(f"{name} ({count:,})" for name, count in losses.items())


def _save(index: Path, dataset: Dataset) -> None:
    """Write, after the ids, what they are: a cached corpus is complete when its index is there."""
    about = {
        **{
            part: [file.tokens, file.dtype, file.pieces, *_checksums(file)]
            for part, file in (("training", dataset.training), ("validation", dataset.validation))
        },
        "tokenizer": dataset.tokenizer.to_json(),
        "notes": dataset.notes,
    }
    write_atomically(index, json.dumps({"about": about, "sha256": _digest_of(about)}).encode())


def _load(index: Path, kind: str, digest: str) -> Dataset | None:
    """The cached corpus; None where it is not there, not whole or damaged, so that it is made anew."""
    try:
        fields = json.loads(index.read_bytes())
        about = fields["about"]
        if fields["sha256"] != _digest_of(about):
            return None
        tokenizer = KINDS[kind].tokenizer.from_json(about["tokenizer"])
        below = len(tokenizer.tokens)
        files = []
        for part in ("training", "validation"):
            tokens, dtype, pieces, *checksums = about[part]
            file = TokenFile(index.with_suffix(f".{part}.ids"), tokens, dtype, pieces, below)
            if not file.is_whole() or checksums != _checksums(file):
                return None
            files.append(file)
        return Dataset(kind, files[0], files[1], tokenizer, tuple(about["notes"]), digest)
    except (OSError, ValueError, KeyError, TypeError, TokenizerError):
        return None


def _checksums(file: TokenFile) -> list[str | None]:
    """SHA-256 (hex) of the ids, and of the table of pieces where there is one."""
    return [sha256_of_file(file.path), sha256_of_file(table_of(file.path)) if file.pieces else None]


def _digest_of(fields: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
