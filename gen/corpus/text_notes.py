"""What reading a text found and changed, file by file, for the user to be told."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class FileNotes:
    r"""What was found in one file.

    Attributes:
        path: The file.
        size_bytes: Its size on disk.
        encoding: The codec it was read with.
        has_mark: Whether it began with a byte order mark, which is no part of the text.
        newlines: The line endings met: some of `\n`, `\r\n`, `\r`.
    """

    path: Path
    size_bytes: int
    encoding: str
    has_mark: bool
    newlines: tuple[str, ...]


@dataclass
class TextNotes:
    """What reading changed or found, file by file; filled while the text is read."""

    files: list[FileNotes] = field(default_factory=list)

    def encodings(self) -> dict[str, int]:
        """How many files were read with each codec."""
        return dict(Counter(notes.encoding for notes in self.files))

    def newlines(self) -> dict[str, int]:
        """How many files have each line ending."""
        return dict(Counter(ending for notes in self.files for ending in notes.newlines))

    def sentences(self) -> list[str]:
        r"""What the user should be told, one line each; empty for plain UTF-8 with `\n`."""
        lines = []
        for ending, spelled in (("\r\n", "\\r\\n"), ("\r", "\\r")):
            if found := [notes.path for notes in self.files if ending in notes.newlines]:
                lines.append(f"Line endings {spelled} were read as \\n in {named_files(found)}")
        if found := [notes.path for notes in self.files if notes.has_mark]:
            lines.append(f"A byte order mark was left out in {named_files(found)}")
        for codec in sorted({notes.encoding for notes in self.files} - {"utf-8"}):
            found = [notes.path for notes in self.files if notes.encoding == codec]
            lines.append(f"Read as {codec}: {named_files(found)}")
        return lines


def named_files(paths: Sequence[Path], limit: int = 3) -> str:
    """A few files by name, and how many there are."""
    names = ", ".join(str(path) for path in paths[:limit])
    return names if len(paths) <= limit else f"{len(paths)} files ({names} …)"
