"""Shards that do not belong to each other, or are not what they were, are refused by name."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.corpus.locate import locate
from gen.dataset import preparing, shards
from gen.dataset.assembled import open_shards
from gen.dataset.manifest import is_prepared
from gen.dataset.preparing import Standing
from gen.dataset.shard_paths import ShardPaths
from gen.dataset.sharded import OpenShards
from gen.errors import CorpusError, TokenizerError
from gen.files import sha256_of_file
from gen.tokenizer.characters import CharacterTokenizer
from tests.dataset.making import assert_two_lines, contents, make, put_text
from tests.tunes import put_tunes


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(preparing, "cores", lambda: 1)  # in this process; a test of its own has several


def test_a_folder_begun_with_something_else_is_refused_and_what_differs_is_named() -> None:
    put_text()
    make("p", 3)
    latin = Path("c/1.txt").read_text("utf-8")
    with pytest.raises(CorpusError, match="3 shards, not 4") as caught:
        make("p", 4)
    assert_two_lines(caught.value)
    with pytest.raises(CorpusError, match="another --encoding: none, here utf-16") as caught:
        make("p", 3, encoding="utf-16")
    with pytest.raises(CorpusError, match="another --vocabulary") as caught:
        make("p", 3, vocabulary=CharacterTokenizer.learn([latin], ["all others"]))
    Path("c/1.txt").write_text(latin + "x", "utf-8")
    with pytest.raises(CorpusError, match="other files") as caught:
        make("p", 3)
    assert_two_lines(caught.value)
    assert is_prepared(Path("p"))


def test_another_choice_for_music_is_refused() -> None:
    put_tunes(Path("c"), 8)
    make("p", 2)
    with pytest.raises(CorpusError, match="other choices for music"):
        make("p", 2, choices={"transpose": False})


def test_files_that_change_between_counting_and_encoding_are_refused() -> None:
    put_text()
    make("p", 2, [0])
    path = Path("c/0.txt")
    path.write_text(path.read_text("utf-8").swapcase(), "utf-8")  # of the same size
    make("p", 2, [1])
    with pytest.raises(CorpusError, match="not as they were when it was counted") as caught:
        make("p", 2, [0])
    assert_two_lines(caught.value)
    assert not ShardPaths(Path("p"), 0, 2).facts.exists()
    assert not list(Path("p").rglob("*.tmp"))


def test_a_shard_of_another_corpus_is_refused_by_name() -> None:
    put_text()
    make("p", 2)
    make("other", 2, vocabulary=open_shards(Path("p")).tokenizer)
    for name in ("json", "training.ids", "validation.ids"):
        source = Path(f"other/shards/000002-of-000002.{name}")
        source.replace(Path("p/shards") / source.name)
    with pytest.raises(CorpusError, match=r"000002-of-000002\.json is not of the manifest") as caught:
        open_shards(Path("p"))
    assert caught.value.fix.startswith("Remove what is wrong")


def test_a_vocabulary_that_is_given_needs_no_counts_and_says_all_or_is_refused() -> None:
    put_text()
    text = "".join(path.read_text("utf-8") for path in locate("c").files)
    full = CharacterTokenizer.learn([text + "\n"])
    assert make("p", 2, vocabulary=full) == Standing((), ())
    assert not list(Path("p/counts").iterdir())
    assert open_shards(Path("p")).tokenizer.tokens == full.tokens
    with pytest.raises(TokenizerError, match="no token for 'é'"):
        make("q", 2, vocabulary=CharacterTokenizer.learn([text.replace("é", "e") + "\n"]))


@pytest.mark.parametrize(
    "fields",
    [{}, {"training": [5, "<u1", 9, "", ""]}, {"training": [-1, "<u1", 0, "", None]}, {"training": "ids"}],
)
def test_facts_that_lie_are_as_good_as_none(fields: dict[str, Any]) -> None:
    put_text()
    make("p", 1)
    paths = ShardPaths(Path("p"), 0, 1)
    facts = json.loads(paths.facts.read_bytes())
    paths.facts.write_text(json.dumps({**facts, **fields} if fields else []))
    with pytest.raises(CorpusError, match="missing or damaged"):
        open_shards(Path("p"))


@pytest.mark.parametrize("fields", [{"training": 7}, {"training": {}}, {"validation": {"code_points": [-1]}}])
def test_counts_that_lie_are_refused_and_made_again_once_they_are_removed(fields: dict[str, Any]) -> None:
    put_text()
    make("p", 3)
    whole = contents("p")
    counts = ShardPaths(Path("p"), 1, 3).counts
    counts.write_text(json.dumps({**json.loads(counts.read_bytes()), **fields}))
    Path("p/vocabulary.json").unlink()
    with pytest.raises(CorpusError, match="counts of shard 2/3") as caught:
        make("p", 3)
    assert_two_lines(caught.value)
    assert caught.value.fix.endswith(f": rm {counts}")
    counts.unlink()
    make("p", 3)
    assert contents("p") == whole


def test_a_bit_that_flips_is_found_by_its_checksum() -> None:
    put_text()
    make("p", 2)
    paths = ShardPaths(Path("p"), 1, 2)
    digest = json.loads(paths.facts.read_bytes())["manifest"]
    assert shards.altered_ids(paths, digest) == []
    ids = bytearray(paths.ids("training").read_bytes())
    ids[7] ^= 1
    paths.ids("training").write_bytes(ids)
    assert shards.altered_ids(paths, digest) == [paths.ids("training")]


def test_an_id_that_no_token_has_is_told_when_it_is_read() -> None:
    put_text()
    make("p", 2)
    path = ShardPaths(Path("p"), 1, 2).ids("training")
    ids = bytearray(path.read_bytes())
    ids[-1] = 255
    path.write_bytes(ids)
    file = open_shards(Path("p")).training
    with pytest.raises(CorpusError, match="255 is no id of 22") as caught:
        OpenShards(file.shards)[:]
    assert_two_lines(caught.value)


def test_a_table_of_pieces_that_is_damaged_makes_its_shard_be_made_again() -> None:
    put_tunes(Path("c"), 12)
    make("p", 2)
    table = ShardPaths(Path("p"), 1, 2).ids("training").with_suffix(".pieces")
    whole = table.read_bytes()
    table.write_bytes(b"\x01" + whole[1:])
    with pytest.raises(CorpusError, match="shard 2/2 is missing or damaged"):
        open_shards(Path("p"))
    make("p", 2)
    assert table.read_bytes() == whole


@pytest.mark.parametrize("row", [(5, 0, 0), (0, 0, 12), (0, -1, 0), (0, 3, 2), (1 << 40, 0, 0)])
def test_a_table_of_pieces_that_lies_is_refused_whatever_its_checksum(row: tuple[int, int, int]) -> None:
    put_tunes(Path("c"), 6)
    make("p", 1)
    paths = ShardPaths(Path("p"), 0, 1)
    table = paths.ids("training").with_suffix(".pieces")
    pieces = np.fromfile(table, "<i8").reshape(-1, 3)
    pieces[0] = row
    pieces.tofile(table)
    facts = json.loads(paths.facts.read_bytes())
    facts["training"][4] = sha256_of_file(table)
    paths.facts.write_text(json.dumps(facts))
    with pytest.raises(CorpusError, match="do not follow each other") as caught:
        open_shards(Path("p"))
    paths.facts.unlink()  # as it is told
    assert caught.value.fix.endswith(f": rm {paths.facts}")
    make("p", 1)
    open_shards(Path("p"))
