"""What requests may ask for, field by field; the checks, the API's page and its schema all read this."""

from typing import Any

from gen.errors import GenError
from gen.sampler.choose import Choices
from gen.web.fields import (
    Field,
    anything,
    from_to,
    one_of,
    real,
    truth,
    whole,
    wholes,
    words,
)
from gen.writing.request import Request
from gen.writing.text import DEFAULT_LENGTH

MOST_BODY_BYTES = 1 << 20
MOST_PROMPT_CHARACTERS = 20_000
MOST_PROMPT_TOKENS = 20_000
MOST_CHARACTERS = 20_000
MOST_TOKENS = 20_000
MOST_BARS = 256
MOST_TEXTS, MOST_TUNES = 16, 8
MOST_UNITS = 16

_CHOICES = (
    from_to(
        "temperature",
        "Below 1 safer, above 1 wilder, 0 the likeliest; of two numbers the first at the beginning, the "
        "second at the end.",
        100,
        0.8,
    ),
    whole("top_k", "Draw among so many of the likeliest only.", 1, 1 << 20),
    real("top_p", "Draw among the likeliest that share so much of the probability.", 0, 1),
    real("min_p", "Draw among those at least so many times as likely as the likeliest.", 0, 1),
    whole("seed", "Another seed, another text or tune.", 0, (1 << 63) - 1, 0),
)
_GATES = (
    truth("gates", "Whether to tell what the gates do, token by token; for a `count` of 1."),
    whole("layer", "With `gates`: of which layer, counted from 0; the last if not given.", 0, 63),
    wholes(
        "units", "With `gates`: of which units; their mean if not given.", 0, (1 << 16) - 1, (1, MOST_UNITS)
    ),
)
TEXT: tuple[Field, ...] = (
    words("prompt", "What to go on from.", MOST_PROMPT_CHARACTERS, ""),
    whole("length", "So many new characters.", 1, MOST_CHARACTERS, DEFAULT_LENGTH),
    one_of(
        "until", "`line`: a text ends with its first line that is not empty, if that comes sooner.", ["line"]
    ),
    whole("count", "So many texts, each another way to go on.", 1, MOST_TEXTS, 1),
    *_CHOICES,
    *_GATES,
)
MUSIC: tuple[Field, ...] = (
    anything("prompt", "The music to go on from.", {"$ref": "#/components/schemas/Music"}),
    whole(
        "bars", "Exactly so many new bars; if not given, until the piece ends, 64 at the most.", 1, MOST_BARS
    ),
    whole("length", "So many tokens at the most.", 1, MOST_TOKENS),
    whole("count", "So many pieces, each another way to go on.", 1, MOST_TUNES, 1),
    *_CHOICES,
    words("key", "Such as `G`, `Em` or `Ador`; one that the model knows.", 16),
    words("metre", "Such as `3/4`; one that the model knows.", 16),
    whole("tempo", "Quarter notes a minute.", 1, 1000),
    whole("program", "The General MIDI instrument of the first part, from 0.", 0, 127),
    wholes("range", "The lowest and the highest pitch, as MIDI numbers.", 0, 127, (2, 2)),
    truth("melody", "Whether one note sounds at a time."),
    *_GATES,
)


def request_of(asked: dict[str, Any]) -> Request:
    """The same request as `gen sample` makes of its options.

    Raises:
        GenError: Fields that do not go together.
    """
    if asked["gates"] and asked["count"] > 1:
        raise GenError("Gates are told of one text or tune at a time.", "Leave out gates or count.")
    if not asked["gates"] and (asked["layer"] is not None or asked["units"] is not None):
        raise GenError(
            "layer and units say whose gates are told, and none are asked for.",
            "Ask for gates as well, or leave out layer and units.",
        )
    pitch_range = asked.get("range")
    if pitch_range is not None and pitch_range[0] > pitch_range[1]:
        raise GenError(f"range is {list(pitch_range)}.", "Give the lower pitch first.")
    return Request(
        Choices(asked["temperature"], asked["top_k"], asked["top_p"], asked["min_p"]),
        length=asked["length"],
        count=asked["count"],
        seed=asked["seed"],
        bars=asked.get("bars"),
        key=asked.get("key"),
        metre=asked.get("metre"),
        tempo=asked.get("tempo"),
        program=asked.get("program"),
        pitch_range=pitch_range,
    )
