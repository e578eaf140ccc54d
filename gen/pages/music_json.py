"""Music as JSON: what a page plays, and what a page or another program sends back.

    {"ticks_per_quarter": 24, "length_ticks": 96,
     "tempos": [[0, 120]],                 tick, quarters a minute
     "metres": [[0, 4, 4]],                tick, numerator, denominator
     "keys": [[0, -1, "minor"]],           tick, sharps (flats below zero), mode
     "bars": [0],                          the tick of each bar line
     "parts": [{"program": 40, "drums": false, "name": "strings (40)"}],
     "notes": [[0, 96, 62, 72, 0]]}        onset, duration, pitch, velocity, part

What follows from the rest stands there for those who draw: `length_ticks`, `bars` and the names of the parts.
Of music that is sent it is not read, and may be left out; so may changes that there are none of. What is sent
may have `MOST_BARS` bars, however short they are: writing a file of it takes its time bar by bar.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NoReturn

from gen.errors import GenError
from gen.players import player_name
from gen.score import MODES, TICKS_PER_QUARTER, Key, Metre, Part, Score, Tempo, make_score

# as much as files of music may hold
MOST_NOTES = 100_000
MOST_PARTS = 256
MOST_CHANGES = 4096
MOST_TICKS = 20_000 * TICKS_PER_QUARTER
MOST_BARS = 3000
FASTEST_BPM = 1000
_MOST_SHARPS = 7
_MOST_BEATS = 255

_MEMBERS = ("ticks_per_quarter", "length_ticks", "tempos", "metres", "keys", "bars", "parts", "notes")
_NOTE = (
    ("onset", 0, MOST_TICKS),
    ("duration", 1, MOST_TICKS),
    ("pitch", 0, 127),
    ("velocity", 1, 127),
)
_TICK = ("tick", 0, MOST_TICKS)

Bounds = tuple[str, int, int]


def music_json(score: Score) -> dict[str, Any]:
    """A score as the module's docstring shows it."""
    return {
        "ticks_per_quarter": TICKS_PER_QUARTER,
        "length_ticks": score.length_ticks,
        "tempos": [list(tempo) for tempo in score.tempos],
        "metres": [list(metre) for metre in score.metres],
        "keys": [list(key) for key in score.keys],
        "bars": [bar.start for bar in score.bars()],
        "parts": [
            {"program": part.program, "drums": part.is_drums, "name": player_name(part)}
            for part in score.parts
        ],
        "notes": score.notes.tolist(),
    }


def score_from_json(value: object) -> Score:
    """The score that `music_json` tells of, in canonical form, from anything that `json.loads` gives.

    Raises:
        GenError: It is no such value: a member is missing, unknown, of another type or out of its bounds; or
            it has more than `MOST_BARS` bars.
    """
    members = _members("The music", value, _MEMBERS)
    if members.get("ticks_per_quarter", TICKS_PER_QUARTER) != TICKS_PER_QUARTER:
        _refuse("The music counts other ticks", f"Count {TICKS_PER_QUARTER} ticks to the quarter note")
    parts = [_part(number, each) for number, each in enumerate(_list(members, "parts", MOST_PARTS))]
    bounds = (*_NOTE, ("part", 0, len(parts) - 1))
    notes = [
        _numbers(f"Note {number}", each, bounds)
        for number, each in enumerate(_list(members, "notes", MOST_NOTES))
    ]
    for number, (onset, duration, *_) in enumerate(notes):
        if onset + duration > MOST_TICKS:
            _refuse(f"Note {number} ends too late", f"Let the music end by tick {MOST_TICKS:,}")
    score = make_score(
        notes,
        parts,
        tempos=[Tempo(*each) for each in _changes(members, "tempos", ("bpm", 1, FASTEST_BPM))],
        metres=_metres(members),
        keys=_keys(members),
    ).score
    if any(True for _ in islice(score.bars(), MOST_BARS, None)):
        _refuse(f"The music has more than {MOST_BARS:,} bars", "Give a part of it, or longer bars")
    return score


def _part(number: int, value: object) -> Part:
    name = f"Part {number}"
    members = _members(name, value, ("program", "drums", "name"))
    drums = members.get("drums", False)
    if type(drums) is not bool:
        _refuse(f"{name} does not say whether it is drums", "Give true or false as its drums")
    [program] = _numbers(name, [members.get("program", 0)], [("program", 0, 0 if drums else 127)])
    return Part(program, drums)


def _metres(members: dict[str, object]) -> Iterable[Metre]:
    bounds = (("numerator", 1, _MOST_BEATS), ("denominator", 1, 4 * TICKS_PER_QUARTER))
    for number, each in enumerate(_changes(members, "metres", *bounds)):
        metre = Metre(*each)
        if not metre.is_whole:
            _refuse(
                f"A bar of metre {number} is no whole number of ticks", "Give another metre, as [0, 4, 4]"
            )
        yield metre


def _keys(members: dict[str, object]) -> Iterable[Key]:
    bounds = (_TICK, ("sharps", -_MOST_SHARPS, _MOST_SHARPS))
    for number, each in enumerate(_list(members, "keys", MOST_CHANGES, ())):
        if (
            not isinstance(each, list)
            or len(each) != 3
            or not isinstance(each[2], str)
            or each[2] not in MODES
        ):
            _refuse(
                f"Key {number} has no known mode", f"Give [tick, sharps, mode]; modes are {', '.join(MODES)}"
            )
        onset, fifths = _numbers(f"Key {number}", each[:2], bounds)
        yield Key(onset, fifths, each[2])


def _changes(members: dict[str, object], name: str, *bounds: Bounds) -> Iterable[list[int]]:
    for number, each in enumerate(_list(members, name, MOST_CHANGES, ())):
        yield _numbers(f"{name.removesuffix('s').capitalize()} {number}", each, (_TICK, *bounds))


def _members(what: str, value: object, known: Sequence[str]) -> dict[str, object]:
    if not isinstance(value, dict) or not set(value) <= set(known):
        _refuse(f"{what} is not told as it should be", f"Give an object with the members {', '.join(known)}")
    return value


def _list(members: dict[str, object], name: str, most: int, default: object = None) -> Sequence[object]:
    found = members.get(name, default)
    if not isinstance(found, list | tuple):
        _refuse(f"The music has no list of {name}", f"Give {name} as a list")
    if len(found) > most:
        _refuse(f"The music has {len(found):,} {name}", f"Give {most:,} at the most")
    return found


def _numbers(what: str, value: object, bounds: Sequence[Bounds]) -> list[int]:
    if not isinstance(value, list) or len(value) != len(bounds):
        _refuse(f"{what} is not told as it should be", f"Give [{', '.join(name for name, _, _ in bounds)}]")
    for each, (name, low, high) in zip(value, bounds, strict=True):
        if type(each) is not int or not low <= each <= high:
            _refuse(f"{what} has no {name} that there can be", f"Give a whole number from {low} to {high}")
    return value


def _refuse(problem: str, fix: str) -> NoReturn:
    raise GenError(f"{problem}.", f"{fix}.")
