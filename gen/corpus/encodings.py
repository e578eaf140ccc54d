"""Which encodings a text can be in, and which one a file is in. Never a guess.

A byte order mark decides, or the user; else it is UTF-8, and a byte that does not fit is an error.
"""

import codecs
from pathlib import Path

from gen.corpus.sniff import encoding_by_mark
from gen.errors import CorpusError

# What Python counts as encodings of text but no text file is in: they spell escapes or host names, and
# some of them yield lone surrogates, which no other encoding can write again.
_NOT_OF_FILES = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})
_BY_MARK_ONLY = frozenset({"utf-16", "utf-32"})
_EXAMPLES = "utf-8, utf-16-le, latin-1, cp1252, shift_jis or gb18030"


def known_encoding(name: str) -> str:
    """The codec that `--encoding` names, under the one name it has.

    Raises:
        CorpusError: No such encoding, or one that no text file is in (base64, rot13, punycode …).
    """
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        raise CorpusError(f"There is no encoding {name!r}", f"Use one such as {_EXAMPLES}.") from error
    try:
        b"\0\0\0\0".decode(codec)
    except LookupError as error:
        raise _not_an_encoding_of_text(name) from error
    except UnicodeError:
        pass  # it reads text, though not four zero bytes
    if codec in _NOT_OF_FILES:
        raise _not_an_encoding_of_text(name)
    return "utf-8" if codec == "utf-8-sig" else codec


def encoding_of_file(path: Path, head: bytes, encoding: str | None) -> str:
    """The codec to read a file with.

    Args:
        path: The file, for the message.
        head: Its first bytes, four at least where it has four.
        encoding: What `known_encoding` returned, or None to go by the byte order mark.

    Raises:
        CorpusError: `utf-16` or `utf-32` was asked for and the file does not say which byte comes first.
    """
    if encoding is None:
        return encoding_by_mark(head) or "utf-8"
    if encoding not in _BY_MARK_ONLY or not head:
        return encoding
    if by_mark := encoding_by_mark(head, family=encoding):
        return by_mark
    raise CorpusError(
        f"{path} has no byte order mark of {encoding.upper()}, so its byte order is unknown",
        f"Say which it is: --encoding {encoding}-le or --encoding {encoding}-be.",
    )


def _not_an_encoding_of_text(name: str) -> CorpusError:
    return CorpusError(f"{name!r} is not an encoding of text files", f"Use one such as {_EXAMPLES}.")
