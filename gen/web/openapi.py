"""The API's own description, as OpenAPI 3.1: made of the same tables that check the requests."""

from typing import Any

from gen import __version__
from gen.pages.music_json import MOST_BARS, MOST_CHANGES, MOST_NOTES, MOST_PARTS
from gen.score import TICKS_PER_QUARTER
from gen.web.asking import MUSIC, TEXT
from gen.web.fields import schema_of
from gen.web.music_files import ENDINGS, FORMATS
from gen.web.watching import LEVELS

_WHOLE = {"type": "integer"}
_STRING = {"type": "string"}
_TRUTH = {"type": "boolean"}
_PROBLEM = {
    "type": "object",
    "required": ["problem", "fix"],
    "properties": {
        "problem": {**_STRING, "description": "What is wrong, in a sentence."},
        "fix": {**_STRING, "description": "What to do about it."},
    },
}
_STATUSES = {
    400: "Something asked for is not what it should be.",
    403: "The request comes from another site, or names another host.",
    404: "There is no such model, format or address.",
    405: "The address takes another method.",
    408: "The request took too long to arrive.",
    413: "What was sent is too large.",
    415: "What was sent is not said to be of the type that is asked for.",
    500: "The model's file cannot be read any more, or the server made a mistake.",
    503: "Too many requests are waiting, and `Retry-After` says when to try again; or, without it, there is "
    "not enough memory for what was asked.",
}


