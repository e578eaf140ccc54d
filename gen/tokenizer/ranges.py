"""The pitches that the instruments of General MIDI play: what transposition keeps to."""

from typing import NamedTuple


class Range(NamedTuple):
    """The lowest and the highest pitch of an instrument, as MIDI numbers; 60 is the middle C."""

    low: int
    high: int


EVERY_PITCH = Range(0, 127)

# programs from 0, sounding pitch; a good player's range rather than the rarest note ever played
_RANGES = (
    (range(6), Range(21, 108)),  # pianos
    (range(6, 7), Range(29, 89)),  # harpsichord
    (range(7, 8), Range(29, 88)),  # clavinet
    (range(8, 9), Range(60, 108)),  # celesta
    (range(9, 10), Range(72, 108)),  # glockenspiel
    (range(10, 11), Range(60, 96)),  # music box
    (range(11, 12), Range(53, 89)),  # vibraphone
    (range(12, 13), Range(45, 96)),  # marimba
    (range(13, 14), Range(65, 108)),  # xylophone
    (range(14, 15), Range(60, 77)),  # tubular bells
    (range(15, 16), Range(55, 91)),  # dulcimer
    (range(16, 21), Range(24, 108)),  # organs
    (range(21, 22), Range(41, 96)),  # accordion
    (range(22, 23), Range(48, 96)),  # harmonica
    (range(23, 24), Range(41, 91)),  # bandoneon
    (range(24, 32), Range(40, 88)),  # guitars
    (range(32, 40), Range(28, 67)),  # basses
    (range(40, 41), Range(55, 103)),  # violin
    (range(41, 42), Range(48, 91)),  # viola
    (range(42, 43), Range(36, 84)),  # cello
    (range(43, 44), Range(28, 67)),  # double bass
    (range(44, 46), Range(28, 103)),  # strings, tremolo and pizzicato
    (range(46, 47), Range(23, 104)),  # harp
    (range(47, 48), Range(36, 60)),  # timpani
    (range(48, 52), Range(28, 103)),  # string ensembles
    (range(52, 55), Range(36, 84)),  # choirs
    (range(55, 56), Range(36, 96)),  # orchestra hit
    (range(56, 57), Range(52, 86)),  # trumpet
    (range(57, 58), Range(34, 77)),  # trombone
    (range(58, 59), Range(26, 65)),  # tuba
    (range(59, 60), Range(52, 86)),  # muted trumpet
    (range(60, 61), Range(34, 77)),  # horn
    (range(61, 64), Range(29, 86)),  # brass sections
    (range(64, 65), Range(56, 88)),  # soprano saxophone
    (range(65, 66), Range(49, 81)),  # alto saxophone
    (range(66, 67), Range(44, 76)),  # tenor saxophone
    (range(67, 68), Range(36, 69)),  # baritone saxophone
    (range(68, 69), Range(58, 91)),  # oboe
    (range(69, 70), Range(52, 81)),  # English horn
    (range(70, 71), Range(34, 77)),  # bassoon
    (range(71, 72), Range(50, 94)),  # clarinet
    (range(72, 73), Range(74, 108)),  # piccolo
    (range(73, 74), Range(59, 98)),  # flute
    (range(74, 75), Range(60, 98)),  # recorder
    (range(75, 80), Range(55, 96)),  # pan flute, bottle, shakuhachi, whistle, ocarina
    (range(80, 104), Range(21, 108)),  # synthesizers
    (range(104, 105), Range(48, 77)),  # sitar
    (range(105, 106), Range(48, 84)),  # banjo
    (range(106, 107), Range(50, 86)),  # shamisen
    (range(107, 108), Range(55, 91)),  # koto
    (range(108, 109), Range(48, 84)),  # kalimba
    (range(109, 110), Range(53, 84)),  # bagpipe
    (range(110, 111), Range(55, 103)),  # fiddle
    (range(111, 112), Range(58, 91)),  # shanai
)
_BY_PROGRAM = {program: pitches for programs, pitches in _RANGES for program in programs}


def playable_range(program: int) -> Range:
    """What the instrument of a General MIDI program, counted from 0, can play.

    Tuned percussion and sound effects (112 to 127) play every pitch.
    """
    return _BY_PROGRAM.get(program, EVERY_PITCH)
