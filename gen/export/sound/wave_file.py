"""Sound in `.wav` files: 16 bits, stereo, as loud as it can be without clipping."""

import tempfile
import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from gen.errors import GenError
from gen.export.sound.mixing import blocks, length_s
from gen.export.sound.voices import SAMPLE_RATE, Samples
from gen.files import replacing
from gen.score import Score

MOST_MINUTES = 60
PEAK = 10 ** (-1 / 20)  # -1 dB of full scale: what players do to the sound can lift a peak a little
_FULL_SCALE = 32767
_READ_FLOATS = 1 << 18


def write_wave(score: Score, path: Path) -> None:
    """Play a score with the instruments of this package into a file, 44.1 kHz, whole or not at all.

    Raises:
        GenError: It has no notes, or lasts longer than `MOST_MINUTES`.
        OSError: The folder cannot be written, or the disk is full.
    """
    check_length(score, MOST_MINUTES)
    write_sound(blocks(score), SAMPLE_RATE, path)


def check_length(score: Score, most_minutes: int) -> None:
    """Refuse silence, and what would fill the disk.

    Raises:
        GenError: There are no notes, or they last longer than `most_minutes`.
    """
    if not len(score.notes):
        raise GenError("There are no notes to be played.", "Give a piece that has some.")
    minutes = length_s(score) / 60
    if minutes > most_minutes:
        raise GenError(
            f"The piece lasts {minutes:.0f} minutes, and a sound file may last {most_minutes}.",
            "Take a shorter piece, or a faster one.",
        )


def write_sound(sound: Iterable[Samples], rate_hz: int, path: Path) -> None:
    """Write blocks of samples, each (2, any number), with the loudest of them all at `PEAK`.

    How loud that is shows only at the end, so that the blocks wait on the disk, not in memory.

    Raises:
        OSError: The folder cannot be written, or the disk is full.
    """
    with replacing(path) as temporary, tempfile.TemporaryFile(dir=temporary.parent) as waiting:
        loudest = 0.0
        for block in sound:
            loudest = max(loudest, float(np.abs(block).max(initial=0.0)))
            waiting.write(np.ascontiguousarray(block.T, np.float32).tobytes())
        waiting.seek(0)
        gain = np.float32(PEAK * _FULL_SCALE / max(loudest, 1e-9))
        with temporary.open("wb") as file, wave.open(file, "wb") as written:
            written.setnchannels(2)
            written.setsampwidth(2)
            written.setframerate(rate_hz)
            while content := waiting.read(4 * _READ_FLOATS):
                scaled = np.frombuffer(content, np.float32) * gain
                written.writeframesraw(np.trunc(scaled).astype("<i2").tobytes())  # no louder than the peak
