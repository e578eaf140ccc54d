"""What a request may hold: the checks and the schema that is published say the same, whatever is sent."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.errors import GenError
from gen.web.asking import MUSIC, TEXT, request_of
from gen.web.fields import Field, checked, schema_of
from gen.web.openapi import openapi
from tests.hostile_values import HOSTILE
from tests.web.schemas import fits

ROOT = openapi()
EDGES = st.sampled_from(
    [-1, 0, 0.5, 1, 2, 16, 17, 63, 64, 100, 101, 127, 128, 1 << 20, (1 << 63) - 1, 1 << 63]
)
NUMBERS = st.one_of(EDGES, st.integers(), st.floats(allow_nan=False, allow_infinity=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(), st.sampled_from(["line", "Em", "3/4"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=2)),
    max_leaves=6,
)
FIELDS = [
    pytest.param(field, id=f"{kind}-{field.name}")
    for kind, fields in (("text", TEXT), ("music", MUSIC))
    for field in fields
]


def sent(name: str, value: Any, field: Field) -> Any:
    return checked(json.dumps({name: value}).encode(), [field])[name]


@pytest.mark.parametrize("field", FIELDS)
@given(st.one_of(VALUES, NUMBERS, st.lists(EDGES, max_size=3)))
def test_a_value_passes_where_it_fits_the_schema_and_else_is_named(field: Field, value: Any) -> None:
    if field.name == "prompt" and "$ref" in field.schema:
        return  # judged by gen.pages.music_json
    if value is None:
        assert sent(field.name, value, field) == (
            field.check(field.default) if field.default is not None else None
        )
    elif fits(value, field.schema, ROOT):
        sent(field.name, value, field)
    else:
        with pytest.raises(GenError, match=f"^{field.name} is "):
            sent(field.name, value, field)


@pytest.mark.parametrize("field", FIELDS)
def test_hostile_values_are_refused_in_a_line_or_mean_what_they_say(field: Field) -> None:
    for value in HOSTILE:
        try:
            sent(field.name, value, field)
        except GenError as error:
            assert len(error.problem) < 200
            assert len(error.fix) < 200


@given(st.binary())
def test_bytes_that_are_no_json_object_are_refused(body: bytes) -> None:
    with pytest.raises(GenError):
        checked(body, TEXT)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"1" * 10_000,
        b'{"seed": 1e999}',
        b'{"seed": NaN}',
        b"\xff\xfe{}",
        b'{"seed": ' + b"9" * 5000 + b"}",
    ],
)
def test_json_that_would_break_a_reader_is_refused(body: bytes) -> None:
    with pytest.raises(GenError):
        checked(body, TEXT)


def test_a_field_that_is_unknown_is_named_and_a_near_one_suggested() -> None:
    with pytest.raises(GenError, match="'temprature'") as refused:
        checked(b'{"temprature": 1}', TEXT)
    assert "'temperature'" in refused.value.fix


def test_what_is_not_given_is_as_the_schema_says() -> None:
    for fields in (TEXT, MUSIC):
        asked = checked(b"{}", fields)
        for name, schema in schema_of(fields)["properties"].items():
            value = asked[name]
            if name == "temperature":
                value = value[0]
            assert value == schema.get("default")


@pytest.mark.parametrize(
    ("fields", "body", "said"),
    [
        (MUSIC, b'{"range": [70, 60]}', "range is"),
        (TEXT, b'{"gates": true, "count": 2}', "Gates are told of one"),
    ],
)
def test_fields_that_do_not_go_together_are_refused(fields: Any, body: bytes, said: str) -> None:
    with pytest.raises(GenError, match=said):
        request_of(checked(body, fields))


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_temperature_may_change(first: float, last: float) -> None:
    body = json.dumps({"temperature": [first, last]}).encode()
    assert request_of(checked(body, TEXT)).choices.temperature == (first, last)
    assert math.isfinite(first)
