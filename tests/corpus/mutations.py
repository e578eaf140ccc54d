"""Small good files of every format of music, and what damage makes of them."""

import random
import re
from collections.abc import Callable
from functools import cache

from gen.export.abc import abc_text
from gen.export.midi import midi_bytes
from gen.export.musicxml import musicxml_bytes
from gen.score import Key, Metre, Part, Tempo, make_score
from tests.corpus.hostile_midi import END, GOOD, RUNNING_NOTE, one_track
from tests.corpus.musicxml_files import FOUR_FOUR, measures, note, score, zipped
from tests.tunes import duet, tune

ENDINGS = (".mid", ".musicxml", ".abc", ".krn")
ARCHIVE = ".mxl"

# chords, notes over bar lines, triplets, drums; changes of tempo, metre and key
_CHANGES = make_score(
    [(0, 24, 60, 72, 0), (0, 24, 64, 72, 0), (0, 48, 36, 72, 0), (30, 100, 67, 72, 0), (7, 5, 61, 72, 1)]
    + [(48 + 16 * place, 16, 70, 90, 1) for place in range(6)]
    + [(24, 1, 35, 72, 2), (24, 12, 42, 72, 2)],
    [Part(40), Part(115), Part(is_drums=True)],
    tempos=[Tempo(0, 97), Tempo(50, 130)],
    metres=[Metre(0, 2, 4), Metre(48, 5, 8)],
    keys=[Key(0, -3, "minor"), Key(50, 2, "dorian")],
).score
_TIED = note("C", 24, "<tie type='start'/>") + "</measure><measure>" + note("C", 6, "<tie type='stop'/>")
_TRIPLET = (
    "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"
)
_SCORE = score(
    measures(
        _TIED + note("D", 2, _TRIPLET) * 3 + note("E", 12) + note("G", 12, before="<chord/>"),
        "<barline location='left'><repeat direction='forward'/></barline>"
        + note("F", 24, "<staff>1</staff>")
        + "<backup><duration>24</duration></backup>"
        + note("C", 12, "<voice>2</voice><staff>2</staff>", 3) * 2,
        "<barline location='left'><ending number='1' type='start'/></barline>"
        + "<direction><direction-type><words>Fast</words></direction-type><sound tempo='90'/></direction>"
        + note("A", 24)
        + "<barline location='right'><ending number='1' type='stop'/><repeat direction='backward'/>"
        + "</barline>",
        "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>" + note("B", 18),
        attributes=FOUR_FOUR + "<staves>2</staves><key><fifths>-3</fifths><mode>minor</mode></key>",
    )
)
_ABC = """%abc-2.1
X:1
T:One and more
M:6/8
L:1/8
Q:3/8=100
K:Dmix
|:d2e f>ga|[df]3 (3abc d-|1d3 z3:|2d6||
[M:2/4][K:Gm]G2 {c}B2|^c<d [Q:1/4=80] e/f/g/a/|

X:2
T:Two voices
M:4/4
L:1/4
V:1
V:2
K:C
[V:1] cdef|g4-|g2 z2|
[V:2] C2G,2&E4|"C"[CEG]4|Z|
"""
_SPLIT_KERN = """**kern\t**kern
*M4/4\t*M4/4
*MM72\t*
=1\t=1
4c\t4C 4E
[6d\t2G
6d]\t.
6e\t.
*\t*^
2f\t2A\t4F
.\t.\t4E
=2:|!\t=2:|!\t=2:|!
*\t*v\t*v
*M3/4\t*M3/4
2.g\t4r
.\t2B
==\t==
*-\t*-
"""
_REPEATED_KERN = "**kern\n*M2/4\n*k[f#]\n4g\n4a\n=:|!\n8.b\n16a\n[4g\n=\n4g]\nq4b\n4d\n=:|!\n*-\n"


