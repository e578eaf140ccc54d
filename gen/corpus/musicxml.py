"""MusicXML to text that is safe to parse: unpacked within a bound, in its own encoding, without entities.

On the way it is noted which MIDI program plays each part: music21 remembers an instrument of its own instead,
and takes some pitched ones for drums.
"""

import codecs
import io
import re
import zipfile
import zlib
from typing import NamedTuple
from xml.parsers import expat

from gen.corpus.encodings import known_encoding
from gen.corpus.measures import LONGEST_NUMERATOR
from gen.corpus.piece import MAX_NOTES, UnreadableError
from gen.errors import CorpusError
from gen.score import DRUM_CHANNEL, Part

MAX_UNPACKED_BYTES = 64 << 20

_CONTAINER = "META-INF/container.xml"
# others take any amount of memory, and raise what they like
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})

# with more of these music21 works for minutes or for ever; no piece on the grid can have so many
_MOST = {"beats": LONGEST_NUMERATOR, "fifths": 100}

_DECLARED = re.compile(rb"""<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_DECLARATION = re.compile(r"\A\ufeff?<\?xml\s[^>]*\?>")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ROOTS = ("score-partwise", "score-timewise")


class MusicXml(NamedTuple):
    """The text of a score, and who plays the parts that name a MIDI instrument, by their ids."""

    text: str
    players: dict[str, Part]


def read_musicxml(content: bytes) -> MusicXml:
    """The text of a MusicXML file, compressed or not.

    Raises:
        UnreadableError: It is damaged, too large once unpacked, declares entities or attributes, or is no
            MusicXML.
    """
    unpacked = _unpacked(content) if content.startswith(b"PK") else content
    try:
        text = unpacked.decode(_encoding(unpacked))
    except UnicodeError as error:
        raise UnreadableError(f"is not in the encoding that it declares: {error}") from error
    # once decoded it is in no encoding: a parser would believe the declaration
    text = _DECLARATION.sub("", text)
    walk = _Walk()
    # the text and not the bytes, in which a parser may find another encoding and so another text
    walk.through(text)
    return MusicXml(text, walk.players)


def _unpacked(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(each.file_size for each in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise UnreadableError(f"holds more than {MAX_UNPACKED_BYTES >> 20} MiB")
            name = _root_file(archive)
            if archive.getinfo(name).compress_type not in _METHODS:
                raise UnreadableError("is packed by a method that MusicXML does not have")
            with archive.open(name) as file:
                # the sizes in a zip's list are claims
                unpacked = file.read(MAX_UNPACKED_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise UnreadableError(f"is a damaged archive: {error}") from error
    if len(unpacked) > MAX_UNPACKED_BYTES:
        raise UnreadableError(f"holds more than {MAX_UNPACKED_BYTES >> 20} MiB")
    return unpacked


def _root_file(archive: zipfile.ZipFile) -> str:
    """The score in an archive: what its container names, else the first file that may be one."""
    names = archive.namelist()
    if _CONTAINER in names and archive.getinfo(_CONTAINER).compress_type in _METHODS:
        with archive.open(_CONTAINER) as file:
            container = file.read(1 << 16)
        named = re.search(rb"""full-path=["']([^"']+)["']""", container)
        if named and named[1].decode("utf-8", "replace") in names:
            return named[1].decode("utf-8", "replace")
    for name in names:
        if not name.startswith("META-INF") and name.lower().endswith((".xml", ".musicxml")):
            return name
    raise UnreadableError("is an archive without a score")


def _encoding(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    declared = _DECLARED.match(content[:200])
    try:
        return known_encoding(declared[1].decode("ascii")) if declared else "utf-8"
    except CorpusError as error:
        raise UnreadableError("declares an encoding that no file of text is in") from error


class _Walk:
    """One walk over the elements: well formed, no entities, a score, no more notes than the bound."""

    def __init__(self) -> None:
        self.root = ""
        self.players: dict[str, Part] = {}
        self._notes = 0
        self._part = ""
        self._words: list[str] = []

    def through(self, text: str) -> None:
        """Walk over a whole score.

        Raises:
            UnreadableError: It is not as said above.
        """
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._words.append
        parser.EntityDeclHandler = _refuse_entity
        parser.AttlistDeclHandler = _refuse_attributes
        try:
            parser.Parse(text, True)
        except expat.ExpatError as error:
            raise UnreadableError(f"is no well-formed XML: {error}") from error
        if self.root != _ROOTS[0]:
            raise UnreadableError("is MusicXML of the kind score-timewise, which is not read")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self.root = self.root or name
        if self.root not in _ROOTS:
            raise UnreadableError(f"is XML, but no MusicXML: its root is <{name[:40]}>")
        self._notes += name == "note"
        if self._notes > MAX_NOTES:
            raise UnreadableError(f"has more than {MAX_NOTES} notes")
        if name == "score-part":
            self._part = attributes.get("id", "")
        self._words.clear()

    def _end(self, name: str) -> None:
        words = "".join(self._words).strip()
        self._words.clear()
        if name == "midi-unpitched" or (name == "midi-channel" and words == str(DRUM_CHANNEL)):
            self.players[self._part] = Part(0, is_drums=True)
        elif name in _MOST and _total(words) > _MOST[name]:
            raise UnreadableError(f"has {name} beyond {_MOST[name]}")
        elif name == "midi-program" and (program := _program(words)) is not None:
            self.players.setdefault(self._part, Part(program))


def _total(words: str) -> int:
    """The sum of the numbers in a text, such as `3+2`; each of them counts for 9,999 at the most."""
    return sum(int(digits.lstrip("0")[:4] or 0) for digits in re.findall(r"\d+", words))


def _program(words: str) -> int | None:
    """A program as MusicXML writes it, counted from 1; None where it is none."""
    found = re.fullmatch(r"0{,3}([1-9][0-9]{,2})", words)
    return int(found[1]) - 1 if found and int(found[1]) <= 128 else None


def _refuse_entity(*_: object) -> None:
    raise UnreadableError("declares XML entities, which no score needs")


def _refuse_attributes(*_: object) -> None:
    # what is declared here every element of a name has, be it a megabyte
    raise UnreadableError("declares attributes, which no score needs")
