"""One note of an instrument as samples: partials that die away, or a loop that can be held for ever.

Nothing is random twice: noise is drawn from a generator seeded by the pitch. No partial lies above
`HIGHEST_HZ`, so that none is mirrored at half the sample rate.
"""

from collections import OrderedDict
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gen.export.sound.timbres import Held, Struck, Timbre

SAMPLE_RATE = 44_100
HIGHEST_HZ = 0.45 * SAMPLE_RATE
LAYERS = 4  # of loudness, each brighter than the one before
LENGTHS_S = (0.5, 1.0, 2.0, 4.0, 10.0)  # a sound that dies away is made as long as it is needed
DECADES_OF_60_DB = float(np.log(1000.0))

_MOST_PARTIALS = 60
_TABLE_BITS = 15
_TABLE = (
    1 << _TABLE_BITS
)  # samples of the one cycle that a loop is read from, so many that the nearest will do
_COUNT = np.arange(1 << 17, dtype=np.uint32)  # of the samples of a loop
_VIBRATO_HZ = 5.5
_LOOP_S, _LOOP_OF_SEVERAL_S = 1.0, 2.0  # several players are in step again after this
_LAST_FADE_S = 0.1
_AFTERSOUND_TIMES, _AFTERSOUND_CENTS = 3.0, 0.8
_KNOCK_S, _KNOCK_WIDTH = 0.03, 12
_BREATH_HZ, _BREATH_SEAM = 3000.0, 512
_LISTEN_S = 0.25

Samples = NDArray[np.float32]


class Tone(NamedTuple):
    """Samples of a note, at a loudness that does not depend on its pitch; those of a loop go round."""

    samples: Samples
    is_loop: bool


def frequency_hz(pitch: int) -> float:
    """Of a MIDI number in equal temperament: 69 is 440 Hz."""
    return float(440.0 * 2.0 ** ((pitch - 69) / 12))


