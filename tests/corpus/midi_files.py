"""Small files of music for the tests of reading many, written by mido."""

import random
from collections.abc import Sequence
from pathlib import Path

import mido

TICKS = 480  # a quarter


def put_tune(path: Path, pitches: Sequence[int], ticks: int = TICKS, title: str = "") -> Path:
    """Write a melody of notes of equal length."""
    path.parent.mkdir(parents=True, exist_ok=True)
    track = mido.MidiTrack()
    if title:
        track.append(mido.MetaMessage("track_name", name=title))
    for pitch in pitches:
        track.append(mido.Message("note_on", note=pitch, velocity=72, time=0))
        track.append(mido.Message("note_off", note=pitch, velocity=0, time=ticks))
    mido.MidiFile(ticks_per_beat=TICKS, tracks=[track]).save(path)
    return path


def random_pitches(seed: int, length: int = 40) -> list[int]:
    chosen = random.Random(seed)
    return [chosen.randrange(50, 80) for _ in range(length)]
