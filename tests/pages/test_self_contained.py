"""How a page is put together: nothing that is put in is looked at again, and JSON stays where it is put."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from gen.pages.self_contained import (
    in_script,
    packaged,
    palette,
    player_script,
    player_style,
    self_contained,
)
from tests.hostile_values import HOSTILE

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["</script>", "<!--", "&lt;", "{{data}}"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


class Scripts(HTMLParser):
    """What stands in script elements, and how many elements there are."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.count, self.inside = 0, ""
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count += 1

    def handle_data(self, data: str) -> None:
        self.inside += data


@given(values | st.sampled_from(HOSTILE[:20]))
def test_json_in_a_script_is_the_value_and_ends_nothing(value: object) -> None:
    taken = Scripts(f'<script type="application/json">{in_script(value)}</script>')
    assert taken.count == 1
    assert json.loads(taken.inside) == value


@given(st.text(), st.text())
def test_slots_are_filled_in_one_go(one: str, other: str) -> None:
    made = self_contained(
        "a{{one}}b{{other}}c", {"one": one + "{{other}}", "other": other}, style="", script=""
    )
    assert made == f"a{one}{{{{other}}}}b{other}c"


def test_the_policy_names_the_hashes_of_the_style_and_of_the_script() -> None:
    made = self_contained("{{policy}}\n{{style}}\n{{script}}", {}, style="a { }", script="let é = 1;")
    policy, style, script = made.split("\n")
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
    assert rules["default-src"] == rules["base-uri"] == ["'none'"]
    for rule, content in (("style-src", style), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[rule] == [f"'sha256-{digest}'"]


def test_the_shared_parts_refer_to_nothing_outside_and_every_colour_is_in_the_palette() -> None:
    for part in (palette(), player_style(), player_script()):
        assert not re.search(r"https?:|url\(|@import|innerHTML", part)
    named = set(re.findall(r"(--[a-z0-9-]+):", palette()))
    assert set(re.findall(r"var\((--[a-z0-9-]+)\)", palette() + player_style())) <= named | {"--tone"}
    light, dark = re.findall(r":root \{(.*?)\}", palette(), re.DOTALL)
    assert set(re.findall(r"(--[a-z0-9-]+):", light)) == set(re.findall(r"(--[a-z0-9-]+):", dark))


def test_the_player_adds_three_classes_and_no_other_name() -> None:
    assert re.findall(
        r"^(?:class|const|let|var|function|async function) (\w+)", player_script(), re.MULTILINE
    ) == [
        "Synthesiser",
        "PianoRoll",
        "Player",
    ]
    assert not re.search(r"(globalThis|window)\b", player_script())
    assert packaged("gen.pages", "player.js") in player_script()
