"""MIDI numbers to the letters and accidentals that a musician would write in a key."""

from typing import NamedTuple

_SHARPS = "FCGDAEB"
_LETTERS_BY_CLASS = {0: "C", 2: "D", 4: "E", 5: "F", 7: "G", 9: "A", 11: "B"}


class Spelling(NamedTuple):
    """A letter, its alteration in semitones (-1, 0 or 1), and the octave, in which middle C has 4.

    The lowest pitch of MIDI, 0, is C in octave -1, or a sharp B in octave -2.
    """

    letter: str
    alteration: int
    octave: int


def signature_of(fifths: int) -> dict[str, int]:
    """The letters that a key signature alters, -1 or 1 each; sharps are above 0."""
    letters = _SHARPS[:fifths] if fifths >= 0 else _SHARPS[fifths:]
    return dict.fromkeys(letters, 1 if fifths > 0 else -1)


def spell(pitch: int, fifths: int) -> Spelling:
    """How a pitch is written: as the signature has it, else plain, else altered in the signature's way."""
    signature = signature_of(fifths)

    def cost(spelling: Spelling) -> int:
        if signature.get(spelling.letter, 0) == spelling.alteration:
            return 0
        if spelling.alteration == 0:
            return 1
        return 2 if (spelling.alteration > 0) == (fifths >= 0) else 3

    found = [
        Spelling(_LETTERS_BY_CLASS[natural % 12], pitch - natural, natural // 12 - 1)
        for natural in (pitch, pitch - 1, pitch + 1)
        if natural % 12 in _LETTERS_BY_CLASS
    ]
    return min(found, key=cost)
