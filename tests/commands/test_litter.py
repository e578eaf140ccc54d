"""Commands write where they are told to: nothing lies at home, here, or in the folder for temporary files."""

from pathlib import Path

import pytest

from tests.commands.house import House
from tests.reporting.runs import put_text_run
from tests.tiny import put_model
from tests.tunes import put_tunes


def test_what_neither_trains_nor_measures_leaves_nothing_behind_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, out = House(tmp_path / "house"), tmp_path / "out"
    cache = tmp_path / "house" / "cache"
    out.mkdir()
    monkeypatch.setenv("GEN_CACHE", str(cache))
    model, tunes = put_model(tmp_path / "model.safetensors"), put_tunes(tmp_path / "tunes", 3)
    run = put_text_run(tmp_path / "run")
    before = set(tmp_path.rglob("*"))
    house.run("-m", "gen", "inspect", model, "--prompt", "the fox", "--out", out / "a.png")
    house.run("-m", "gen", "report", run, "--out", out / "a.html")
    house.run("-m", "gen", "export", model, "--to", "half", "--out", out / "a.safetensors")
    house.run("-m", "gen", "corpora", "inspect", tunes)
    house.run("-m", "gen", "corpora", "prepare", tunes, "--out", out / "shards", "--shards", "2")
    assert not house.litter()
    made = set(tmp_path.rglob("*")) - before
    assert {path for path in made if not {cache, out} & set(path.parents)} == set()
    assert {path.name for path in out.iterdir()} == {"a.png", "a.html", "a.safetensors", "shards"}
