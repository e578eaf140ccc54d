"""What a text consists of: its files, its characters, and which files are none."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gen.corpus.locate import Located
from gen.corpus.sniff import Refusal
from gen.corpus.text import iterate_text
from gen.corpus.text_notes import TextNotes
from gen.errors import CorpusError

_MOST_COMMON = 10
_SPELLED = {" ": "space", "\n": "\\n", "\t": "\\t"}


@dataclass
class Survey:
    """What was found in the files of a corpus.

    Attributes:
        accepted: The files that can be trained on, in order.
        refused: The files that cannot, and why.
        size_bytes: Of the accepted files as they are on disk.
        characters: Of the text they make, code points; a newline put between two files counts.
        counts: How often each code point occurs.
        notes: What reading the accepted files changed.
    """

    accepted: list[Path] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    size_bytes: int = 0
    characters: int = 0
    counts: Counter[int] = field(default_factory=Counter)
    notes: TextNotes = field(default_factory=TextNotes)

    @property
    def tokens(self) -> int:
        """What training would read: one token a character."""
        return self.characters

    def most_common(self, number: int) -> list[tuple[str, int]]:
        """The most frequent characters and their counts, equal counts in the order of code points."""
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        return [(chr(point), count) for point, count in ranked[:number]]

    def facts(self) -> dict[str, Any]:
        """What text has to say beyond its files and tokens, for JSON."""
        return {
            "characters": self.characters,
            "distinct_characters": len(self.counts),
            "bytes": self.size_bytes,
            "encodings": self.notes.encodings(),
            "newlines": self.notes.newlines(),
            "most_common": [
                {"character": character, "count": count}
                for character, count in self.most_common(_MOST_COMMON)
            ],
        }

    def rows(self) -> list[tuple[str, str]]:
        """The same for people: names and values."""
        common = (
            f"{_spelled(character)} {count / self.characters:.1%}"
            for character, count in self.most_common(_MOST_COMMON)
        )
        encodings = (f"{name} ({count:,})" for name, count in self.notes.encodings().items())
        return [
            ("bytes", f"{self.size_bytes:,}"),
            ("characters", f"{self.characters:,}, {len(self.counts):,} of them distinct"),
            ("encoding", ", ".join(encodings)),
            ("most common", "  ".join(common)),
        ]

    def sentences(self) -> list[str]:
        """What the user should be told, one line each."""
        return self.notes.sentences()


def survey(located: Located, encoding: str | None = None) -> Survey:
    """Read every file of a corpus whole; one that cannot be read is listed and the next one taken.

    Raises:
        CorpusError: There is no such encoding.
    """
    result = Survey(refused=list(located.refused))
    for part in (located.files, located.validation or ()):
        _add_part(result, part, encoding)
    return result


def _add_part(result: Survey, files: Sequence[Path], encoding: str | None) -> None:
    """Add files that are read one after the other as one text."""
    last = ""
    for path in files:
        notes = TextNotes()
        counts: Counter[int] = Counter()
        end = ""
        try:
            for text in iterate_text((path,), encoding, notes=notes):
                counts.update(_points(text))
                end = text[-1]
        except CorpusError as error:
            reason = error.problem.removeprefix(f"{path} ")
            result.refused.append(Refusal(path, reason, error.fix))
            continue
        if last not in ("", "\n"):
            counts[ord("\n")] += 1
        last = end
        result.accepted.append(path)
        result.size_bytes += sum(file.size_bytes for file in notes.files)
        result.characters += counts.total()
        result.counts += counts
        result.notes.files += notes.files


def _spelled(character: str) -> str:
    """A character as a person can see it."""
    return _SPELLED.get(character) or (character if character.isprintable() else f"U+{ord(character):04X}")


def _points(text: str) -> dict[int, int]:
    """How often each code point occurs in a piece of text, counted in C."""
    counts = np.bincount(np.frombuffer(text.encode("utf-32-le"), np.uint32))
    present = np.flatnonzero(counts)
    return dict(zip(present.tolist(), counts[present].tolist(), strict=True))
