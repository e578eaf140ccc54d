"""What makes the sound of an instrument, in numbers.

A `Struck` sound dies away from its beginning, as that of a string or a bell; a `Held` one goes on until the
note ends.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Formant:
    """A resonance: partials near `centre_hz`, within about `width_hz`, are so many times louder."""

    centre_hz: float
    width_hz: float
    gain: float


@dataclass(frozen=True)
class Timbre:
    """What all sounds have.

    Attributes:
        partials: Amplitudes of the first partials; those beyond fall off from the last one.
        rolloff: Partial k is k to the power of minus this.
        even: The even partials are so many times as loud as the odd ones: 0 for a stopped pipe.
        formants: Resonances of the body, the same at every pitch.
        noise: Share of noise, of breath, bow or hammer.
        attack_s: Until it is as loud as it gets.
        release_s: Until it has died away by 60 dB after the note's end.
        level: Loudness beside the others.
        width: How far low and high notes lie apart between left and right, as those of a keyboard do.
    """

    partials: tuple[float, ...] = (1.0,)
    rolloff: float = 1.0
    even: float = 1.0
    formants: tuple[Formant, ...] = ()
    noise: float = 0.0
    attack_s: float = 0.002
    release_s: float = 0.2
    level: float = 1.0
    width: float = 0.0


@dataclass(frozen=True)
class Struck(Timbre):
    """A sound that dies away.

    Attributes:
        decay_s: Until the lowest partial of middle C has fallen by 60 dB.
        decay_by_octave: Every octave higher this is so many times as long.
        decay_by_partial: Partial k lasts k to the power of minus this as long as the first.
        place: Where the string is struck or plucked, as a share of its length; 0 leaves all partials in.
        stiffness: How much higher than harmonic the partials of middle C are; see `voices.string_ratios`.
        ratios: Frequencies of the partials beside the first, where they are those of no string.
        aftersound: Share of it that dies away a third as fast, a trifle out of tune: two strings a note.
    """

    decay_s: float = 4.0
    decay_by_octave: float = 0.7
    decay_by_partial: float = 0.5
    place: float = 0.0
    stiffness: float = 0.0
    ratios: tuple[float, ...] = ()
    aftersound: float = 0.0


@dataclass(frozen=True)
class Held(Timbre):
    """A sound that goes on as long as the note.

    Attributes:
        vibrato_cents: How far the pitch swings to either side.
        players: How many play at once.
        detune_cents: How far the highest and the lowest of them are apart.
    """

    vibrato_cents: float = 0.0
    players: int = 1
    detune_cents: float = 0.0
