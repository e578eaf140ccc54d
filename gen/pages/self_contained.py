"""A page that needs nothing else, no network and no other file, put together from its parts.

What a file or a user says reaches a page in two ways only: escaped, as text of the page; and as JSON without
`<`, `>` and `&`, which the page's script puts into it as text. The page's own policy lets no other style and
script be used than those whose hashes it names, and nothing be fetched.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

_SLOT = re.compile(r"\{\{(\w+)\}\}")
_PLAYER_SCRIPTS = ("synthesiser.js", "piano_roll.js", "player.js")


def self_contained(template: str, slots: Mapping[str, str], *, style: str, script: str) -> str:
    """The template with its slots filled: `policy`, `style` and `script` by this, the others as given.

    Args:
        template: HTML, with each slot as `{{name}}`.
        slots: What stands in the others: HTML, escaped where it has to be, or JSON by `in_script`.
        style: All that the page's one style element holds; it does not end it.
        script: All that the page's one script that runs holds; it does not end it.
    """
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'"
    filled = {**slots, "policy": policy, "style": style, "script": script}
    # in one go, so that nothing that is put in is looked at for slots
    return _SLOT.sub(lambda slot: filled[slot[1]], template)


def in_script(value: Any) -> str:
    """JSON that ends no script element and begins no other."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def packaged(package: str, name: str) -> str:
    """The text of a file that stands beside the modules of a package."""
    return files(package).joinpath(name).read_text("utf-8")


def palette() -> str:
    """The colours, light and dark, and the type of all pages."""
    return packaged(__package__, "palette.css")


def player_style() -> str:
    """What `Player` looks like, in the colours of the palette."""
    return packaged(__package__, "player.css")


def player_script() -> str:
    """The classes `Player`, `PianoRoll` and `Synthesiser`; they add no other name to a page."""
    return "".join(packaged(__package__, name) for name in _PLAYER_SCRIPTS)


def _hash(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"
