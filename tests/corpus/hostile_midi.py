"""MIDI files built byte by byte: a good one, and files that are broken or out to do harm."""

from gen.corpus.piece import MAX_BYTES, MAX_CHANGES, MAX_EVENTS, MAX_NOTES, MAX_QUARTERS, MAX_TRACKS

END = b"\x00\xff\x2f\x00"
NOTE = b"\x00\x90\x3c\x50\x60\x80\x3c\x00"  # a quarter note where the division is 96
RUNNING_NOTE = b"\x00\x3c\x50\x01\x3c\x00"
TEMPO = b"\x00\xff\x51\x03\x07\xa1\x20"


def header(format_: int = 1, tracks: int = 1, division: int = 96) -> bytes:
    return b"MThd\x00\x00\x00\x06" + b"".join(number.to_bytes(2) for number in (format_, tracks, division))


def track(events: bytes, length: int | None = None) -> bytes:
    """A chunk of a track; `length` lies about its bytes."""
    return b"MTrk" + (len(events) if length is None else length).to_bytes(4) + events


def one_track(events: bytes, **described: int) -> bytes:
    return header(**described) + track(events)


GOOD = (
    header(tracks=2)
    + track(TEMPO + b"\x00\xff\x58\x04\x03\x02\x18\x08" + b"\x00\xff\x59\x02\xfe\x01" + END)
    + track(
        b"\x00\xff\x03\x05Tunes\x00\xc0\x28"
        + NOTE
        + b"\x00\xf0\x03\x01\x02\xf7\x00\x90\x3e\x40\x81\x40\x3e\x00\x00\xb0\x07\x64"
        + END
    )
)

# by what they are: the bytes, and some words of the reason for which they are refused
HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "no MIDI file": (b"RIFF" + bytes(100), "not a MIDI file"),
    "a text": (b"X:1\nT:Tune\nK:G\nGABc|\n", "not a MIDI file"),
    "half a header": (header()[:9], "header"),
    "a header that is too short": (b"MThd\x00\x00\x00\x02\x00\x00" + bytes(20), "header"),
    "format 2": (one_track(NOTE + END, format_=2), "format 2"),
    "format 65535": (one_track(NOTE + END, format_=65535), "format 65535"),
    "frames of film": (one_track(NOTE + END, division=0xE728), "SMPTE"),
    "division 0": (one_track(NOTE + END, division=0), "0 ticks"),
    "tempo 0": (one_track(b"\x00\xff\x51\x03\x00\x00\x00" + NOTE + END), "tempo of 0"),
    "a tempo of two bytes": (one_track(b"\x00\xff\x51\x02\x00\x01" + NOTE + END), "0x51 of 2 bytes"),
    "a metre of no bytes": (one_track(b"\x00\xff\x58\x00" + NOTE + END), "0x58 of 0 bytes"),
    "a key of one byte": (one_track(b"\x00\xff\x59\x01\x00" + NOTE + END), "0x59 of 1 bytes"),
    "no tracks": (header(tracks=0), "no notes"),
    "no notes": (one_track(TEMPO + END), "no notes"),
    "only ends of notes": (one_track(b"\x00\x80\x3c\x00\x00\x90\x3c\x00" + END), "no notes"),
    "65535 tracks": (header(tracks=65535) + track(NOTE + END), "65535 tracks"),
    "a track too few": (header(tracks=2) + track(NOTE + END), "1 of its 2 tracks"),
    "too many tracks": (header(tracks=MAX_TRACKS + 1) + track(NOTE + END) * (MAX_TRACKS + 1), "tracks"),
    "a track without an end": (one_track(NOTE), "no end"),
    "a track of no bytes": (one_track(b""), "no end"),
    "a chunk longer than the file": (header() + track(NOTE + END, length=0xFFFFFFFF), "longer than the rest"),
    "a chunk too long by one": (header(tracks=2) + track(NOTE + END, 13) + track(NOTE + END), "wrong length"),
    "a chunk too short": (header(tracks=2) + track(NOTE + END, 6) + track(NOTE + END), "cut off"),
    "junk for a second track": (header(tracks=2) + track(NOTE + END) + b"\xff" * 50, "wrong length"),
    "an event cut off": (one_track(NOTE + b"\x00\x90\x3c"), "within an event"),
    "a time without an event": (one_track(NOTE + b"\x60"), "within an event"),
    "a meta event longer than the file": (
        one_track(NOTE + b"\x00\xff\x01\xff\xff\xff\x7f"),
        "within an event",
    ),
    "a quantity of five bytes": (one_track(NOTE + b"\x81\x80\x80\x80\x00\x90\x3c\x50" + END), "4 bytes"),
    "a length of five bytes": (one_track(NOTE + b"\x00\xff\x01\x80\x80\x80\x80\x00" + END), "4 bytes"),
    "a quantity without end": (one_track(NOTE + b"\xff" * 1000), "4 bytes"),
    "running status without a status": (one_track(b"\x00\x3c\x50" + NOTE + END), "without a status"),
    "running status after system exclusive": (
        one_track(NOTE + b"\x00\xf0\x01\xf7" + RUNNING_NOTE + END),
        "without a status",
    ),
    "an undefined status": (one_track(NOTE + b"\x00\xf4\x00" + END), "0xF4"),
    "a pitch above 127": (one_track(b"\x00\x90\x80\x50\x60\x80\x80\x00" + END), "above 127"),
    "a velocity above 127": (one_track(b"\x00\x90\x3c\xff\x60\x80\x3c\x00" + END), "above 127"),
    "the widest gap": (
        one_track(NOTE + b"\xff\xff\xff\x7f\x90\x3c\x50\x01\x80\x3c\x00" + END),
        "longer than",
    ),
    "many wide gaps": (
        one_track(b"\xff\xff\xff\x7f\x90\x3c\x50" * 1000 + END, division=32767),
        "longer than",
    ),
    "20,000 tempo changes": (one_track((TEMPO + NOTE) * 20_000 + END), f"more than {MAX_CHANGES} changes"),
    "too many notes": (
        one_track(NOTE + b"\x00\x90\x3c\x00" + RUNNING_NOTE * MAX_NOTES + END),
        f"{MAX_NOTES}",
    ),
    "too many events": (one_track(NOTE + b"\x00\xff\x01\x00" * MAX_EVENTS + END), f"{MAX_EVENTS} events"),
    "too many parts": (
        header(tracks=3)
        + b"".join(
            track(
                b"".join(bytes((0, 0xC0, program, 0, 0x90, 60, 80, 1, 0x80, 60, 0)) for program in range(128))
                + END
            )
            for _ in range(3)
        ),
        "parts",
    ),
    "too many bytes": (header() + track(NOTE + b"\x00\xff\x01\xff\xff\xff\x7f" + bytes(MAX_BYTES)), "MiB"),
    "a million empty chunks": (
        header(tracks=2) + track(NOTE + END) + (b"Junk" + bytes(4)) * 900_000,
        "1 of its 2",
    ),
}