@cache
def seeds(ending: str) -> tuple[bytes, ...]:
    """Files that are read, all of them different."""
    match ending:
        case ".mid":
            running = one_track(b"\x00\x90\x3c\x50" + RUNNING_NOTE * 12 + END)
            return GOOD, running, midi_bytes(duet(1)), midi_bytes(_CHANGES)
        case ".musicxml":
            return _SCORE.encode(), musicxml_bytes(_CHANGES), musicxml_bytes(tune(2, bars=2), "A tune")
        case ".mxl":
            return tuple(map(zipped, seeds(".musicxml")))
        case ".abc":
            return _ABC.encode(), abc_text(tune(3), "A tune").encode(), abc_text(tune(4, bars=8)).encode()
        case ".krn":
            return _SPLIT_KERN.encode(), _REPEATED_KERN.encode()
    raise ValueError(f"no files of {ending}")


def mutated(ending: str, dice: random.Random) -> bytes:
    """A file of this ending, damaged in a few places."""
    if ending == ARCHIVE and dice.random() < 0.5:  # a good archive of what is damaged
        return zipped(mutated(".musicxml", dice))
    content = dice.choice(seeds(ending))
    ways = _BYTES if ending in (".mid", ARCHIVE) else _BYTES + _TEXT
    if ending == ".musicxml":  # most other damage ends at the parser of XML
        ways += _TEXT * 4
    for _ in range(dice.randint(1, 2 if ending == ".musicxml" else 4)):
        content = dice.choice(ways)(content, dice.choice(seeds(ending)), dice) or content
    return content


Way = Callable[[bytes, bytes, random.Random], bytes]  # a file, another one, and dice: a damaged file


def _span(content: bytes, dice: random.Random, longest: int = 200) -> tuple[int, int]:
    start = dice.randrange(len(content))
    return start, min(len(content), start + dice.randint(1, longest))


def _with_a_bit_flipped(content: bytes, _: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(content))
    return content[:place] + bytes((content[place] ^ 1 << dice.randrange(8),)) + content[place + 1 :]


def _with_other_bytes(content: bytes, _: bytes, dice: random.Random) -> bytes:
    start, end = _span(content, dice, 4)
    return content[:start] + dice.randbytes(dice.randint(0, 4)) + content[end:]


def _with_extreme_bytes(content: bytes, _: bytes, dice: random.Random) -> bytes:
    start, end = _span(content, dice, 4)
    return content[:start] + dice.choice((b"\0", b"\x7f", b"\x80", b"\xff")) * (end - start) + content[end:]


def _cut(content: bytes, _: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(1, len(content) + 1)]


def _with_a_block_again(content: bytes, _: bytes, dice: random.Random) -> bytes:
    start, end = _span(content, dice)
    return content[:end] + content[start:end] * dice.choice((1, 2, 50)) + content[end:]


def _with_blocks_swapped(content: bytes, _: bytes, dice: random.Random) -> bytes:
    (a, b), (c, d) = sorted((_span(content, dice), _span(content, dice)))
    if b > c:
        return content
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def _spliced(content: bytes, other: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content))] + other[dice.randrange(len(other)) :]


_NUMBERS = (
    b"0",
    b"-1",
    b"1",
    b"2147483648",
    b"99999999999999999999",
    b"1e308",
    b"nan",
    b"0.1",
    b"9" * 5000,
    b"",
)


def _with_an_extreme_number(content: bytes, _: bytes, dice: random.Random) -> bytes:
    found = list(re.finditer(rb"\d+", content))
    if not found:
        return content
    number = dice.choice(found)
    return content[: number.start()] + dice.choice(_NUMBERS) + content[number.end() :]


def _with_a_line_again(content: bytes, _: bytes, dice: random.Random) -> bytes:
    """A line, or in XML an element, many times."""
    found = list(
        re.finditer(rb"<(\w+)[^>]*>[^<]*</\1>|<note>.*?</note>|<[^>]*>|[^\n]*\n", content, re.DOTALL)
    )
    if not found:
        return content
    line = dice.choice(found)
    return content[: line.end()] + line[0] * dice.choice((1, 2, 300)) + content[line.end() :]


_BYTES: tuple[Way, ...] = (
    _with_a_bit_flipped,
    _with_other_bytes,
    _with_extreme_bytes,
    _cut,
    _with_a_block_again,
    _with_blocks_swapped,
    _spliced,
)
_TEXT: tuple[Way, ...] = (_with_an_extreme_number, _with_a_line_again) * 2
