"""The notes of an ABC tune: its lines to staves of measures.

music21's reader of ABC is not used. It forgets an accidental before the bar ends, counts grace notes as
members of triplets and leaves `[M:3/4]` and third endings out. It is the second reader that the tests
compare with, where it is right.
"""

import re
from fractions import Fraction
from functools import lru_cache

from gen.corpus.abc_tunes import Tune, field_of
from gen.corpus.abc_voice import Voice
from gen.corpus.measures import Staff
from gen.corpus.piece import UnreadableError

_PITCH = r"(?:\^\^|\^|__|_|=)?[A-Ga-g][,']*"
_LENGTH = r"\d{0,4}(?:/+\d{0,4})?"
_TOKEN = re.compile(
    rf"""
      (?P<skipped> "[^"]*"? | ![^!|\s]{{1,24}}! | \+[a-zA-Z().]{{1,16}}\+ | \{{[^}}]*\}}? | y\d* )
    | \[ (?P<letter>[A-Za-z]):(?P<content>[^\]]*)\]
    | (?P<bar> (?: ::+ | :*\[?\|+ ) [|:\]]*) \s* (?: \[?(?P<ending>\d[\d,.-]*) )?
    | \[ (?P<lone_ending>\d[\d,.-]*)
    | \[ (?P<chord> [^\]|]*) \] (?P<chord_length>{_LENGTH})
    | (?P<pitch>{_PITCH}) (?P<length>{_LENGTH})
    | (?P<rest>[zxZX]) (?P<rest_length>{_LENGTH})
    | \((?P<tuplet>[2-9])(?: :(?P<normal>\d?) (?: :(?P<count>\d?))? )?
    | (?P<broken> >{{1,3}} | <{{1,3}} )
    | (?P<tie>-)
    | (?P<overlay>&)
    """,
    re.VERBOSE,
)
_IN_CHORD = re.compile(rf"({_PITCH})({_LENGTH})(-?)")


def staves_of(tune: Tune) -> list[Staff]:
    """The staves of a tune, one a voice, in the order in which they appear.

    Raises:
        UnreadableError: It has no `K:`, a note is out of MIDI's range, or a length is none.
    """
    if not any(line.startswith("K:") for line in tune.lines):
        raise UnreadableError("has no tune with notes: a tune's head ends with a field K:")
    head = Voice()
    voices: dict[str, Voice] = {}
    voice, in_head = head, True
    for line in tune.lines:
        found = field_of(line)
        if line.startswith("%"):
            voice.set_directive(line)
        elif not line and not in_head:
            break  # an empty line ends a tune; what follows is text
        elif found is None:
            in_head = in_head and not line
            for token in _TOKEN.finditer(line.split("%")[0]):
                if token["letter"] == "V":
                    voice = _voice(token["content"], voices, head)
                    continue
                if voice is head:
                    voice = _voice("", voices, head)
                _take(token, voice)
        elif found[0] == "V" and not in_head:
            voice = _voice(found[1], voices, head)
        else:
            voice.set_field(*found)
            in_head = in_head and found[0] != "K"
    return [each.staff() for each in voices.values()]


def _voice(content: str, voices: dict[str, Voice], head: Voice) -> Voice:
    name = (content.split() or [""])[0]
    return voices.setdefault(name, head.copy())


def _take(token: re.Match[str], voice: Voice) -> None:
    """Give one token to the voice that it belongs to."""
    match token.lastgroup:
        case "content":
            voice.set_field(token["letter"], token["content"].strip())
        case "bar" | "ending":
            voice.bar_line(token["bar"], token["ending"])
        case "lone_ending":
            voice.bar_line("|", token["lone_ending"])
        case "chord_length":
            notes = [
                (spelling, _multiplier(length), bool(tie))
                for spelling, length, tie in _IN_CHORD.findall(token["chord"])
            ]
            if notes:
                voice.strike(notes, _multiplier(token["chord_length"]))
        case "length":
            voice.strike([(token["pitch"], Fraction(1), False)], _multiplier(token["length"]))
        case "rest_length" if token["rest"].isupper():
            voice.rest_measures(int(_multiplier(token["rest_length"])))
        case "rest_length":
            voice.strike([], _multiplier(token["rest_length"]))
        case "tuplet" | "normal" | "count":
            voice.begin_tuplet(int(token["tuplet"]), token["normal"], token["count"])
        case "broken":
            voice.break_rhythm(token["broken"])
        case "tie":
            voice.tie()
        case "overlay":
            voice.overlay()


@lru_cache(1024)  # a tune has few different ones, and fractions are slow to make
def _multiplier(length: str) -> Fraction:
    numerator, slash, denominator = length.partition("/")
    if not slash:
        return Fraction(int(numerator or 1))
    slashes = 1 + len(denominator) - len(denominator.lstrip("/"))
    digits = denominator.lstrip("/")
    divisor = int(digits) if digits else 2**slashes
    if divisor == 0:
        raise UnreadableError(f"has a note of length {length!r}")
    return Fraction(int(numerator or 1), divisor)
