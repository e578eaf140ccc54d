"""Scores played with the sampled instruments of a SoundFont, by midirenderer (the extra `audio`)."""

import importlib.util
import io
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gen.errors import GenError
from gen.export.midi import midi_bytes
from gen.export.sound.mixing import length_s
from gen.export.sound.voices import Samples
from gen.export.sound.wave_file import check_length, write_sound
from gen.score import DEFAULT_TEMPO_BPM, TICKS_PER_QUARTER, Score

MOST_MINUTES = 20  # the library plays a piece in memory, with some 1.5 MB a second
_RING_S = 2.0
_SILENT = 1e-3  # of the loudest sample
_FULL_SCALE = 32768
_BLOCK = 1 << 17
_PLAYER = Path(__file__).with_name("soundfont_player.py")
_START_S, _TIMES_ITS_LENGTH = 30.0, 2.0  # how long it may take
_GIVE_ANOTHER = "Give --soundfont the path of a SoundFont, a file in .sf2."


def check_soundfont(path: Path) -> None:
    """See that a SoundFont can be played, before there is anything to play.

    Raises:
        GenError: The library is not installed, or the file is no SoundFont.
    """
    if importlib.util.find_spec("midirenderer") is None:
        raise GenError(
            "--soundfont needs the package midirenderer.",
            "Install it: pip install midirenderer (the extra `audio` of gen); or leave --soundfont out.",
        )
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise GenError(f"The SoundFont {path} cannot be read: {why}.", _GIVE_ANOTHER) from error
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise GenError(f"{path} is no SoundFont.", _GIVE_ANOTHER)


def write_wave_with(soundfont: Path, score: Score, path: Path) -> None:
    """Play a score with a SoundFont into a file, at the 48 kHz of the library, whole or not at all.

    Raises:
        GenError: The SoundFont cannot be used, or the score has no notes or is too long.
        OSError: The folder cannot be written, or the disk is full.
    """
    check_soundfont(soundfont)
    check_length(score, MOST_MINUTES)
    last_bpm = score.tempos[-1].bpm if score.tempos else DEFAULT_TEMPO_BPM
    ring_ticks = round(_RING_S * last_bpm / 60 * TICKS_PER_QUARTER)
    limit_s = _START_S + _TIMES_ITS_LENGTH * length_s(score)
    played = _played(soundfont, midi_bytes(score, ring_ticks), limit_s)
    with wave.open(io.BytesIO(played)) as file:
        rate_hz, channels = file.getframerate(), file.getnchannels()
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, channels).T
    heard = np.flatnonzero(np.abs(sound).max(axis=0) > _SILENT * np.abs(sound).max(initial=1))
    write_sound(_blocks(sound[:, : int(heard.max(initial=0)) + 1]), rate_hz, path)


def _played(soundfont: Path, midi: bytes, limit_s: float) -> bytes:
    """What the library makes of a MIDI file, as a `.wav` file."""
    try:
        # -P: the folder of the program is no place to import from
        command = [sys.executable, "-P", str(_PLAYER), str(soundfont)]
        done = subprocess.run(command, input=midi, capture_output=True, timeout=limit_s, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise GenError(f"{soundfont} cannot be played: it seems to be damaged.", _GIVE_ANOTHER) from error
    return done.stdout


def _blocks(sound: NDArray[np.int16]) -> Iterator[Samples]:
    for start in range(0, sound.shape[1], _BLOCK):
        yield sound[:, start : start + _BLOCK].astype(np.float32) / np.float32(_FULL_SCALE)
