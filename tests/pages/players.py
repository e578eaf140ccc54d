"""A page with a player in it, as those who make pages put one together."""

from typing import Any

from gen.pages.self_contained import in_script, palette, player_script, player_style, self_contained

TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A player</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{{policy}}"><style>{{style}}</style></head>
<body><main><div id="player"></div></main>
<script type="application/json" id="music">{{music}}</script><script>{{script}}</script></body></html>
"""
BEGIN = """
globalThis.music = JSON.parse(document.getElementById("music").textContent);
globalThis.player = new Player(document.getElementById("player"), music);
globalThis.Player = Player;
"""


def player_page(music: dict[str, Any]) -> str:
    return self_contained(
        TEMPLATE,
        {"music": in_script(music)},
        style=palette() + player_style(),
        script=player_script() + BEGIN,
    )