def openapi() -> dict[str, Any]:
    """The description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "gen serve",
            "version": __version__,
            "description": "Write text and music with models of one's own. Nothing is kept between requests: "
            "whatever is to be gone on from is sent whole, as the prompt.",
        },
        "paths": _paths(),
        "components": {
            "schemas": {
                "Problem": _PROBLEM,
                "Music": _music(),
                "TextRequest": schema_of(TEXT),
                "MusicRequest": schema_of(MUSIC),
                "TextLine": _text_line(),
                "MusicLine": _music_line(),
            }
        },
    }


def _paths() -> dict[str, Any]:
    name = {"name": "name", "in": "path", "required": True, "schema": _STRING}
    return {
        "/api/models": {
            "get": {
                "summary": "The models there are",
                "responses": {
                    "200": _answer(
                        "`name`, `kind` (`text`, `music`, or `unreadable`), and what they are.",
                        {"application/json": {"type": "object"}},
                    ),
                    **_mistakes(403, 405, 500),
                },
            }
        },
        "/api/models/{name}/text": {
            "post": {
                "summary": "Write text",
                "parameters": [name],
                "requestBody": _json_body("TextRequest"),
                "responses": {
                    "200": _lines("TextLine"),
                    **_mistakes(400, 403, 404, 405, 408, 413, 415, 500, 503),
                },
            }
        },
        "/api/models/{name}/music": {
            "post": {
                "summary": "Write music",
                "parameters": [name],
                "requestBody": _json_body("MusicRequest"),
                "responses": {
                    "200": _lines("MusicLine"),
                    **_mistakes(400, 403, 404, 405, 408, 413, 415, 500, 503),
                },
            }
        },
        "/api/music/read": {
            "post": {
                "summary": "A file of music as JSON",
                "parameters": [
                    _query("ending", {"enum": list(ENDINGS), **_STRING}, required=True),
                    _query("piece", {"minimum": 1, "default": 1, **_WHOLE}, required=False),
                ],
                "requestBody": {"required": True, "content": {"application/octet-stream": {}}},
                "responses": {
                    "200": _answer(
                        "`music`, `title`, `pieces` (how many the file has), `moved_notes`, `is_melody`.",
                        {"application/json": {"type": "object"}},
                    ),
                    **_mistakes(400, 403, 405, 408, 413, 415, 500, 503),
                },
            }
        },
        "/api/music/{format}": {
            "post": {
                "summary": "Music as a file",
                "parameters": [
                    {
                        "name": "format",
                        "in": "path",
                        "required": True,
                        "schema": {**_STRING, "enum": list(FORMATS)},
                    }
                ],
                "requestBody": _json_body("Music"),
                "responses": {
                    "200": _answer("The file.", {kind: {} for kind in FORMATS.values()}),
                    **_mistakes(400, 403, 404, 405, 408, 413, 415, 500, 503),
                },
            }
        },
    }


def _text_line() -> dict[str, Any]:
    bits = {"type": "array", "items": {"type": "number"}}
    numbers = {"type": "array", "items": _WHOLE}
    return _one_of(
        {
            "number": {**_WHOLE, "description": "Which of the texts, from 0."},
            "text": {**_STRING, "description": "What comes next of it."},
            "bits": {**bits, "description": "The surprise of each character, at temperature 1."},
            "gates": _gates(),
        },
        {
            "told": {
                "type": "array",
                "items": _STRING,
                "description": "What to know, such as what was left out.",
            }
        },
        {"done": {"type": "object", "properties": {"characters": numbers}, "description": "The last line."}},
        {"error": _reference("Problem")},
    )


def _music_line() -> dict[str, Any]:
    numbers = {"type": "array", "items": _WHOLE}
    return _one_of(
        {"told": {"type": "array", "items": _STRING, "description": "What to know; the first line."}},
        {"bars": {**numbers, "description": "How many bars of each piece have begun."}},
        {
            "tokens": {"type": "array", "items": _STRING, "description": "Where gates are asked for."},
            "bits": {"type": "array", "items": {"type": "number"}},
            "gates": _gates(),
        },
        {
            "number": {**_WHOLE, "description": "Which of the pieces, from 0."},
            "music": {**_reference("Music"), "description": "The prompt and what came after it."},
            "from_tick": {**_WHOLE, "description": "Where the prompt's last note ends."},
            "notes": _WHOLE,
            "bars": _WHOLE,
            "tokens": _WHOLE,
            "ended_by_itself": _TRUTH,
            "is_melody": _TRUTH,
        },
        {"done": {"type": "object", "properties": {"tokens": numbers}, "description": "The last line."}},
        {"error": _reference("Problem")},
    )


def _gates() -> dict[str, Any]:
    units = {"type": "array", "items": {**_WHOLE, "minimum": 0, "maximum": LEVELS}}
    about = f"Gates f, i and o, a list of units for each token, from 0 to {LEVELS} for 1."
    each = {"type": "array", "items": units}
    return {"type": "object", "properties": {"f": each, "i": each, "o": each}, "description": about}


def _music() -> dict[str, Any]:
    def rows(about: str, length: int, most: int) -> dict[str, Any]:
        row = {"type": "array", "minItems": length, "maxItems": length}
        return {"type": "array", "items": row, "maxItems": most, "description": about}

    part = {"program": _WHOLE, "drums": {"type": "boolean"}, "name": _STRING}
    return {
        "type": "object",
        "required": ["parts", "notes"],
        "additionalProperties": False,
        "properties": {
            "ticks_per_quarter": {"const": TICKS_PER_QUARTER},
            "length_ticks": {**_WHOLE, "description": "Told, not read."},
            "bars": {
                "type": "array",
                "items": _WHOLE,
                "description": "Told, not read: the tick of each bar.",
            },
            "tempos": rows("[tick, quarters a minute]", 2, MOST_CHANGES),
            "metres": rows(
                f"[tick, numerator, denominator]; {MOST_BARS} bars at the most of what is sent",
                3,
                MOST_CHANGES,
            ),
            "keys": rows("[tick, sharps or flats below zero, mode]", 3, MOST_CHANGES),
            "parts": {
                "type": "array",
                "maxItems": MOST_PARTS,
                "items": {"type": "object", "properties": part, "additionalProperties": False},
            },
            "notes": rows("[onset, duration, pitch, velocity, part]; times in ticks", 5, MOST_NOTES),
        },
    }


def _one_of(*members: dict[str, Any]) -> dict[str, Any]:
    return {
        "oneOf": [
            {
                "type": "object",
                "properties": each,
                "required": [name for name in each if name != "gates"],
                "additionalProperties": False,
            }
            for each in members
        ]
    }


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json_body(name: str) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": _reference(name)}}}


def _query(name: str, schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": schema}


def _answer(about: str, kinds: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"description": about, "content": {kind: {"schema": schema} for kind, schema in kinds.items()}}


def _lines(name: str) -> dict[str, Any]:
    return _answer("A line of JSON at a time.", {"application/x-ndjson": _reference(name)})


def _mistakes(*statuses: int) -> dict[str, Any]:
    return {
        str(status): _answer(_STATUSES[status], {"application/json": _reference("Problem")})
        for status in statuses
    }
