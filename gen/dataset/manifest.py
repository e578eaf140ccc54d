"""What a prepared corpus is: a folder of shards, and a manifest by which every shard is held to be one of it.

manifest.json     what all shards have in common, written by whoever comes first
counts/           of each shard what the vocabulary is learned from
vocabulary.json   learned when all counts are there, or given
shards/           of each shard the ids, and last of all what they are
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from gen.config import ConfigError, JsonFields, require_whole
from gen.corpus.wording import counted
from gen.errors import CorpusError
from gen.files import write_atomically

FORMAT_VERSION = 1
MOST_SHARDS = 100_000
_NAME = "manifest.json"
_FOLDERS = ("counts", "shards")
_ANOTHER_FOLDER = "Prepare into another --out, or put back what it was begun with."


@dataclass(frozen=True)
class Manifest(JsonFields):
    """What all shards of a prepared corpus have in common.

    Attributes:
        format_version: Of the folder.
        name: What to call the corpus.
        licence: As far as it is known.
        kind: A name in `gen.kinds.KINDS`.
        reader: Version of how files of the kind are read and split.
        tokenizer: Its name and version.
        choices: What the tokenizer is told besides, by name.
        encoding: As `--encoding` gives it.
        vocabulary: SHA-256 (hex) of the vocabulary that was given; None where it is learned.
        shards: N.
        listing: SHA-256 (hex) of names and sizes of all files.
        files: How many there are.
        size_bytes: Of all of them.
        is_split: Whether they came in a part to learn from and one for validation.
    """

    format_version: int
    name: str
    licence: str | None
    kind: str
    reader: str
    tokenizer: str
    choices: dict[str, bool]
    encoding: str | None
    vocabulary: str | None
    shards: int
    listing: str
    files: int
    size_bytes: int
    is_split: bool

    def __post_init__(self) -> None:
        require_whole("format_version", self.format_version, FORMAT_VERSION, FORMAT_VERSION)
        require_whole("shards", self.shards, 1, MOST_SHARDS)

    def digest(self) -> str:
        """SHA-256 (hex) of everything but what to call it."""
        fields = self.to_json()
        del fields["name"], fields["licence"]
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()

    def described(self) -> str:
        """Files and bytes, in words."""
        return f"{self.files:,} files, {self.size_bytes:,} bytes"


def is_prepared(path: Path) -> bool:
    """Whether a path is the folder of a prepared corpus, be it whole or not."""
    try:
        return (path / _NAME).is_file() and (path / "shards").is_dir()
    except (OSError, ValueError):
        return False


def refuse_prepared(spec: str) -> None:
    """Refuse a prepared corpus where files are to be read.

    Raises:
        CorpusError: The path is the folder of one.
    """
    if is_prepared(Path(spec)):
        raise CorpusError(
            f"{spec} is prepared already, and has no files to be read.",
            "gen train and gen eval take it as a corpus, as it is; here name what it was made from.",
        )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a prepared corpus.

    Raises:
        CorpusError: There is none, it is damaged, or of another release.
    """
    try:
        return Manifest.from_json(json.loads((folder / _NAME).read_bytes()))
    except (OSError, ValueError) as error:
        what = str(error) if isinstance(error, ConfigError) else "it cannot be read"
        raise CorpusError(
            f"{folder / _NAME} is no manifest of this release: {what}",
            "Prepare the corpus anew into another folder, with the release that trains on it.",
        ) from error


def agree(folder: Path, ours: Manifest) -> None:
    """Write the manifest, or make sure that the one in the folder says the same.

    One that was begun with something else is begun anew, as long as no shard of it is there.

    Raises:
        CorpusError: The folder was begun with something else, which is named.
        OSError: It cannot be written.
    """
    if folder.is_dir() and not (folder / _NAME).exists() and (others := _others(folder)):
        raise CorpusError(
            f"{folder} holds other things, such as {others[0]}", "Name a new or an empty folder with --out."
        )
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    if not (folder / _NAME).exists():
        # several may do this at once: they write the same, or are told apart by what their shards say
        _write(folder, ours)
    theirs = read_manifest(folder)
    if theirs.digest() == ours.digest():
        return
    if any(path.suffix == ".json" for name in _FOLDERS for path in (folder / name).iterdir()):
        raise CorpusError(*_difference(folder, theirs, ours))
    # nothing is lost, and whoever else began is told by what their shards say
    _write(folder, ours)


def _others(folder: Path) -> list[str]:
    """What is in a folder that no prepared corpus has; hidden files are nobody's, or half written."""
    names = sorted(path.name for path in folder.iterdir())
    return [name for name in names if name not in (_NAME, *_FOLDERS) and not name.startswith(".")]


def _write(folder: Path, manifest: Manifest) -> None:
    write_atomically(folder / _NAME, json.dumps(manifest.to_json(), indent=1).encode() + b"\n")


def _difference(folder: Path, theirs: Manifest, ours: Manifest) -> tuple[str, str]:
    if theirs.shards != ours.shards:
        return (
            f"{folder} is divided into {counted(theirs.shards, 'shard')}, not {ours.shards}",
            f"Say --shard I/{theirs.shards} or --shards {theirs.shards}, or prepare into another --out.",
        )
    if theirs.listing != ours.listing:
        return (
            f"{folder} was begun with other files: {theirs.described()}; here are {ours.described()}",
            _ANOTHER_FOLDER,
        )
    names = {
        "kind": "another kind of corpus",
        "reader": "another release, which reads files otherwise",
        "tokenizer": "another release, whose tokens are others",
        "choices": "other choices for music",
        "encoding": "another --encoding",
        "vocabulary": "another --vocabulary",
        "is_split": "files that were divided otherwise",
    }
    fields, own = theirs.to_json(), ours.to_json()
    field = next((name for name in names if fields[name] != own[name]), None)
    if field is None:
        return f"What {folder / _NAME} says of its files contradicts itself", _ANOTHER_FOLDER
    said = ", here ".join(_in_words(of[field]) for of in (fields, own))
    return f"{folder} was begun with {names[field]}: {said}", _ANOTHER_FOLDER


def _in_words(value: object) -> str:
    if isinstance(value, str) and len(value) == len(hashlib.sha256().hexdigest()):
        value = f"{value[:12]}…"
    if isinstance(value, dict):
        value = ", ".join(f"{name} {'yes' if chosen else 'no'}" for name, chosen in value.items())
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value or "none")
