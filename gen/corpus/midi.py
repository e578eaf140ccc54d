"""MIDI files to pieces: messages paired to notes, put on the grid, a part for each track and instrument.

music21 says what a message is; times, pairs and parts are ours.
"""

from bisect import bisect_right
from collections import defaultdict, deque
from typing import Any, NamedTuple

import numpy as np

from gen.corpus.midi_events import Message, midi_messages
from gen.corpus.piece import FASTEST_BPM, MAX_TRACKS, Piece, UnreadableError, title_from
from gen.score import DRUM_CHANNEL, TICKS_PER_QUARTER, Key, Metre, Part, Tempo, make_score

MAX_PARTS = MAX_TRACKS

_MICROSECONDS_A_MINUTE = 60_000_000
_FIFTHS = 7  # a key signature has so many sharps or flats at the most
_AFTER_NOTES = 0xA0  # the first status that neither begins nor ends a note
_NO_PROGRAM = 128  # above every program: sorts after all changes of program at the same time

# a track, a channel (from 1), and a program: None where the track itself sets none
_Player = tuple[int, int, int | None]


def read_midi(content: bytes) -> Piece:
    """The piece in a MIDI file of format 0 or 1.

    - A note-off ends the note of its track, channel and pitch that was struck first and still sounds; where
      two sound at once, `make_score` then ends the earlier one where the later begins. Notes that never end
      do so with their track.
    - Onset and end are each rounded to the nearest tick of the grid, half a tick up; no note is shorter than
      one tick.
    - A part is a track, a channel and a program, in the order of tracks and of first notes. A track that sets
      no program on its channel has the one that another track set there. Channel 10 is drums.
    - A metre whose bar is no whole number of ticks, and a key of more than seven accidentals, are passed
      over. A tempo faster than 1000 quarter notes a minute is 1000.
    - The title is the first name of the first track.

    Raises:
        UnreadableError: As `midi_messages`, or there are too many parts.
    """
    messages = midi_messages(content)
    fold = _Fold()
    for number, track in enumerate(messages.tracks):
        fold.track(number, track)
    return fold.piece(messages.division)


class _Event(NamedTuple):
    """What a message says; the pitch only where it begins or ends a note."""

    begins: bool
    ends: bool
    kind: Any
    channel: int
    pitch: int
    data: Any


def _event(message: bytes) -> _Event:
    """What music21 makes of a message."""
    from music21.midi.base import MidiEvent

    event = MidiEvent()
    event.read(message)
    return _Event(
        event.isNoteOn(),
        event.isNoteOff(),
        event.type,
        event.channel,
        event.pitch,
        event.data,
    )


