"""The API for people: one page without a script, of the same tables that check the requests."""

import html
import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

from gen.web.asking import MUSIC, TEXT
from gen.web.fields import Field
from gen.web.openapi import openapi


def api_page() -> str:
    """The page."""
    described = openapi()
    slots = {
        "TEXT": "".join(_rows(TEXT)),
        "MUSIC": "".join(_rows(MUSIC)),
        "PATHS": "".join(_paths(described["paths"])),
        "STATUSES": "".join(_statuses(described["paths"])),
    }
    page = files("gen.web.files").joinpath("api.html").read_text("utf-8")
    for name, rows in slots.items():
        page = page.replace(f"<!-- {name} -->", rows)
    return page


def _rows(fields: Sequence[Field]) -> Iterator[str]:
    for field in fields:
        default = "" if field.default is None or field.default is False else json.dumps(field.default)
        yield (
            f'<tr><th scope="row"><code>{field.name}</code></th><td>{html.escape(_kind(field.schema))}</td>'
            f"<td>{html.escape(default)}</td><td>{_told(field.about)}</td></tr>\n"
        )


def _paths(paths: dict[str, Any]) -> Iterator[str]:
    for path, methods in paths.items():
        for method, about in methods.items():
            address, summary = html.escape(f"{method.upper()} {path}"), html.escape(about["summary"])
            yield f'<tr><th scope="row"><code>{address}</code></th><td>{summary}</td></tr>\n'


def _statuses(paths: dict[str, Any]) -> Iterator[str]:
    found = {
        status: answer["description"]
        for methods in paths.values()
        for about in methods.values()
        for status, answer in about["responses"].items()
        if status != "200"
    }
    for status, about in sorted(found.items()):
        yield f'<tr><th scope="row">{status}</th><td>{_told(about)}</td></tr>\n'


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    kind = {"integer": "whole number", "array": "list", None: "music"}.get(
        schema.get("type"), schema.get("type")
    )
    if "oneOf" in schema:
        kind = f"{_kind(schema['oneOf'][0])}, or a list of two"
    elif "enum" in schema:
        kind = " or ".join(map(json.dumps, schema["enum"]))
    elif "minimum" in schema:
        kind = f"{kind}, {schema['minimum']:,} to {schema['maximum']:,}"
    elif "maxLength" in schema:
        kind = f"{kind}, at most {schema['maxLength']:,} characters"
    elif "maxItems" in schema:
        kind = f"{kind} of {_kind(schema['items'])}; {schema['maxItems']} of them at the most"
    return str(kind)


def _told(about: str) -> str:
    """A sentence, what stands between backquotes as code."""
    parts = html.escape(about).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
