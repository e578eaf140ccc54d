"""The bytes of a MIDI file as messages with their times, every one of them checked.

The file format is "Standard MIDI Files 1.0" (MIDI Manufacturers Association, 1996). Everything that can be
wrong with the bytes is found here, in one pass that stops at the first bound it meets: music21's reader of
whole tracks passes over damage without a word, copies the rest of a track at each event, which takes minutes
for a few megabytes, and keeps every event as an object. So it is given well-formed messages, one at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from gen.corpus.piece import (
    MAX_CHANGES,
    MAX_EVENTS,
    MAX_NOTES,
    MAX_QUARTERS,
    MAX_TRACKS,
    UnreadableError,
    refuse_too_large,
)

_HEADER_BYTES = 14
_SMPTE = 0x8000  # the bit of the division that says that time is counted in frames of film

# a channel message by the upper four bits of its status: how many data bytes follow
_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_NOTE_OFF, _NOTE_ON, _PROGRAM_CHANGE = 0x8, 0x9, 0xC
_KEPT_MESSAGES = frozenset({_NOTE_OFF, _NOTE_ON, _PROGRAM_CHANGE})

_META = 0xFF
_SYSTEM_EXCLUSIVE = frozenset({0xF0, 0xF7})
_TRACK_NAME, _END_OF_TRACK, _TEMPO, _METRE, _KEY = 0x03, 0x2F, 0x51, 0x58, 0x59
_KEPT_METAS = frozenset({_END_OF_TRACK, _TEMPO, _METRE, _KEY})
_CHANGE_BYTES = {_TEMPO: 3, _METRE: 4, _KEY: 2}

_QUANTITY_BYTES = 4
_PADDING = bytes(_QUANTITY_BYTES + 2)  # what an event that is cut off may look at before its end is checked

Message = tuple[int, bytes]  # time in the file's own ticks, and the message with its status written out


@dataclass(frozen=True)
class MidiMessages:
    """What the tracks of a file say of notes, programs, tempo, metre, key, title and their own end.

    Attributes:
        division: The file's own ticks a quarter note.
        tracks: The messages of each track by time; the last is the end of the track.
    """

    division: int
    tracks: tuple[tuple[Message, ...], ...]


def midi_messages(content: bytes) -> MidiMessages:
    """The messages that a piece is made of, in a file of format 0 or 1.

    A running status goes on after a meta event, as many programs write it, and not after a system exclusive
    message. What comes after the end of a track, or after the last track, is passed over, and so are chunks
    of other kinds.

    Raises:
        UnreadableError: The bytes break the format, count time in frames of film, are beyond a bound of
            `gen.corpus.piece`, or hold no notes.
    """
    refuse_too_large(len(content))
    tracks, division = _header(content)
    scan = _Scan(division)
    found: list[tuple[Message, ...]] = []
    for start, end in islice(_track_chunks(content), tracks):
        found.append(tuple(scan.track(len(found) + 1, content[start:end])))
    if len(found) < tracks:
        raise UnreadableError(f"is cut off: it holds {len(found)} of its {tracks} tracks")
    if not scan.notes:
        raise UnreadableError("holds no notes")
    return MidiMessages(division, tuple(found))


def _header(content: bytes) -> tuple[int, int]:
    """How many tracks the file announces, and its ticks a quarter note."""
    if content[:4] != b"MThd":
        raise UnreadableError("is not a MIDI file" if content else "is empty")
    if len(content) < _HEADER_BYTES or int.from_bytes(content[4:8]) < _HEADER_BYTES - 8:
        raise UnreadableError("has a broken MIDI header")
    format_, tracks, division = (int.from_bytes(content[place : place + 2]) for place in (8, 10, 12))
    if format_ not in {0, 1}:
        raise UnreadableError(f"is a MIDI file of format {format_}; only 0 and 1 hold one piece")
    if tracks > MAX_TRACKS:
        raise UnreadableError(f"announces {tracks} tracks; {MAX_TRACKS} are the most")
    if division & _SMPTE:
        raise UnreadableError("counts time in frames of film (SMPTE), not in notes")
    if not division:
        raise UnreadableError("has 0 ticks a quarter note")
    return tracks, division


def _track_chunks(content: bytes) -> Iterator[tuple[int, int]]:
    """Where the content of each track starts and ends."""
    place = 0
    while place < len(content):
        kind, length = content[place : place + 4], int.from_bytes(content[place + 4 : place + 8])
        start = place + 8
        place = start + length
        if not kind.isalnum():
            raise UnreadableError("has a chunk of the wrong length: no other one comes after it")
        if place > len(content):
            raise UnreadableError("is cut off: a chunk is longer than the rest of the file")
        if kind == b"MTrk":
            yield start, place


class _Scan:
    """The tracks of one file, and what was counted in them so far against the bounds."""

    def __init__(self, division: int) -> None:
        self.latest = MAX_QUARTERS * division
        self.events = 0
        self.notes = 0
        self.changes = 0
        self.is_named = False

    def track(self, number: int, chunk: bytes) -> Iterator[Message]:
        """The messages of a track that are of use, its end included; the rest is checked and counted."""
        data = chunk + _PADDING
        place, time, running = 0, 0, 0
        at_end = False
        while not at_end:
            if place >= len(chunk):
                raise UnreadableError(f"is cut off: track {number} has no end")
            delta, place = _quantity(data, place)
            time += delta
            if time > self.latest:
                raise UnreadableError(f"is longer than {MAX_QUARTERS} quarter notes")
            self.events += 1
            if self.events > MAX_EVENTS:
                raise UnreadableError(f"has more than {MAX_EVENTS} events")
            status = data[place]
            if status < 0x80:
                status = running
            else:
                place += 1
            message = None
            if status >> 4 in _DATA_BYTES:
                running = status
                after = place + _DATA_BYTES[status >> 4]
                message = self._channel_message(status, data[place:after])
            elif status == _META:
                size, start = _quantity(data, place + 1)
                after = start + size
                message = self._meta(number, data[place], data[place - 1 : after], data[start:after])
                at_end = data[place] == _END_OF_TRACK
            elif status in _SYSTEM_EXCLUSIVE:
                running = 0
                size, start = _quantity(data, place)
                after = start + size
            else:
                what = f"an event of status 0x{status:02X}" if status else "an event without a status"
                raise UnreadableError(f"has {what} in track {number}")
            if after > len(chunk):
                raise UnreadableError(f"is cut off: track {number} ends within an event")
            place = after
            if message:
                yield time, message

    def _channel_message(self, status: int, values: bytes) -> bytes | None:
        if max(values, default=0) > 127:
            raise UnreadableError(f"has a data byte above 127 after status 0x{status:02X}")
        kind = status >> 4
        if kind == _NOTE_ON and values[-1]:
            self.notes += 1
            if self.notes > MAX_NOTES:
                raise UnreadableError(f"has more than {MAX_NOTES} notes")
        return bytes((status,)) + values if kind in _KEPT_MESSAGES else None

    def _meta(self, track: int, kind: int, message: bytes, content: bytes) -> bytes | None:
        if kind in _CHANGE_BYTES:
            self.changes += 1
            if self.changes > MAX_CHANGES:
                raise UnreadableError(f"has more than {MAX_CHANGES} changes of tempo, metre or key")
            if len(content) != _CHANGE_BYTES[kind]:
                raise UnreadableError(f"has a meta event 0x{kind:02X} of {len(content)} bytes")
            if kind == _TEMPO and not any(content):
                raise UnreadableError("has a tempo of 0 microseconds a quarter note")
        if kind == _TRACK_NAME:  # that of the first track is the title; a file may have any number
            is_title = track == 1 and bool(content) and not self.is_named
            self.is_named |= is_title
            return message if is_title else None
        return message if kind in _KEPT_METAS else None


def _quantity(data: bytes, place: int) -> tuple[int, int]:
    """A quantity of variable length, seven bits a byte, and the place after it."""
    value = data[place]
    if value < 0x80:
        return value, place + 1
    value &= 0x7F
    for after in range(place + 1, place + _QUANTITY_BYTES):
        byte = data[after]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, after + 1
    raise UnreadableError(f"has a number of more than {_QUANTITY_BYTES} bytes")
