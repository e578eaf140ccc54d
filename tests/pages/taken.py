"""A page taken apart as a browser would, and what must hold for every page."""

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser

VOID = {"meta", "input", "br", "line", "rect", "circle", "polyline"}


class Taken(HTMLParser):
    """Its elements with their attributes, and the text in each kind of element."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(content)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            key = self._open[-1]
            if key == "script":
                key = str(self.elements[-1][1].get("type", "script"))
            self.text[key] = self.text.get(key, "") + data

    def attributes(self, name: str) -> list[str]:
        return [value for _, given in self.elements for key, value in given.items() if key == name and value]


def assert_self_contained(content: str) -> None:
    """Nothing is fetched, nothing runs but the page's own script, and names lead somewhere."""
    taken = Taken(content)
    assert not {tag for tag, _ in taken.elements} & {"link", "iframe", "object", "embed", "img", "base"}
    assert not taken.attributes("src")
    assert all(target.startswith("#") for target in taken.attributes("href"))
    assert not [
        name for _, given in taken.elements for name in given if name.startswith("on") or name == "style"
    ]
    [policy] = [given["content"] for _, given in taken.elements if "content-security" in str(given).lower()]
    assert policy is not None
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
    assert rules["default-src"] == ["'none'"]
    for rule, element in (("script-src", "script"), ("style-src", "style")):
        digest = base64.b64encode(hashlib.sha256(taken.text.get(element, "").encode()).digest()).decode()
        assert rules[rule] == [f"'sha256-{digest}'"]
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", content)
    ids = Counter(taken.attributes("id"))
    assert set(ids.values()) == {1}
    pointed = [
        *" ".join((*taken.attributes("aria-labelledby"), *taken.attributes("aria-describedby"))).split(),
        *" ".join(taken.attributes("for")).split(),
        *(target.removeprefix("#") for target in taken.attributes("href")),
    ]
    assert set(pointed) <= ids.keys()
    assert {"header", "main", "h1"} <= {tag for tag, _ in taken.elements}
    assert ("html", {"lang": "en"}) in taken.elements
