"""Drums as bursts of noise, with a tone beneath where there is a skin; by their General MIDI numbers."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from gen.export.sound.voices import DECADES_OF_60_DB, HIGHEST_HZ, SAMPLE_RATE, Samples, loudness

_RISE_S = 0.001
_DROP_S = 0.02  # a skin that is struck is tense at first: its pitch falls in about this time
_EDGE = 0.15  # how far the lower edge of a band of noise reaches, as a share of its frequency
_LISTEN_S = 0.1


class Drum(NamedTuple):
    """One drum or cymbal.

    Attributes:
        low_hz: Where its noise begins.
        high_hz: Where its noise ends.
        noise_s: Until the noise has fallen by 60 dB.
        tone_hz: Of the skin; 0 for none.
        tone_s: Until the tone has fallen by 60 dB.
        tone: Share of the tone in the level.
        drop: How many times as high the tone begins.
        strokes: Bursts a hundredth of a second apart, of hands that never meet at once.
        pan: From -1, left, to 1, right, as a drummer sees it from behind.
        level: Loudness beside the others.
    """

    low_hz: float
    high_hz: float
    noise_s: float
    tone_hz: float = 0.0
    tone_s: float = 0.3
    tone: float = 0.0
    drop: float = 1.0
    strokes: int = 1
    pan: float = 0.0
    level: float = 1.0


def _tom(tone_hz: float, pan: float) -> Drum:
    return Drum(100, 3000, 0.25, tone_hz, 0.6, 0.8, 1.6, pan=pan)


def _hand(tone_hz: float, pan: float, seconds: float = 0.3) -> Drum:
    return Drum(200, 5000, 0.08, tone_hz, seconds, 0.75, 1.2, pan=pan, level=0.8)


def _bell(tone_hz: float, pan: float, seconds: float = 0.4) -> Drum:
    return Drum(2000, 9000, 0.1, tone_hz, seconds, 0.7, pan=pan, level=0.6)


def _shaken(low_hz: float, seconds: float, pan: float) -> Drum:
    return Drum(low_hz, 15000, seconds, pan=pan, level=0.5)


_KICK = Drum(40, 6000, 0.06, 52, 0.45, 0.9, 3.0, level=1.5)
_SNARE = Drum(180, 12000, 0.3, 190, 0.2, 0.4, 1.4, level=1.2)
_SIDE_STICK = Drum(800, 9000, 0.06, 520, 0.08, 0.5, level=0.8)
_CLAP = Drum(700, 7000, 0.25, strokes=3, pan=0.1)
_CLOSED_HAT = Drum(6500, 17000, 0.09, pan=0.3, level=0.55)
_OPEN_HAT = _CLOSED_HAT._replace(noise_s=0.7)
_CRASH = Drum(1500, 16000, 2.2, pan=-0.3, level=0.9)
_RIDE = Drum(3500, 14000, 1.4, 3100, 1.0, 0.25, pan=0.4, level=0.55)

_DRUMS: dict[int, Drum] = {
    35: _KICK._replace(tone_hz=46),
    36: _KICK,
    37: _SIDE_STICK,
    38: _SNARE,
    39: _CLAP,
    40: _SNARE._replace(low_hz=250, tone_hz=220, noise_s=0.22),
    41: _tom(75, -0.5),
    42: _CLOSED_HAT,
    43: _tom(92, -0.35),
    44: _CLOSED_HAT._replace(noise_s=0.06, level=0.45),
    45: _tom(112, -0.15),
    46: _OPEN_HAT,
    47: _tom(135, 0.0),
    48: _tom(160, 0.15),
    49: _CRASH,
    50: _tom(190, 0.3),
    51: _RIDE,
    52: _CRASH._replace(low_hz=900, noise_s=1.6, pan=0.4),
    53: _RIDE._replace(tone_hz=2400, tone=0.5),
    54: _shaken(5000, 0.2, 0.2),
    55: _CRASH._replace(low_hz=2500, noise_s=1.0),
    56: _bell(800, 0.2),
    57: _CRASH._replace(low_hz=1800, pan=0.4),
    59: _RIDE._replace(low_hz=3000, noise_s=1.7),
    60: _hand(400, -0.3),
    61: _hand(300, -0.2),
    62: _hand(330, 0.2, 0.12),
    63: _hand(300, 0.3),
    64: _hand(220, 0.4),
    65: _hand(450, -0.2),
    66: _hand(330, -0.1),
    67: _bell(1250, -0.3),
    68: _bell(900, -0.3),
    69: _shaken(4000, 0.12, -0.2),
    70: _shaken(5000, 0.08, 0.2),
    75: _bell(2400, 0.2, 0.1),
    76: _bell(1000, -0.2, 0.1),
    77: _bell(750, -0.2, 0.1),
    80: _bell(4200, 0.3, 0.15),
    81: _bell(4200, 0.3, 1.5),
}
# what General MIDI has no number for here: a short noise with some tone
_OTHER = Drum(300, 8000, 0.15, 300, 0.15, 0.5, level=0.8)


def drum_of(pitch: int) -> Drum:
    """The drum that a number on the drum channel stands for."""
    return _DRUMS.get(pitch, _OTHER)


@lru_cache(maxsize=128)
def drum_samples(pitch: int) -> Samples:
    """One stroke, from its beginning to silence."""
    drum = drum_of(pitch)
    random = np.random.default_rng((1, pitch))
    length_s = max(drum.noise_s, drum.tone_s if drum.tone else 0.0)
    time = np.arange(int(length_s * SAMPLE_RATE)) / SAMPLE_RATE
    noise = _band(len(time), drum.low_hz, drum.high_hz, random)
    burst = np.zeros(len(time))
    for stroke in range(drum.strokes):
        since = time - 0.01 * stroke
        burst = np.where(since >= 0, np.exp(-DECADES_OF_60_DB * since / drum.noise_s), burst)
    struck = (1 - drum.tone) * noise * burst
    if drum.tone:
        fall = (drum.drop - 1) * _DROP_S * (1 - np.exp(-time / _DROP_S))
        sine = np.sin(2 * np.pi * drum.tone_hz * (time + fall))
        struck += drum.tone * np.sqrt(2) * sine * np.exp(-DECADES_OF_60_DB * time / drum.tone_s)
    rise = int(_RISE_S * SAMPLE_RATE)
    struck[:rise] *= np.linspace(0, 1, rise)
    struck *= np.minimum(1, (length_s - time) / (0.2 * length_s))
    samples = struck.astype(np.float32)
    samples *= drum.level / loudness(samples[: int(_LISTEN_S * SAMPLE_RATE)])
    return np.asarray(samples)


def _band(length: int, low_hz: float, high_hz: float, random: np.random.Generator) -> Samples:
    """Noise between two frequencies, of level 1."""
    frequencies = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    rise = 0.5 + 0.5 * np.tanh((frequencies / low_hz - 1) / _EDGE)
    heights = rise * (frequencies < min(high_hz, HIGHEST_HZ))
    noise = np.fft.irfft(heights * np.exp(2j * np.pi * random.random(len(frequencies))), length)
    return np.asarray(noise / noise.std())
