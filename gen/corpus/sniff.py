"""What a file is before anyone reads it whole: its kind on disk, its byte order mark, its first bytes.

Nothing here decodes a text. A file is refused only where it plainly is not one: no regular file, a file of
music, or NUL bytes where the encoding has none.
"""

import codecs
import stat
from dataclasses import dataclass
from pathlib import Path

HEAD_BYTES = 1 << 16

MUSIC_ENDINGS = frozenset({".mid", ".midi", ".kar", ".musicxml", ".mxl", ".abc", ".krn"})
_MUSICXML_ROOTS = (b"<score-partwise", b"<score-timewise")

# UTF-32-LE begins with the bytes of UTF-16-LE's mark, so it is asked first.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_SPECIAL_KINDS = (
    (stat.S_ISDIR, "is a folder", "Name a file, or give the folder alone to read every file in it."),
    (stat.S_ISFIFO, "is a pipe (FIFO)", "Pipe the text in and use --corpus - instead."),
    (stat.S_ISSOCK, "is a socket", "Name a regular file of text."),
    (stat.S_ISCHR, "is a device", "Name a regular file of text; for standard input use --corpus -."),
    (stat.S_ISBLK, "is a device", "Name a regular file of text."),
)


@dataclass(frozen=True)
class Refusal:
    """Why one file cannot be part of a corpus.

    Attributes:
        path: The file.
        reason: What is wrong with it, worded to follow the file's name.
        fix: What to do about it, in one line.
    """

    path: Path
    reason: str
    fix: str


def encoding_by_mark(head: bytes, family: str = "utf") -> str | None:
    """The codec that a byte order mark at the start of a file announces, if there is one.

    Args:
        head: The first bytes of the file, four at least where it has four.
        family: What the codec's name begins with: `utf-16` where the user has said so, since UTF-16 whose
            first character is NUL looks like UTF-32.
    """
    return next((codec for mark, codec in _MARKS if codec.startswith(family) and head.startswith(mark)), None)


def refusal(path: Path, encoding: str | None = None) -> Refusal | None:
    """Why `path` cannot be read as a file of text, or None when nothing speaks against it.

    Args:
        path: What to look at; it need not exist. Pipes and devices are never opened.
        encoding: The codec named by the user, which decides whether NUL bytes can be text.
    """
    try:
        mode = path.stat().st_mode
        for is_kind, reason, fix in _SPECIAL_KINDS:
            if is_kind(mode):
                return Refusal(path, reason, fix)
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError:
        return _missing(path)
    except OSError as error:
        return unreadable(path, error)
    return _refusal_of_content(path, head, encoding)


def unreadable(path: Path, error: OSError) -> Refusal:
    """The refusal for what the system will not open."""
    reason = f"cannot be read: {error.strerror or error}"
    return Refusal(path, reason, "Check the permissions of the file and of its folder.")


def _missing(path: Path) -> Refusal:
    if path.is_symlink():
        return Refusal(path, "is a link to nothing", "Mend or remove the link.")
    return Refusal(path, "does not exist", "Check the path.")


def _refusal_of_content(path: Path, head: bytes, encoding: str | None) -> Refusal | None:
    ending = path.suffix.lower()
    if ending in MUSIC_ENDINGS or (ending == ".xml" and any(root in head for root in _MUSICXML_ROOTS)):
        return Refusal(path, "is music, not text", "Give files of text; this release reads no music.")
    if encoding_by_mark(head) in (None, "utf-8") and not _has_nul_bytes(encoding) and b"\0" in head:
        return Refusal(
            path,
            f"is not text: it has a NUL byte at offset {head.index(0)}",
            "Give files of text; UTF-16 without a byte order mark needs --encoding utf-16-le or utf-16-be.",
        )
    return None


def _has_nul_bytes(encoding: str | None) -> bool:
    """Whether plain letters have NUL bytes in this encoding, as in UTF-16 and UTF-32."""
    return encoding is not None and b"\0" in "a".encode(encoding)
