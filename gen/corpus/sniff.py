"""What a file is before anyone reads it whole: its kind on disk, its byte order mark, its first bytes.

Nothing here decodes a file. One is refused only where it plainly cannot be used: no regular file, or NUL
bytes where a text has none. What claims to be music by its first bytes or its name counts as music: its
reader finds out whether it is.
"""

import codecs
import errno
import re
import stat
from dataclasses import dataclass
from pathlib import Path

HEAD_BYTES = 1 << 16

MUSIC_ENDINGS = frozenset({".mid", ".midi", ".kar", ".musicxml", ".mxl", ".abc", ".krn"})
_ALWAYS_MUSIC = MUSIC_ENDINGS - {".abc", ".krn"}
_MIDI_HEAD = b"MThd"
# what must stand in a file of each notation, one after the other
_HEADERS = {
    ".musicxml": (re.compile(rb"<score-(partwise|timewise)\b"),),
    ".krn": (re.compile(rb"^(\*\*[^\t\n]*\t)*\*\*kern\b", re.MULTILINE),),
    ".abc": (re.compile(rb"^X:[ \t]*\d", re.MULTILINE), re.compile(rb"^K:", re.MULTILINE)),
}
# what a file of each begins with where it has no name to tell
_BEGINNINGS = {".musicxml": (b"<",), ".krn": (b"!!", b"**"), ".abc": (b"X:", b"%abc")}

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


def look(path: Path) -> bytes | Refusal:
    """The first bytes of a regular file, or why there are none; pipes and devices are never opened."""
    try:
        mode = path.stat().st_mode
        for is_kind, reason, fix in _SPECIAL_KINDS:
            if is_kind(mode):
                return Refusal(path, reason, fix)
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except FileNotFoundError:
        return _missing(path)
    except OSError as error:
        return unreadable(path, error)


def music_ending(head: bytes) -> str | None:
    """The ending for a nameless file of music that begins with these bytes; None where it is no music."""
    if head.startswith(_MIDI_HEAD):
        return ".mid"
    begin = _letters(head).lstrip()
    return next(
        (
            ending
            for ending, beginnings in _BEGINNINGS.items()
            if begin.startswith(beginnings) and _has_header(ending, head)
        ),
        None,
    )


def is_music(path: Path, head: bytes) -> bool | None:
    """Whether a file is music; None where its name says so and its first bytes do not."""
    ending = path.suffix.lower()
    if ending in _ALWAYS_MUSIC or head.startswith(_MIDI_HEAD):
        return True
    if ending == ".xml":
        return _has_header(".musicxml", head)
    if ending in MUSIC_ENDINGS:
        return _has_header(ending, head) or None
    return False


def _has_header(ending: str, head: bytes) -> bool:
    text, place = _letters(head), 0
    for pattern in _HEADERS[ending]:
        found = pattern.search(text, place)
        if found is None:
            return False
        place = found.end()
    return True


def _letters(head: bytes) -> bytes:
    """The plain letters of a text in whatever encoding its mark announces."""
    if encoding_by_mark(head) in (None, "utf-8"):
        return head.removeprefix(codecs.BOM_UTF8)
    return head.replace(b"\0", b"")[2:]


def is_lettered(path: Path, head: bytes) -> bool:
    """Whether music is written in letters, which can be learned as a text."""
    return not head.startswith(_MIDI_HEAD) and path.suffix.lower() in {".abc", ".krn", ".musicxml", ".xml"}


def unreadable(path: Path, error: OSError) -> Refusal:
    """The refusal for what the system will not open."""
    reason = f"cannot be read: {error.strerror or error}"
    if error.errno == errno.ELOOP:
        return Refusal(path, reason, "Remove that link.")
    return Refusal(path, reason, "Check the permissions of the file and of its folder.")


def _missing(path: Path) -> Refusal:
    if path.is_symlink():
        return Refusal(path, "is a link to nothing", "Mend or remove the link.")
    return Refusal(path, "does not exist", "Check the path.")


def refusal_as_text(path: Path, head: bytes, encoding: str | None = None) -> Refusal | None:
    """Why a file that begins with `head` is no text, or None when nothing speaks against it.

    Args:
        path: The file.
        head: Its first bytes.
        encoding: The codec named by the user, which decides whether NUL bytes can be text.
    """
    if encoding_by_mark(head) in (None, "utf-8") and not has_nul_bytes(encoding) and b"\0" in head:
        return nul_byte(path, head.index(0))
    return None


def nul_byte(path: Path, offset: int) -> Refusal:
    """Why a file is no text that has a NUL byte where letters have none."""
    return Refusal(
        path,
        f"is not text: it has a NUL byte at offset {offset}",
        "Give text without them; UTF-16 without a byte order mark needs --encoding utf-16-le or utf-16-be.",
    )


def has_nul_bytes(encoding: str | None) -> bool:
    """Whether plain letters have NUL bytes in this encoding, as in UTF-16 and UTF-32."""
    return encoding is not None and b"\0" in "a".encode(encoding)