class _Fold:
    """What the messages read so far amount to; times are in the file's own ticks."""

    def __init__(self) -> None:
        self.title = ""
        self.events: dict[bytes, _Event] = {}
        self.notes: list[list[int]] = []  # onset, end, pitch, velocity
        self.players: list[_Player] = []  # of each note
        self.programs: dict[int, list[tuple[int, int]]] = defaultdict(list)  # by channel: time, program
        self.tempos: list[Tempo] = []
        self.metres: list[Metre] = []
        self.keys: list[Key] = []

    def track(self, number: int, messages: tuple[Message, ...]) -> None:
        from music21.midi.base import ChannelVoiceMessages, MetaEvents

        own_programs: dict[int, int] = {}
        sounding: dict[tuple[int, int], deque[list[int]]] = defaultdict(deque)
        for time, message in messages:
            event = self._event(message)
            kind = event.kind
            if event.begins:
                note = [time, time, event.pitch, message[-1]]
                sounding[event.channel, event.pitch].append(note)
                self.notes.append(note)
                self.players.append((number, event.channel, own_programs.get(event.channel)))
            elif event.ends:
                if waiting := sounding[event.channel, event.pitch]:
                    waiting.popleft()[1] = time
            elif kind == ChannelVoiceMessages.PROGRAM_CHANGE:
                own_programs[event.channel] = event.data
                self.programs[event.channel].append((time, event.data))
            elif kind == MetaEvents.SEQUENCE_TRACK_NAME:
                self.title = _title(event.data)
            elif kind == MetaEvents.END_OF_TRACK:
                for note in (note for waiting in sounding.values() for note in waiting):
                    note[1] = time
            else:
                self._change(time, kind, event.data)

    def _event(self, message: bytes) -> _Event:
        """What a message says; music21 takes the time, so it decodes those once that say the same."""
        if message[0] < _AFTER_NOTES:  # whether there is a velocity decides, not which
            message = message[:-1] + (b"\1" if message[-1] else b"\0")
        return self.events.get(message) or self.events.setdefault(message, _event(message))

    def _change(self, time: int, kind: Any, content: bytes) -> None:
        from music21.midi.base import MetaEvents

        if kind == MetaEvents.SET_TEMPO:
            bpm = round(_MICROSECONDS_A_MINUTE / int.from_bytes(content))
            self.tempos.append(Tempo(time, min(bpm, FASTEST_BPM)))
        elif kind == MetaEvents.TIME_SIGNATURE:
            metre = Metre(time, content[0], 1 << content[1])
            if metre.is_whole:
                self.metres.append(metre)
        elif kind == MetaEvents.KEY_SIGNATURE:
            fifths = int.from_bytes(content[:1], signed=True)
            if abs(fifths) <= _FIFTHS:
                self.keys.append(Key(time, fifths, "minor" if content[1] == 1 else "major"))

    def piece(self, division: int) -> Piece:
        found = np.array(self.notes, np.int64).reshape(-1, 4)
        exact = found[:, :2] * TICKS_PER_QUARTER  # in ticks of the grid, `division` times over
        onsets, ends = _rounded(exact, division).T
        moved = (exact % division != 0).any(axis=1) | (ends == onsets)
        parts, of_note = self._parts()
        durations = np.maximum(ends - onsets, 1)
        made = make_score(
            np.column_stack([onsets, durations, found[:, 2], found[:, 3], of_note]),
            parts,
            tempos=[change._replace(onset=self._on_grid(change.onset, division)) for change in self.tempos],
            metres=[change._replace(onset=self._on_grid(change.onset, division)) for change in self.metres],
            keys=[change._replace(onset=self._on_grid(change.onset, division)) for change in self.keys],
        )
        return Piece(self.title, made.score, int(moved.sum()), made.mended)

    @staticmethod
    def _on_grid(time: int, division: int) -> int:
        return int(_rounded(np.int64(time * TICKS_PER_QUARTER), division))

    def _parts(self) -> tuple[list[Part], list[int]]:
        """Who plays, and for each note its player's place there."""
        for changes in self.programs.values():
            changes.sort()
        places: dict[tuple[int, int, int], int] = {}
        of_note = []
        for (onset, *_), (track, channel, own) in zip(self.notes, self.players, strict=True):
            program = self._program_elsewhere(channel, onset) if own is None else own
            if channel == DRUM_CHANNEL:
                program = 0
            of_note.append(places.setdefault((track, channel, program), len(places)))
        if len(places) > MAX_PARTS:
            raise UnreadableError(f"has {len(places)} parts; {MAX_PARTS} are the most")
        return [Part(program, channel == DRUM_CHANNEL) for _, channel, program in places], of_note

    def _program_elsewhere(self, channel: int, time: int) -> int:
        changes = self.programs.get(channel, [])
        place = bisect_right(changes, (time, _NO_PROGRAM))
        return changes[place - 1][1] if place else 0


def _rounded(exact: Any, division: int) -> Any:
    """Whole ticks of the grid from times that are `division` times over; half a tick goes up."""
    return (2 * exact + division) // (2 * division)


def _title(name: bytes) -> str:
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        text = name.decode("latin-1")
    return title_from(text)
