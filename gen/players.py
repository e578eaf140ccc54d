"""What the players of a score are called: General MIDI has sixteen families of eight programs each."""

from gen.score import Part

_FAMILIES = (
    "piano",
    "chromatic percussion",
    "organ",
    "guitar",
    "bass",
    "strings",
    "ensemble",
    "brass",
    "reed",
    "pipe",
    "synth lead",
    "synth pad",
    "synth effects",
    "ethnic",
    "percussive",
    "sound effects",
)


def player_name(part: Part) -> str:
    """The family and the program of a part, `strings (40)`, or `drums`."""
    return "drums" if part.is_drums else f"{_FAMILIES[part.program // 8]} ({part.program})"
