"""The room that a piece is played in: a faint echo of everything, from the left and from the right."""

import numpy as np

from gen.export.sound.voices import DECADES_OF_60_DB, HIGHEST_HZ, SAMPLE_RATE, Samples

ECHO_S = 1.0
_LEVEL = 0.25  # of the echo, beside what is played
_DELAY_S = 0.012  # the nearest wall is two metres away
_LOWEST_HZ, _BRIGHT_HZ = 200.0, 3500.0  # basses stay dry, walls swallow what is bright
_SEED = 2


class Room:
    """What comes in is heard again, softer and later; blocks come one after the other.

    Noise that dies away is what a room answers when its walls have been met many times: M. Schroeder, Natural
    sounding artificial reverberation, 1962.

    Args:
        block: Samples of each block.
    """

    def __init__(self, block: int) -> None:
        self._block = block
        self._length = int(ECHO_S * SAMPLE_RATE)
        self._size = _even_size(block + self._length)
        self._echoes = np.fft.rfft(_echoes(self._length), self._size)
        self._later: Samples = np.zeros((2, self._size - block), np.float32)

    def add(self, sound: Samples) -> None:
        """Add to a block, (2, block), the echo of it and of those before."""
        dry = sound.mean(axis=0)
        echo = np.fft.irfft(np.fft.rfft(dry, self._size) * self._echoes, self._size)
        echo[:, : self._later.shape[1]] += self._later
        sound += echo[:, : self._block]
        self._later = np.asarray(echo[:, self._block :], np.float32)


def _echoes(length: int) -> Samples:
    """What the room answers to a single click, (2, length)."""
    random = np.random.default_rng(_SEED)
    frequencies = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    heights = (frequencies > _LOWEST_HZ) * (frequencies < HIGHEST_HZ) / (1 + (frequencies / _BRIGHT_HZ) ** 2)
    noise = np.fft.irfft(heights * np.exp(2j * np.pi * random.random((2, len(frequencies)))), length)
    noise *= np.exp(-DECADES_OF_60_DB * np.arange(length) / length)
    delay = int(_DELAY_S * SAMPLE_RATE)
    noise[:, delay:] = noise[:, :-delay].copy()
    noise[:, :delay] = 0
    # of held notes in the middle of the spectrum, for which the echo is as loud as it gets
    middle = np.abs(np.fft.rfft(noise)[:, (frequencies > _LOWEST_HZ) & (frequencies < _BRIGHT_HZ / 2)]) ** 2
    return np.asarray((_LEVEL * noise / np.sqrt(middle.mean(axis=1, keepdims=True))).astype(np.float32))


def _even_size(least: int) -> int:
    """The smallest number from `least` up that a Fourier transform is quick with: 2^n or 3 · 2^n."""
    power = 1 << (least - 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= least else power
