"""What a request may hold: one table that checks it, describes it to people, and makes its JSON schema."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from gen.errors import GenError

Check = Callable[[Any], Any]
_SHOWN = 60


@dataclass(frozen=True)
class Field:
    """One member of a JSON object.

    Attributes:
        name: Its name.
        schema: Its JSON schema.
        check: Gives what the value means; raises a ValueError that names what it should be.
        default: What its absence means; null in a request means the same.
        about: What it is for, in a sentence.
    """

    name: str
    schema: dict[str, Any]
    check: Check
    default: Any
    about: str


def whole(name: str, about: str, least: int, most: int, default: int | None = None) -> Field:
    """A whole number."""

    def check(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return value

    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Field(name, schema, check, default, about)


def real(name: str, about: str, least: float, most: float, default: float | None = None) -> Field:
    """A number."""
    schema = {"type": "number", "minimum": least, "maximum": most}
    return Field(name, schema, lambda value: _real(value, least, most), default, about)


def truth(name: str, about: str) -> Field:
    """True or false; false if not given."""

    def check(value: Any) -> bool:
        if type(value) is not bool:
            raise ValueError("true or false")
        return value

    return Field(name, {"type": "boolean"}, check, False, about)


def words(name: str, about: str, most: int, default: str | None = None) -> Field:
    """A string of characters, none of which is half a surrogate pair."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most or not _is_unicode(value):
            raise ValueError(f"a string of at most {most:,} characters")
        return value

    return Field(name, {"type": "string", "maxLength": most}, check, default, about)


def one_of(name: str, about: str, choices: Sequence[str], default: str | None = None) -> Field:
    """One of some strings."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(" or ".join(map(repr, choices)))
        return value

    return Field(name, {"type": "string", "enum": list(choices)}, check, default, about)


def wholes(name: str, about: str, least: int, most: int, length: tuple[int, int]) -> Field:
    """A list of whole numbers; None if not given."""

    def check(value: Any) -> tuple[int, ...]:
        numbers = value if isinstance(value, list) else []
        if not length[0] <= len(numbers) <= length[1] or not all(
            type(number) is int and least <= number <= most for number in numbers
        ):
            many = f"{length[0]}" if length[0] == length[1] else f"{length[0]} to {length[1]}"
            raise ValueError(f"a list of {many} whole numbers from {least} to {most}")
        return tuple(numbers)

    item = {"type": "integer", "minimum": least, "maximum": most}
    schema = {"type": "array", "items": item, "minItems": length[0], "maxItems": length[1]}
    return Field(name, schema, check, None, about)


def from_to(name: str, about: str, most: float, default: float) -> Field:
    """A number from 0 up, or two: from the first to the second."""

    def check(value: Any) -> tuple[float, float]:
        numbers = value if isinstance(value, list) and len(value) == 2 else [value, value]
        try:
            return _real(numbers[0], 0, most), _real(numbers[1], 0, most)
        except ValueError as error:
            raise ValueError(f"a number from 0 to {most:g}, or a list of two") from error

    one = {"type": "number", "minimum": 0, "maximum": most}
    two = {"type": "array", "items": one, "minItems": 2, "maxItems": 2}
    return Field(name, {"oneOf": [one, two]}, check, default, about)


def anything(name: str, about: str, schema: dict[str, Any]) -> Field:
    """A value that is checked where it is used; None if not given."""
    return Field(name, schema, lambda value: value, None, about)


def checked(body: bytes, fields: Sequence[Field]) -> dict[str, Any]:
    """What a request means, every field with its value or its default.

    Raises:
        GenError: It is no JSON object, or a field is unknown or not what it should be.
    """
    given = parsed(body)
    if not isinstance(given, dict):
        raise GenError("The request is not a JSON object.", 'Send an object, such as {"seed": 1}.')
    names = [field.name for field in fields]
    if unknown := [name for name in given if name not in names]:
        near = get_close_matches(unknown[0][:_SHOWN], names, n=1)
        meant = f"Did you mean {near[0]!r}? " if near else ""
        raise GenError(
            f"The request has a field {unknown[0][:_SHOWN]!r}, which means nothing here.",
            f"{meant}The fields are {', '.join(names)}.",
        )
    return {field.name: _value(field, given.get(field.name)) for field in fields}


def parsed(body: bytes) -> Any:
    """What JSON says.

    Raises:
        GenError: It is no JSON.
    """
    try:
        return json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise GenError("The request is not JSON.", "Send a JSON object in UTF-8.") from error


def schema_of(fields: Sequence[Field]) -> dict[str, Any]:
    """The JSON schema of an object with these fields."""
    properties = {}
    for field in fields:
        properties[field.name] = {**field.schema, "description": field.about}
        if field.default is not None:
            properties[field.name]["default"] = field.default
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _value(field: Field, value: Any) -> Any:
    if value is None:
        return None if field.default is None else field.check(field.default)
    try:
        return field.check(value)
    except ValueError as error:
        said = json.dumps(value)
        shown = said if len(said) <= _SHOWN else f"{said[:_SHOWN]} …"
        raise GenError(
            f"{field.name} is {shown}.", f"Give {field.name} as {error}, or leave it out."
        ) from error


def _real(value: Any, least: float, most: float) -> float:
    # a whole number may be too large for a float, and comparing it is exact; what is no number passes no test
    if type(value) not in (int, float) or not least <= value <= most:
        raise ValueError(f"a number from {least:g} to {most:g}")
    return float(value)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
