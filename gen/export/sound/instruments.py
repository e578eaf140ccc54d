"""A few timbres, each for a family of General MIDI programs.

The numbers are for the ear: near enough to tell a flute from a violin, and a tune by either.
"""

from gen.export.sound.timbres import Formant, Held, Struck, Timbre
from gen.score import Part

# ratios of a free bar and of a tuned one with its second partial two octaves up, after Fletcher and Rossing,
# The Physics of Musical Instruments, ch. 19; of a bell by ear
_FREE_BAR = (1.0, 2.756, 5.404, 8.933)
_TUNED_BAR = (1.0, 4.0, 9.2, 16.2)
_BELL = (0.5, 1.0, 1.19, 1.5, 2.0, 2.51, 2.66, 3.01, 4.1)

PIANO = Struck(
    rolloff=1.1,
    noise=0.03,
    decay_s=7.0,
    place=0.12,
    stiffness=3e-4,
    aftersound=0.25,
    width=0.45,
    release_s=0.3,
)
ELECTRIC_PIANO = Struck(
    partials=(1.0, 0.35, 0.07, 0.04, 0.02, 0.01, 0.02), rolloff=2.0, decay_s=5.0, aftersound=0.2, width=0.3
)
HARPSICHORD = Struck(
    rolloff=0.6,
    decay_s=4.0,
    place=0.17,
    stiffness=5e-5,
    noise=0.04,
    decay_by_partial=0.3,
    width=0.3,
    level=0.8,
)
GLOCKENSPIEL = Struck(
    partials=(1.0, 0.3, 0.15, 0.05),
    ratios=_FREE_BAR,
    decay_s=5.0,
    release_s=2.0,
    noise=0.02,
    width=0.2,
    level=0.8,
)
MARIMBA = Struck(
    partials=(1.0, 0.25, 0.1, 0.04), ratios=_TUNED_BAR, decay_s=1.2, release_s=0.5, noise=0.06, width=0.4
)
VIBRAPHONE = Struck(partials=(1.0, 0.2, 0.04, 0.02), ratios=_TUNED_BAR, decay_s=6.0, release_s=0.6, width=0.4)
BELLS = Struck(
    partials=(0.3, 1.0, 0.5, 0.3, 0.5, 0.2, 0.2, 0.15, 0.1), ratios=_BELL, decay_s=7.0, release_s=2.0
)
ORGAN = Held(
    partials=(1.0, 0.7, 0.35, 0.4, 0.08, 0.15, 0.02, 0.15),
    rolloff=3.0,
    attack_s=0.02,
    release_s=0.12,
    noise=0.01,
    level=0.8,
)
REED_ORGAN = Held(
    rolloff=0.9,
    attack_s=0.04,
    release_s=0.1,
    players=2,
    detune_cents=6.0,
    level=0.8,
    formants=(Formant(1200.0, 900.0, 1.5),),
)
GUITAR = Struck(
    rolloff=0.95, decay_s=4.0, place=0.22, stiffness=5e-5, noise=0.03, decay_by_partial=0.8, release_s=0.25
)
OVERDRIVEN = Held(rolloff=0.8, attack_s=0.008, release_s=0.15, players=2, detune_cents=5.0, level=0.7)
BASS = Struck(rolloff=1.4, decay_s=4.0, place=0.2, noise=0.02, decay_by_partial=0.9, level=1.3)
FIDDLE = Held(
    rolloff=1.0,
    attack_s=0.05,
    release_s=0.15,
    vibrato_cents=12.0,
    noise=0.02,
    formants=(Formant(500.0, 250.0, 1.5), Formant(1100.0, 400.0, 1.0), Formant(2900.0, 1000.0, 1.5)),
)
PIZZICATO = Struck(rolloff=1.5, decay_s=0.9, place=0.3, noise=0.05, decay_by_partial=0.9)
HARP = Struck(rolloff=1.5, decay_s=4.0, place=0.4, noise=0.02, decay_by_partial=0.8, release_s=0.8, width=0.4)
STRINGS = Held(
    rolloff=1.2,
    attack_s=0.12,
    release_s=0.35,
    vibrato_cents=6.0,
    players=5,
    detune_cents=16.0,
    formants=(Formant(600.0, 400.0, 1.0), Formant(2500.0, 1200.0, 0.8)),
)
VOICE = Held(
    rolloff=1.5,
    attack_s=0.1,
    release_s=0.3,
    vibrato_cents=12.0,
    players=4,
    detune_cents=14.0,
    noise=0.02,
    formants=(Formant(700.0, 180.0, 4.0), Formant(1100.0, 220.0, 3.0), Formant(2700.0, 400.0, 2.0)),
)
BRASS = Held(
    rolloff=0.8,
    attack_s=0.05,
    release_s=0.12,
    vibrato_cents=4.0,
    noise=0.01,
    formants=(Formant(1400.0, 900.0, 4.0),),
)
HORN = Held(
    rolloff=1.7,
    attack_s=0.06,
    release_s=0.15,
    noise=0.01,
    players=2,
    detune_cents=4.0,
    formants=(Formant(450.0, 300.0, 1.5),),
)
REED = Held(
    rolloff=0.9,
    attack_s=0.04,
    release_s=0.1,
    vibrato_cents=6.0,
    noise=0.02,
    formants=(Formant(1100.0, 500.0, 2.5), Formant(2800.0, 800.0, 1.0)),
)
CLARINET = Held(rolloff=0.85, even=0.15, attack_s=0.04, release_s=0.1, noise=0.01)
FLUTE = Held(
    partials=(1.0, 0.6, 0.25, 0.1),
    rolloff=2.2,
    attack_s=0.06,
    release_s=0.12,
    vibrato_cents=7.0,
    noise=0.06,
)
LEAD = Held(rolloff=0.9, attack_s=0.01, release_s=0.1, players=2, detune_cents=8.0, level=0.7)
PAD = Held(rolloff=1.4, attack_s=0.25, release_s=0.7, players=5, detune_cents=18.0, level=0.9)
DRUM_SKIN = Struck(
    # of an ideal membrane: zeros of the Bessel functions beside the first
    partials=(1.0, 0.6, 0.4, 0.3, 0.2),
    ratios=(1.0, 1.594, 2.136, 2.296, 2.653),
    decay_s=1.0,
    noise=0.2,
    release_s=0.8,
    level=1.2,
)

