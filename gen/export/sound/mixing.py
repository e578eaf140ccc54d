"""A score as sound: every note from its onset to its end, loud by its velocity, placed by its part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gen.export.sound.drums import drum_of, drum_samples
from gen.export.sound.instruments import is_low, timbre_of
from gen.export.sound.room import ECHO_S, Room
from gen.export.sound.timbres import Timbre
from gen.export.sound.voices import DECADES_OF_60_DB, LAYERS, SAMPLE_RATE, Samples, Tone, tone
from gen.score import DEFAULT_TEMPO_BPM, DURATION, ONSET, TICKS_PER_QUARTER, Score, Tempo

BLOCK = 1 << 17  # samples that are made at a time: three seconds
_WIDEST = 0.6  # how far left and right parts stand, of 1
_OCTAVES_OF_WIDTH = 3


@dataclass(frozen=True)
class _Note:
    """A note that is to be played.

    Attributes:
        start: The sample at which it begins.
        stop: Where it is let go.
        end: Where it can be heard no more.
        sound: Its samples.
        timbre: How it begins and ends; None for drums, whose samples have it all.
        gains: Of the left and the right.
    """

    start: int
    stop: int
    end: int
    sound: Tone
    timbre: Timbre | None
    gains: tuple[np.float32, np.float32]


def seconds_at(tempos: Sequence[Tempo], ticks: NDArray[np.int32]) -> NDArray[np.float64]:
    """When ticks come, in seconds from the beginning; until a first tempo is said it is 120."""
    if not tempos or tempos[0].onset:
        tempos = [Tempo(0, DEFAULT_TEMPO_BPM), *tempos]
    onsets = np.array([tempo.onset for tempo in tempos])
    tick_s = np.array([60 / tempo.bpm / TICKS_PER_QUARTER for tempo in tempos])
    begins_s = np.concatenate([[0.0], np.cumsum(np.diff(onsets) * tick_s[:-1])])
    place = np.searchsorted(onsets, ticks, side="right") - 1
    return np.asarray(begins_s[place] + (ticks - onsets[place]) * tick_s[place])


def length_s(score: Score) -> float:
    """How long a score lasts, to the end of its last note."""
    return float(seconds_at(score.tempos, np.array([score.length_ticks], np.int32))[0])


def blocks(score: Score) -> Iterator[Samples]:
    """The sound of a score, piece by piece, (2, up to `BLOCK`), left and right; at no level in particular.

    Memory does not grow with the length of the score: only what sounds in a block is looked at.
    """
    room = Room(BLOCK)
    notes = _notes(score)
    sounding: list[_Note] = []
    following = next(notes, None)
    begin, end = 0, 1
    while begin < end:
        while following is not None and following.start < begin + BLOCK:
            sounding.append(following)
            end = max(end, following.end + int(ECHO_S * SAMPLE_RATE))
            following = next(notes, None)
        if following is not None:
            end = max(end, following.end)
        mix = np.zeros((2, BLOCK), np.float32)
        for note in sounding:
            _play(note, begin, mix)
        room.add(mix)
        yield mix[:, : end - begin]
        begin += BLOCK
        sounding = [note for note in sounding if note.end > begin]


def _notes(score: Score) -> Iterator[_Note]:
    """The notes by their onsets."""
    ends = score.notes[:, ONSET] + score.notes[:, DURATION]
    starts, stops = (
        np.rint(seconds_at(score.tempos, ticks) * SAMPLE_RATE).astype(np.int64).tolist()
        for ticks in (score.notes[:, ONSET], ends)
    )
    places = _places(score)
    for (_, _, pitch, velocity, number), start, stop in zip(score.notes.tolist(), starts, stops, strict=True):
        part = score.parts[number]
        if part.is_drums:
            drum = drum_samples(pitch)
            gains = _gains(velocity, drum_of(pitch).pan * _WIDEST)
            yield _Note(start, start + len(drum), start + len(drum), Tone(drum, False), None, gains)
            continue
        timbre = timbre_of(part)
        end = stop + int(timbre.release_s * SAMPLE_RATE)
        sound = tone(timbre, pitch, velocity * LAYERS // 128, (end - start) / SAMPLE_RATE)
        if not sound.is_loop:
            end = min(end, start + len(sound.samples))
        across = (pitch - 60) / (12 * _OCTAVES_OF_WIDTH) * timbre.width
        yield _Note(start, stop, end, sound, timbre, _gains(velocity, places[number] + across))


def _places(score: Score) -> list[float]:
    """Where the parts stand, from -1 to 1: basses in the middle, the others from left to right."""
    spread = [number for number, part in enumerate(score.parts) if not (part.is_drums or is_low(part))]
    stands = np.linspace(-_WIDEST, _WIDEST, len(spread)) if len(spread) > 1 else np.zeros(len(spread))
    where = dict(zip(spread, stands.tolist(), strict=True))
    return [where.get(number, 0.0) for number in range(len(score.parts))]


def _gains(velocity: int, pan: float) -> tuple[np.float32, np.float32]:
    """Of left and right: with the square of the velocity, and of the same power wherever a note stands.

    The square is what the MIDI Manufacturers Association recommends: 40 log10(velocity / 127) decibels.
    """
    angle = (min(max(pan, -1.0), 1.0) + 1) * np.pi / 4
    level = (max(1, velocity) / 127) ** 2
    return np.float32(level * np.cos(angle)), np.float32(level * np.sin(angle))


def _play(note: _Note, begin: int, mix: Samples) -> None:
    """Add to a block, which begins at sample `begin`, what of a note sounds in it."""
    first, last = max(note.start, begin), min(note.end, begin + mix.shape[1])
    if first >= last:
        return
    heard = _cut(note.sound, first - note.start, last - first)
    if note.timbre is not None:
        rise = _rise(note.timbre.attack_s)
        if first < note.start + len(rise):
            part = rise[first - note.start : last - note.start]
            heard[: len(part)] *= part
        if last > note.stop:
            fall = _fall(note.timbre.release_s)
            after = max(first, note.stop)
            heard[after - first :] *= fall[after - note.stop : last - note.stop]
    for channel, gain in enumerate(note.gains):
        mix[channel, first - begin : last - begin] += gain * heard


def _cut(sound: Tone, start: int, length: int) -> Samples:
    """So many samples of a note, from `start`: a copy."""
    if not sound.is_loop:
        return sound.samples[start : start + length].copy()
    start %= len(sound.samples)
    once = sound.samples[start : start + length]
    rounds = -(-(length - len(once)) // len(sound.samples))
    return np.concatenate([once, np.tile(sound.samples, rounds)])[:length]


@lru_cache(maxsize=64)
def _rise(attack_s: float) -> Samples:
    """From silence to full loudness."""
    number = max(1, int(attack_s * SAMPLE_RATE))
    return np.asarray((0.5 - 0.5 * np.cos(np.pi * np.arange(number) / number)).astype(np.float32))


@lru_cache(maxsize=64)
def _fall(release_s: float) -> Samples:
    """From full loudness to silence, by 60 dB and then all."""
    share = np.arange(int(release_s * SAMPLE_RATE)) / int(release_s * SAMPLE_RATE)
    return np.asarray((np.exp(-DECADES_OF_60_DB * share) * (1 - share)).astype(np.float32))
