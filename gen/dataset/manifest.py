"""What a prepared corpus is: a folder of shards, and a manifest by which every shard is held to be one of it.

manifest.json     what all shards have in common, written by whoever comes first
counts/           of each shard what the vocabulary is learned from
vocabulary.json   learned when all counts are there, or given
shards/           of each shard the ids, and last of all what they are
"""

import hashlib
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.config import ConfigError, JsonFields, require_whole
from gen.corpus.wording import counted
from gen.errors import CorpusError
from gen.files import write_atomically

FORMAT_VERSION = 1
MOST_SHARDS = 100_000
_NAME = "manifest.json"
_NAMED = 5
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
    for name in ("shards", "counts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    if not (folder / _NAME).exists():
        # several may do this at once: they write the same, or are told apart by what their shards say
        _write(folder, ours)
    theirs = read_manifest(folder)
    if theirs.digest() == ours.digest():
        return
    if any(path.suffix == ".json" for name in ("shards", "counts") for path in (folder / name).iterdir()):
        raise CorpusError(*_difference(folder, theirs, ours))
    # nothing is lost, and whoever else began is told by what their shards say
    _write(folder, ours)


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
    if isinstance(value, dict):
        value = ", ".join(f"{name} {'yes' if chosen else 'no'}" for name, chosen in value.items())
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value or "none")


@dataclass(frozen=True)
class ShardPaths:
    """Where the files of a shard are.

    Attributes:
        folder: Of the prepared corpus.
        number: Which shard, from 0.
        of: How many there are.
    """

    folder: Path
    number: int
    of: int

    @property
    def name(self) -> str:
        """As `--shard` has it: `3/64`, counted from 1."""
        return f"{self.number + 1}/{self.of}"

    @property
    def counts(self) -> Path:
        """What the vocabulary is learned from."""
        return self.folder / "counts" / f"{self._stem}.json"

    @property
    def facts(self) -> Path:
        """What the ids are; there when the shard is whole."""
        return self.folder / "shards" / f"{self._stem}.json"

    def ids(self, part: str) -> Path:
        """The ids of `training` or `validation`."""
        return self.folder / "shards" / f"{self._stem}.{part}.ids"

    @property
    def _stem(self) -> str:
        return f"{self.number + 1:06}-of-{self.of:06}"


def read_facts(path: Path, manifest: str) -> dict[str, Any] | None:
    """What a shard's counts or facts say; None where they are not there, or damaged.

    Args:
        path: Of the file.
        manifest: Its digest.

    Raises:
        CorpusError: They belong to another manifest.
    """
    try:
        fields = json.loads(path.read_bytes())
        of = fields["manifest"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if of != manifest:
        raise CorpusError(
            f"{path} is not of the manifest beside it: other files, another release or other choices",
            made_again([path]),
        )
    return fields if isinstance(fields, dict) else None


def vocabulary_path(folder: Path) -> Path:
    """Where the vocabulary of a prepared corpus is."""
    return folder / "vocabulary.json"


def incomplete(folder: Path, missing: Sequence[ShardPaths]) -> CorpusError:
    """The error for a corpus of which shards are not there."""
    return CorpusError(
        f"{folder} is not whole: {named(missing)} missing or damaged",
        f"Make them: {command(folder)} --shard {runs_of(missing)[0]}; without --shard all that are missing.",
    )


def named(shards: Sequence[ShardPaths]) -> str:
    """`shard 3/64 is`, or `shards 3-7/64, 9/64 are`: at least one, in order."""
    runs = runs_of(shards)
    names = ", ".join(runs[:_NAMED]) + (f" and {len(runs) - _NAMED:,} more" if len(runs) > _NAMED else "")
    return f"shard {names} is" if len(shards) == 1 else f"shards {names} are"


def runs_of(shards: Sequence[ShardPaths]) -> list[str]:
    """Shards in order as `--shard` has them, those that follow each other together: `3-7/64`."""
    runs: list[tuple[int, int]] = []
    for number in (paths.number + 1 for paths in shards):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return [
        f"{first}-{last}/{shards[0].of}" if first < last else f"{first}/{shards[0].of}"
        for first, last in runs
    ]


def command(folder: Path) -> str:
    """What makes the shards that a folder lacks."""
    return f"gen corpora prepare PATH-or-NAME --out {shlex.quote(str(folder))}"


def made_again(files: Sequence[Path]) -> str:
    """What to do about files that are there, and are not what they should be."""
    several = f" and {len(files) - _NAMED:,} more" if len(files) > _NAMED else ""
    removed = shlex.join(["rm", *map(str, files[:_NAMED])])
    return f"Remove what is wrong, then give the command that prepared it again: {removed}{several}"
