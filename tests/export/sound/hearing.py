"""Listening in numbers: a reader of `.wav` files of our own, pitches, onsets and levels."""

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]


class Heard(NamedTuple):
    """What is in a file: samples from -1 to 1, (2, n), and how many a second."""

    sound: Sound
    rate_hz: int


def read_wave(path: Path) -> Heard:
    """After the specification of RIFF, chunk by chunk, with every length checked."""
    content = path.read_bytes()
    riff, size, wave = struct.unpack_from("<4sI4s", content)
    assert (riff, wave, size) == (b"RIFF", b"WAVE", len(content) - 8)
    chunks: dict[bytes, bytes] = {}
    place = 12
    while place < len(content):
        name, size = struct.unpack_from("<4sI", content, place)
        chunks[name] = content[place + 8 : place + 8 + size]
        assert len(chunks[name]) == size
        place += 8 + size + size % 2
    form, channels, rate_hz, bytes_a_second, frame, bits = struct.unpack("<HHIIHH", chunks[b"fmt "])
    assert (form, channels, bytes_a_second, frame, bits) == (1, 2, 4 * rate_hz, 4, 16)
    samples = np.frombuffer(chunks[b"data"], "<i2").reshape(-1, 2).T / 32768
    return Heard(samples, rate_hz)


def spectrum(samples: NDArray[np.floating], rate_hz: int = 44_100) -> tuple[Sound, Sound]:
    """Frequencies, and the power at each, through a Hann window."""
    power: Sound = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    return np.asarray(np.fft.rfftfreq(len(samples), 1 / rate_hz), np.float64), power


def pitch_near(samples: NDArray[np.floating], expected_hz: float, rate_hz: int = 44_100) -> float:
    """The middle, by power, of what sounds within two semitones of a frequency."""
    frequencies, power = spectrum(samples, rate_hz)
    near = np.abs(np.log2(frequencies.clip(1) / expected_hz)) < 2 / 12
    assert power[near].max() > 1e-4 * power.max(), "nothing sounds there"
    strong = near & (power > 0.02 * power[near].max())
    return float((frequencies * power)[strong].sum() / power[strong].sum())


def share_between(samples: NDArray[np.floating], low_hz: float, high_hz: float) -> float:
    """Which share of the power lies between two frequencies."""
    frequencies, power = spectrum(samples)
    return float(power[(frequencies >= low_hz) & (frequencies < high_hz)].sum() / power.sum())


def flatness(samples: NDArray[np.floating]) -> float:
    """The geometric mean of the power over its mean, from 50 Hz to 16 kHz: 0 for a tone, near 1 for noise."""
    frequencies, power = spectrum(samples)
    within = power[(frequencies > 50) & (frequencies < 16_000)]
    return float(np.exp(np.log(within + 1e-30).mean()) / within.mean())


def level(samples: NDArray[np.floating]) -> float:
    return float(np.sqrt((samples.astype(np.float64) ** 2).mean()))


def decibels(ratio: float) -> float:
    return float(20 * np.log10(max(ratio, 1e-12)))
