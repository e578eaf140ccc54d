"""Scores to MIDI files, exact to the tick: a track for tempo, metre and key, then one for each part."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.files import write_atomically
from gen.score import (
    DEFAULT_TEMPO_BPM,
    DRUM_CHANNEL,
    DURATION,
    ONSET,
    PART,
    PITCH,
    TICKS_PER_QUARTER,
    Score,
    Tempo,
)

DIVISION = 480  # ticks a quarter note in the file, as most programs write it
_SCALE = DIVISION // TICKS_PER_QUARTER

_MELODIC_CHANNELS = tuple(channel for channel in range(1, 17) if channel != DRUM_CHANNEL)
_MICROSECONDS_A_MINUTE = 60_000_000
_MOST_MICROSECONDS = (1 << 24) - 1  # a quarter note: MIDI writes three bytes
_MOST_BEATS = 255  # of a metre: MIDI writes one byte
_CLOCKS_A_CLICK, _THIRTYSECONDS_A_QUARTER = 24, 8  # what nearly every file says

_Timed = tuple[int, Any]  # an onset in ticks of the grid, and a music21 MidiEvent


def write_midi(score: Score, path: Path) -> None:
    """Write a score as a MIDI file, whole or not at all.

    Where the score has no tempo it is 120. MIDI knows major and minor only: any other mode is written as the
    major key of the same signature. A metre that MIDI cannot say (a beat that is no power of two, more than
    255 beats) is left out, a tempo slower than 4 is written as 4 (3.58, to be exact), and a velocity of 0,
    which would end the note, as 1. Channels are given out as `channels_of` says.

    Raises:
        OSError: The folder cannot be written, or the disk is full.
    """
    write_atomically(path, midi_bytes(score))


def midi_bytes(score: Score, rest_ticks: int = 0) -> bytes:
    """The bytes of the file that `write_midi` writes; the file may go on in silence for some ticks."""
    from music21.midi.base import MidiFile

    file = MidiFile()
    file.ticksPerQuarterNote = DIVISION
    file.tracks = [_track(0, _changes(score), score.length_ticks + rest_ticks if rest_ticks else 0)]
    channels = channels_of(score)
    for part, channel in enumerate(channels):
        file.tracks.append(_track(part + 1, _notes(score, part, channel)))
    written: bytes = file.writestr()
    return written


def channels_of(score: Score) -> list[int]:
    """The channel, from 1, of each part: 10 for drums, and one of the other fifteen for all else.

    As long as there are enough, each part has a channel of its own. Then parts share: first each program gets
    a channel and what is left goes to the parts that come next; a part without goes to a channel where no
    note of it would cut, or be cut by, the same pitch of another part, if there is one, and among those to
    one of its own program. What must share with another program sounds in a player with the program that was
    set last; a reader that goes track by track, as ours does, finds every part as it was.
    """
    melodic = [part for part in range(len(score.parts)) if not score.parts[part].is_drums]
    channels = [DRUM_CHANNEL] * len(score.parts)
    if len(melodic) <= len(_MELODIC_CHANNELS):
        for part, channel in zip(melodic, _MELODIC_CHANNELS, strict=False):
            channels[part] = channel
        return channels
    free = list(_MELODIC_CHANNELS)
    sharing: dict[int, list[int]] = {}  # by channel, the parts on it
    homeless = {score.parts[part].program for part in melodic}  # programs without a channel
    for part in melodic:
        program = score.parts[part].program
        if free and (program in homeless or len(free) > len(homeless)):
            channels[part] = free.pop(0)
        else:
            channels[part] = min(
                sharing,
                key=lambda channel: (
                    _clashes(score, part, sharing[channel]),
                    score.parts[sharing[channel][0]].program != program,
                    len(sharing[channel]),
                ),
            )
        sharing.setdefault(channels[part], []).append(part)
        homeless.discard(program)
    return channels


def _clashes(score: Score, part: int, others: Sequence[int]) -> int:
    """How often a note of `part` and one of `others`, of the same pitch, would cut each other on a channel.

    Notes that only touch do: the tracks of a file may be played in any order at the same tick.
    """

    def begins_and_ends(notes: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        floor = notes[:, PITCH].astype(np.int64) * (score.length_ticks + 1)  # keeps the pitches apart
        return floor + notes[:, ONSET], floor + notes[:, ONSET] + notes[:, DURATION]

    mine = begins_and_ends(score.notes[score.notes[:, PART] == part])
    theirs = begins_and_ends(score.notes[np.isin(score.notes[:, PART], others)])
    begun = np.searchsorted(np.sort(theirs[0]), mine[1], side="right")
    ended = np.searchsorted(np.sort(theirs[1]), mine[0], side="left")
    return int((begun - ended).sum())


def _changes(score: Score) -> list[_Timed]:
    from music21.midi.base import MetaEvents, MidiEvent

    def meta(kind: Any, content: Iterable[int]) -> Any:
        event = MidiEvent(type=kind)
        event.data = bytes(content)
        return event

    timed: list[_Timed] = []
    for tempo in score.tempos or (Tempo(0, DEFAULT_TEMPO_BPM),):
        microseconds = min(max(round(_MICROSECONDS_A_MINUTE / tempo.bpm), 1), _MOST_MICROSECONDS)
        timed.append((tempo.onset, meta(MetaEvents.SET_TEMPO, microseconds.to_bytes(3))))
    for metre in score.metres:
        power = metre.denominator.bit_length() - 1
        if 1 << power == metre.denominator and metre.numerator <= _MOST_BEATS:
            content = (metre.numerator, power, _CLOCKS_A_CLICK, _THIRTYSECONDS_A_QUARTER)
            timed.append((metre.onset, meta(MetaEvents.TIME_SIGNATURE, content)))
    for key in score.keys:
        signature = (key.fifths & 0xFF, int(key.mode == "minor"))
        timed.append((key.onset, meta(MetaEvents.KEY_SIGNATURE, signature)))
    return sorted(timed, key=lambda each: each[0])


def _notes(score: Score, part: int, channel: int) -> list[_Timed]:
    from music21.midi.base import ChannelVoiceMessages, MidiEvent

    program = MidiEvent(type=ChannelVoiceMessages.PROGRAM_CHANGE, channel=channel)
    program.data = score.parts[part].program
    timed: list[_Timed] = [(0, program)]
    notes: NDArray[np.int32] = score.notes[score.notes[:, PART] == part]
    for onset, duration, pitch, velocity, _ in notes.tolist():
        begin = MidiEvent(type=ChannelVoiceMessages.NOTE_ON, channel=channel)
        end = MidiEvent(type=ChannelVoiceMessages.NOTE_OFF, channel=channel)
        begin.pitch = end.pitch = pitch
        begin.velocity, end.velocity = max(1, velocity), 0
        timed += [(onset, begin), (onset + duration, end)]
    # Notes stand by onset, so what ends at a tick already stands before what begins there.
    return sorted(timed, key=lambda each: each[0])


def _track(number: int, timed: Sequence[_Timed], end_tick: int = 0) -> Any:
    from music21.midi.base import DeltaTime, MetaEvents, MidiEvent, MidiTrack

    track = MidiTrack(number)
    now = 0
    for tick, event in timed:
        track.events += [DeltaTime(time=(tick - now) * _SCALE), event]
        now = tick
    end = MidiEvent(type=MetaEvents.END_OF_TRACK)
    end.data = b""
    track.events += [DeltaTime(time=max(0, end_tick - now) * _SCALE), end]
    return track
