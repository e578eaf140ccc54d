"""Where the files of a shard are, what they say of themselves, and how shards are called where they fail."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.errors import CorpusError

_NAMED = 5


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
