"""ABC files to tunes: where each begins and ends, what its head says, and what the text of a field means.

After the ABC standard 2.1 (abcnotation.com/wiki/abc:standard:v2.1); `gen.corpus.abc_music` reads the notes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from gen.corpus.measures import usable_metre
from gen.corpus.piece import FASTEST_BPM, UnreadableError, title_from
from gen.corpus.wording import one_line
from gen.score import MODES

_NUMBER_CHARACTERS = 20
_MOST_HEAD_LINES = 1000
_FIELD = re.compile(r"([A-Za-z]):(?![|:])(.*)")
_START = re.compile(r"X:\s*\d")
_KEY = re.compile(r"\s*([A-Ga-g])([#b]?)\s*([A-Za-z]*)")
_KEY_ACCIDENTALS = re.compile(r"(?<!\S)(\^\^|\^|__|_|=)([a-gA-G])(?!\S)")
_SHIFT = re.compile(r"(octave|transpose)=(-?\d{1,2})")
_TEMPO = re.compile(r"((?:\d{1,4}/\d{1,4}\s+)*\d{1,4}/\d{1,4}|C\d{0,2}|)\s*=?\s*(\d{1,4}(?:\.\d{1,4})?)\s*$")
_METRE = re.compile(r"\(?(\d{1,3}(?:\+\d{1,3})*)\)?\s*/\s*(\d{1,3})")
_FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_SHARPS = "FCGDAEB"
_MODES_BY_START = {
    "maj": "major",
    "ion": "major",
    "min": "minor",
    "aeo": "minor",
    "dor": "dorian",
    "phr": "phrygian",
    "lyd": "lydian",
    "mix": "mixolydian",
    "loc": "locrian",
}
ACCIDENTALS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}


@dataclass
class Tune:
    """One tune: its number and title for messages, and its lines, those of the file's head among them."""

    number: str = "1"
    title: str = ""
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class AbcKey:
    """A `K:` field.

    Attributes:
        fifths: Sharps of the signature; None where there is none (`K:none`).
        mode: A name in `gen.score.MODES`.
        alterations: By letter (A to G), in semitones.
        shift: What is to be added to every pitch, in semitones.
    """

    fifths: int | None
    mode: str
    alterations: dict[str, int]
    shift: int


def split_tunes(text: str) -> Iterator[Tune]:
    """The tunes of a file, each from its `X:` to an empty line; without any `X:` the whole is one.

    Raises:
        UnreadableError: What stands before the first `X:`, and so holds for all, is too long.
    """
    head: list[str] = []
    tune: Tune | None = None
    in_text_block = False
    lines = text.splitlines()
    if not any(map(_START.match, lines)):
        tune = Tune()
    for raw in lines:
        line = raw.strip()
        if line.startswith("%%begin") or line.startswith("%%end"):
            in_text_block = line.startswith("%%begin")
        elif in_text_block:
            continue
        elif _START.match(line):
            if tune is not None:
                yield tune
            tune = Tune(one_line(line[2:].split("%")[0], _NUMBER_CHARACTERS), lines=head.copy())
        elif tune is None:
            if _FIELD.match(line) or line.startswith("%%"):
                head.append(line)
                if len(head) > _MOST_HEAD_LINES:  # each tune has them all
                    raise UnreadableError(f"has more than {_MOST_HEAD_LINES} fields before its first tune")
        elif line.startswith("T:") and not tune.title:
            tune.title = title_from(line[2:].split("%")[0])
        else:
            tune.lines.append(line)
    if tune is not None:
        yield tune


def field_of(line: str) -> tuple[str, str] | None:
    """Letter and content of a line that is a field; None for a line of music."""
    found = _FIELD.match(line)
    return (found[1], found[2].split("%")[0].strip()) if found else None


def parse_metre(content: str) -> tuple[int, int] | None:
    """`6/8`, `C`, `C|`, `2+3/8`; None where there is none, or none that can be used."""
    if content.startswith("C|"):
        return 2, 2
    if content.startswith("C"):
        return 4, 4
    found = _METRE.search(content)
    return usable_metre(sum(map(int, found[1].split("+"))), int(found[2])) if found else None


def parse_length(content: str) -> Fraction | None:
    """`1/8` in quarters; None where it is none."""
    found = re.match(r"(\d{1,3})(?:/(\d{1,3}))?", content)
    return Fraction(4 * int(found[1]), int(found[2] or 1)) if found and int(found[2] or 1) else None


def parse_tempo(content: str, unit: Fraction) -> int | None:
    """`1/4=120`, `"Slowly" 3/8=50`, `C3=40`, `120` to quarters a minute; None where there is no number.

    Args:
        content: What stands behind `Q:`.
        unit: Length of a note without a number, in quarters: what old files count.
    """
    found = _TEMPO.search(re.sub(r'"[^"]*"', "", content))
    if not found:
        return None
    beat = unit
    if "/" in found[1]:
        pairs = [each.split("/") for each in found[1].split()]
        if any(int(denominator) == 0 for _, denominator in pairs):
            return None
        beat = sum((Fraction(4 * int(n), int(d)) for n, d in pairs), Fraction(0))
    elif found[1]:
        beat = unit * int(found[1][1:] or 1)
    return min(FASTEST_BPM, round(beat * Fraction(found[2]))) or None


def parse_key(content: str) -> AbcKey:
    """`G`, `Am`, `D dorian`, `Bb mix`, `D ^g =c`, `HP`, `none`; C major where it is none of them."""
    shift = sum(int(n) * (12 if kind == "octave" else 1) for kind, n in _SHIFT.findall(content))
    if content[:2] in ("HP", "Hp"):
        fifths: int | None = 0 if content[:2] == "HP" else 2
        mode = "major"
    else:
        found = None if content.lower().startswith(("none", "clef")) else _KEY.match(content)
        word = found[3].lower() if found else ""
        mode = "minor" if word == "m" else _MODES_BY_START.get(word[:3], "major")
        fifths = None
        if found:
            tonic = _FIFTHS[found[1].upper()] + 7 * ((found[2] == "#") - (found[2] == "b"))
            fifths = tonic - MODES[mode][0]
            fifths -= 12 * (fifths > 7) - 12 * (fifths < -7)
    signature = fifths or 0
    letters = _SHARPS[:signature] if signature > 0 else _SHARPS[::-1][: -signature or 0]
    alterations = dict.fromkeys(letters, 1 if signature > 0 else -1)
    alterations |= {letter.upper(): ACCIDENTALS[sign] for sign, letter in _KEY_ACCIDENTALS.findall(content)}
    return AbcKey(fifths, mode, alterations, shift)
