"""The files under a folder or matching a pattern, in one order on every machine, whatever links there are."""

import fnmatch
import glob
import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gen.corpus.sniff import Refusal, unreadable
from gen.streams import progress_bar

_Identity = tuple[int, int]  # device and inode: the same folder under any name


@dataclass
class Walk:
    """What a folder holds.

    Attributes:
        files: Everything that is not a folder, sorted folder by folder.
        refused: Folders that cannot be read, and links that lead back to a folder they are in.
        notes: Folders passed over because they are there twice, for the user to be told.
    """

    files: list[Path] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def walk(folder: Path, without: Path | None = None) -> Walk:
    """List `folder` and the folders in it, but for `without`; names that begin with a dot are passed over.

    Links to folders are followed. One that leads back to a folder it is in is refused; a folder that is
    reached a second time by another way is not read again.
    """
    found = Walk()
    seen: dict[_Identity, Path] = {}
    waiting: list[tuple[Path, frozenset[_Identity]]] = [(folder, frozenset())]
    # who has named a larger folder than was meant should see it
    with progress_bar("looking for files", "") as bar:
        while waiting:
            here, above = waiting.pop()
            if here == without:
                continue
            try:
                status = here.stat()
                identity = (status.st_dev, status.st_ino)
                if identity in above:
                    found.refused.append(_loop(here, seen[identity]))
                    continue
                if identity in seen:
                    found.notes.append(f"{here} is the same folder as {seen[identity]}, which is read once")
                    continue
                folders, files = _entries(here)
            except OSError as error:
                found.refused.append(unreadable(here, error))
                continue
            seen[identity] = here
            found.files += files
            bar.update(len(files))
            # Taken from the end, so the first folder by name must be put there last.
            waiting += [(child, above | {identity}) for child in reversed(folders)]
    return found


def matching(pattern: str) -> Walk:
    """List what is not a folder and matches `pattern`, where `**` stands for any number of folders."""
    if "**" not in Path(pattern).parts:
        matches = map(Path, glob.iglob(pattern))  # noqa: PTH207 (Path.glob would take hidden files)
        return Walk(sorted(path for path in matches if not is_folder(path)))
    # The standard library's glob follows links that lead back to where they are, dozens of times over.
    base = literal_folder(pattern)
    if not is_folder(base):
        return Walk()
    found = walk(base)
    wanted = Path(pattern).parts[len(base.parts) :]
    found.files = [path for path in found.files if _fits(path.parts[len(base.parts) :], wanted)]
    return found


def is_folder(thing: Path | os.DirEntry[str]) -> bool:
    """Whether it is a folder, or a link to one; what the system will not tell about is none."""
    try:
        return thing.is_dir()
    except OSError:
        return False


def literal_folder(pattern: str) -> Path:
    """The part of a pattern before its first wildcard: the folder it looks in."""
    return Path(*itertools.takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts))


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatch(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """The folders and the other things in a folder, sorted by name."""
    folders: list[Path] = []
    files: list[Path] = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not entry.name.startswith("."):
                (folders if is_folder(entry) else files).append(folder / entry.name)
    return folders, files


def _loop(link: Path, target: Path) -> Refusal:
    return Refusal(link, f"leads back to {target}, which it is in", "Remove that link.")