# each from this program, counted from 0, up to the next
_FROM_PROGRAM: tuple[tuple[int, Timbre], ...] = (
    (0, PIANO),
    (4, ELECTRIC_PIANO),
    (6, HARPSICHORD),
    (8, GLOCKENSPIEL),
    (11, VIBRAPHONE),
    (12, MARIMBA),
    (14, BELLS),
    (15, HARPSICHORD),  # a dulcimer
    (16, ORGAN),
    (20, REED_ORGAN),
    (24, GUITAR),
    (29, OVERDRIVEN),
    (31, GUITAR),
    (32, BASS),
    (40, FIDDLE),
    (44, STRINGS),
    (45, PIZZICATO),
    (46, HARP),
    (47, DRUM_SKIN),
    (48, STRINGS),
    (52, VOICE),
    (55, STRINGS),
    (56, BRASS),
    (58, HORN),  # a tuba
    (59, BRASS),
    (60, HORN),
    (61, BRASS),
    (64, REED),
    (71, CLARINET),
    (72, FLUTE),
    (80, LEAD),
    (88, PAD),
    (104, GUITAR),  # sitar, banjo, shamisen, koto
    (108, MARIMBA),
    (109, REED),  # a bagpipe
    (110, FIDDLE),
    (111, REED),
    (112, GLOCKENSPIEL),
    (115, MARIMBA),
    (116, DRUM_SKIN),
    (120, PAD),
)


def timbre_of(part: Part) -> Timbre:
    """The timbre of a part that is no drums, by its General MIDI program."""
    return [timbre for first, timbre in _FROM_PROGRAM if first <= part.program][-1]


def is_low(part: Part) -> bool:
    """Whether a part is a bass, which stays in the middle of the stereo picture."""
    return not part.is_drums and timbre_of(part) is BASS