def _padded(length: int) -> bytes:
    """A good file made so long by an event of text."""
    before = NOTE + b"\x00\xff\x01"
    size = length - len(one_track(before + bytes(4) + END))
    digits = bytes(size >> shift & 0x7F | (0x80 if shift else 0) for shift in (21, 14, 7, 0))
    return one_track(before + digits + bytes(size) + END)


def _all_different(notes: int) -> bytes:
    """Notes of which no message is like another, so that nothing is saved by knowing the last ones."""
    played = []
    for number in range(notes):
        velocity, pitch = divmod(number // 16, 128)
        channel, strength = number % 16, velocity + 1
        played.append(bytes((0, 0x90 | channel, pitch, strength, 1, 0x80 | channel, pitch, strength)))
    return b"".join(played)


# by the bound of which it has all that may be: such a file is good, and the longest work there is
AT_BOUNDS: dict[str, bytes] = {
    "bytes": _padded(MAX_BYTES),
    "tracks": header(tracks=MAX_TRACKS) + track(NOTE + END) * MAX_TRACKS,
    "notes": one_track(_all_different(MAX_NOTES) + END, division=24),
    "events, all of them ends of notes": one_track(
        NOTE
        + b"".join(
            bytes((0, 0x80 | number % 16, number >> 4 & 127, number >> 11 & 127))
            for number in range(MAX_EVENTS - 3)
        )
        + END
    ),
    "events, all of them names": one_track(
        NOTE + b"".join(b"\x00\xff\x03\x04" + number.to_bytes(4) for number in range(MAX_EVENTS - 3)) + END
    ),
    "changes": one_track((TEMPO + NOTE + TEMPO[:-1] + b"\x80" + NOTE) * (MAX_CHANGES // 2) + END),
    "quarters": one_track(
        NOTE + b"\x81\x80\x00\x90\x3c\x50\x00\x80\x3c\x00" * (MAX_QUARTERS - 1) + END, division=1 << 14
    ),
}