class _Tones:
    """Tones that were made, as many as `most_bytes` hold; those not asked for the longest go first."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[tuple[Timbre, int, int, float], Tone] = OrderedDict()

    def get(self, timbre: Timbre, pitch: int, layer: int, seconds: float) -> Tone:
        """A tone, kept or made."""
        key = timbre, pitch, layer, seconds
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        made = _make_tone(*key)
        self._bytes += made.samples.nbytes
        self._kept[key] = made
        while self._bytes > self._most_bytes:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= gone.samples.nbytes
        return made

    def clear(self) -> None:
        """Forget them all."""
        self._bytes = 0
        self._kept.clear()


# as much as a full orchestra needs, at two or three hundred kilobytes a tone
TONES = _Tones(192 << 20)


def tone(timbre: Timbre, pitch: int, layer: int, seconds: float) -> Tone:
    """The sound of a pitch at one of `LAYERS` loudnesses, without attack and release.

    What dies away has so many seconds, more, or all that can be heard.
    """
    if isinstance(timbre, Held):
        return TONES.get(timbre, pitch, layer, 0.0)
    least_s = next((each for each in LENGTHS_S if each >= seconds), LENGTHS_S[-1])
    return TONES.get(timbre, pitch, layer, least_s)


def _make_tone(timbre: Timbre, pitch: int, layer: int, seconds: float) -> Tone:
    random = np.random.default_rng((pitch, layer))
    if isinstance(timbre, Struck):
        samples = _struck(timbre, pitch, layer, seconds, random)
    elif isinstance(timbre, Held):
        samples = _held(timbre, pitch, layer, random)
    else:
        raise TypeError(f"neither struck nor held: {timbre}")
    samples *= timbre.level / loudness(samples[: int(_LISTEN_S * SAMPLE_RATE)])
    return Tone(samples, isinstance(timbre, Held))


def loudness(samples: Samples) -> float:
    """How loud samples are to the ear: halfway, in decibels, between their level and their A-weighted level.

    A-weighting is IEC 61672-1, annex E. Alone it would make basses too loud for small loudspeakers.
    """
    power = np.abs(np.fft.rfft(samples)) ** 2
    # Parseval: the mean square of the samples
    plain, weighted = (
        2 * float(power @ weights) / len(samples) ** 2
        for weights in (np.ones_like(power), _a_weights(len(samples)))
    )
    return float(max((plain * weighted) ** 0.25, 1e-9))


@lru_cache(maxsize=4)
def _a_weights(length: int) -> NDArray[np.float32]:
    """Factors for the power at each frequency of so many samples."""
    f2 = np.fft.rfftfreq(length, 1 / SAMPLE_RATE) ** 2
    height = 12194.0**2 * f2**2 / ((f2 + 20.6**2) * (f2 + 12194.0**2))
    height /= np.sqrt((f2 + 107.7**2) * (f2 + 737.9**2))
    return np.asarray((height**2).astype(np.float32))


def string_ratios(number: int, stiffness: float) -> NDArray[np.float64]:
    """Frequencies of the partials of a stiff string beside the first.

    `k · sqrt(1 + B k²)`, H. Fletcher, Normal vibration frequencies of a stiff piano string, 1964.
    """
    k = np.arange(1, number + 1)
    return np.asarray(k * np.sqrt((1 + stiffness * k**2) / (1 + stiffness)))


def amplitudes(timbre: Timbre, frequencies_hz: NDArray[np.float64], layer: int) -> NDArray[np.float64]:
    """How loud each partial is, from the first; none above `HIGHEST_HZ`."""
    k = np.arange(1, len(frequencies_hz) + 1)
    given = np.array(timbre.partials)
    found = np.where(
        k <= len(given),
        given[np.minimum(k, len(given)) - 1],
        given[-1] * (k / len(given)) ** -timbre.rolloff,
    )
    found[1::2] *= timbre.even
    for formant in timbre.formants:
        away = (frequencies_hz - formant.centre_hz) / formant.width_hz
        # in proportion to what is there already: a body makes no sound of its own
        found *= 1 + formant.gain * np.exp(-(away**2) / 2)
    softness = 0.8 * (1 - (layer + 1) / LAYERS)
    return np.asarray(np.where(frequencies_hz < HIGHEST_HZ, found * k**-softness, 0.0))


def damped(
    frequencies_hz: NDArray[np.float64],
    heights: NDArray[np.float64],
    decays_s: NDArray[np.float64],
    length: int,
) -> Samples:
    """A sum of sines that die away, as one product of matrices.

    With z the factor from one sample of a partial to the next, `z^(iB + j) = z^(iB) · z^j`: the samples, in
    rows of B, are a sum over partials of a column times a row.

    Args:
        frequencies_hz: (K,).
        heights: (K,) amplitudes at the beginning.
        decays_s: (K,) until each has fallen by 60 dB.
        length: Samples.
    """
    width = 1 << max(4, (length.bit_length() + 1) // 2)
    steps = (-DECADES_OF_60_DB / decays_s + 2j * np.pi * frequencies_hz) / SAMPLE_RATE
    columns = heights * np.exp(np.outer(np.arange(0, length, width), steps))
    rows = np.exp(np.outer(steps, np.arange(width)))
    columns_2 = np.concatenate([columns.real, columns.imag], axis=1).astype(np.float32)
    rows_2 = np.concatenate([rows.imag, rows.real]).astype(np.float32)
    return np.asarray((columns_2 @ rows_2).reshape(-1)[:length])


def _partials(frequency: float) -> int:
    return max(1, min(_MOST_PARTIALS, int(HIGHEST_HZ / frequency)))


def _struck(timbre: Struck, pitch: int, layer: int, seconds: float, random: np.random.Generator) -> Samples:
    first = frequency_hz(pitch)
    octaves = (pitch - 60) / 12
    if timbre.ratios:
        ratios = np.array(timbre.ratios)
    else:
        ratios = string_ratios(_partials(first), timbre.stiffness * 2.0**octaves)
    frequencies = first * ratios
    heights = amplitudes(timbre, frequencies, layer)
    if timbre.place:
        heights *= np.abs(np.sin(np.pi * timbre.place * np.arange(1, len(heights) + 1)))
    longest_s = timbre.decay_s * timbre.decay_by_octave**octaves
    decays = longest_s * np.arange(1, len(heights) + 1) ** -timbre.decay_by_partial
    if timbre.aftersound:
        after, apart = timbre.aftersound, 2 ** (_AFTERSOUND_CENTS / 1200)
        frequencies = np.concatenate([frequencies, frequencies * apart])
        heights = np.concatenate([(1 - after) * heights, after * heights])
        decays = np.concatenate([decays, _AFTERSOUND_TIMES * decays])
        longest_s *= _AFTERSOUND_TIMES
    samples = damped(frequencies, heights, decays, int(min(longest_s, seconds) * SAMPLE_RATE))
    if seconds == LENGTHS_S[-1] or longest_s < seconds:
        fade = min(len(samples), int(_LAST_FADE_S * SAMPLE_RATE))
        samples[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    knock = min(len(samples), int(_KNOCK_S * SAMPLE_RATE))
    noise = np.convolve(random.standard_normal(knock), np.ones(_KNOCK_WIDTH) / _KNOCK_WIDTH, "same")
    noise *= np.linspace(1, 0, knock) ** 2 * timbre.noise * np.abs(samples).max() * 3
    samples[:knock] += noise.astype(np.float32)
    return samples


def _held(timbre: Held, pitch: int, layer: int, random: np.random.Generator) -> Samples:
    """A loop of a second or two: whole cycles of every player's pitch and vibrato."""
    first = frequency_hz(pitch)
    cycles = round((_LOOP_S if timbre.players == 1 else _LOOP_OF_SEVERAL_S) * first)
    length = round(cycles * SAMPLE_RATE / first)
    number = _partials(first)
    heights = amplitudes(timbre, first * np.arange(1.0, number + 1), layer)
    # phases apart keep the one cycle from being a spike
    phases = np.exp(2j * np.pi * random.random(number))
    spectrum = np.zeros(_TABLE // 2 + 1, np.complex64)
    spectrum[1 : number + 1] = heights * phases
    table = np.fft.irfft(spectrum).astype(np.float32)
    samples = np.zeros(length, np.float32)
    for away in np.linspace(-0.5, 0.5, timbre.players) if timbre.players > 1 else (0.0,):
        own = cycles + round(cycles * (2 ** (away * timbre.detune_cents / 1200) - 1))
        place = _COUNT[:length] * np.uint32(round(own / length * 2**32))  # of a cycle, in 2^32 steps
        place += np.uint32(random.integers(2**32))
        if timbre.vibrato_cents:
            swings = round(_VIBRATO_HZ * length / SAMPLE_RATE * (1 + 0.2 * away))
            swing = cycles * (2 ** (timbre.vibrato_cents / 1200) - 1) / (2 * np.pi * swings)
            turn = np.float32(2 * np.pi * swings / length) * _COUNT[:length].astype(np.float32)
            wave = np.sin(turn + np.float32(2 * np.pi * random.random()))
            place += (np.float32(swing * 2**32) * wave).astype(np.int64).astype(np.uint32)
        samples += table[place >> np.uint32(32 - _TABLE_BITS)]
    if timbre.noise:
        breath = _breath()[_BREATH_SEAM : _BREATH_SEAM + length].copy()
        # the end goes over into what was there before the beginning
        fade = np.linspace(0, np.pi / 2, _BREATH_SEAM, dtype=np.float32)
        breath[-_BREATH_SEAM:] *= np.cos(fade)
        breath[-_BREATH_SEAM:] += np.sin(fade) * _breath()[:_BREATH_SEAM]
        samples += timbre.noise * samples.std() * breath
    return samples


@lru_cache(maxsize=1)
def _breath() -> Samples:
    """Noise, softer the higher it is, of level 1 and longer than any loop."""
    frequencies = np.fft.rfftfreq(1 << 17, 1 / SAMPLE_RATE)
    heights = 1 / (1 + (frequencies / _BREATH_HZ) ** 2) * (frequencies < HIGHEST_HZ)
    phases = np.random.default_rng(0).random(len(frequencies))
    noise = np.fft.irfft(heights * np.exp(2j * np.pi * phases))
    return np.asarray((noise / noise.std()).astype(np.float32))
