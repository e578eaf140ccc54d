"""A corpus in shards: whoever makes them in whatever order, the same ids; what does not belong is refused."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gen.corpus.locate import locate
from gen.dataset import preparing, shards
from gen.dataset.assembled import open_shards
from gen.dataset.prepare import Dataset
from gen.dataset.prepare import prepare as prepare_ordinarily
from gen.dataset.preparing import Standing, shard_numbers
from gen.dataset.sharded import OpenShards
from gen.errors import CorpusError
from gen.files import write_atomically
from tests.dataset.making import assert_two_lines, contents, make, put_text
from tests.training.tiny import words
from tests.tunes import put_tunes


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(preparing, "cores", lambda: 1)  # in this process; a test of its own has several


def ids_of(dataset: Dataset) -> list[int]:
    found = [OpenShards(part.shards)[:].tolist() for part in (dataset.training, dataset.validation)]
    return [number for ids in found for number in ids]


def pieces_of(dataset: Dataset) -> list[tuple[int, ...]]:
    found = []
    for part in (dataset.training, dataset.validation):
        ids = OpenShards(part.shards)
        found += [tuple(ids[begin:end].tolist()) for begin, end in zip(*part.bounds(), strict=True)]
    return sorted(found)


def test_one_shard_many_shards_and_the_ordinary_way_give_the_same_ids_of_a_text() -> None:
    put_text()
    ordinary = prepare_ordinarily(locate("c").files, None)
    for number in (1, 3, 8):
        assert make(f"p{number}", number) == Standing((), ())
        found = open_shards(Path(f"p{number}"))
        assert found.tokenizer.tokens == ordinary.tokenizer.tokens
        assert ids_of(found) == ids_of(ordinary)
        assert abs(found.training.tokens - ordinary.training.tokens) < 200  # to the next line
    tokens = [open_shards(Path(f"p{number}")).training.tokens for number in (1, 3, 8)]
    assert len(set(tokens)) == 1


@pytest.mark.parametrize("is_split", [False, True])
def test_one_shard_many_shards_and_the_ordinary_way_give_the_same_pieces_of_music(is_split: bool) -> None:
    put_tunes(Path("c/train" if is_split else "c"), 24)
    if is_split:
        put_tunes(Path("c/valid"), 5)
    located = locate("c")
    ordinary = prepare_ordinarily(located.files, located.validation, kind="music")
    for number in (1, 4):
        make(f"p{number}", number)
        found = open_shards(Path(f"p{number}"))
        assert sorted(found.tokenizer.tokens) == sorted(ordinary.tokenizer.tokens)
        assert found.tokenizer.choices() == ordinary.tokenizer.choices()
        if found.tokenizer.tokens == ordinary.tokenizer.tokens:
            assert pieces_of(found) == pieces_of(ordinary)
        if is_split:
            assert found.validation.pieces == ordinary.validation.pieces == 5


def test_many_processes_with_no_coordinator_write_what_one_does() -> None:
    put_text()
    make("alone", 3)
    assert [paths.name for paths in make("many", 3, [1]).uncounted] == ["1/3", "3/3"]
    assert [paths.name for paths in make("many", 3, [0]).uncounted] == ["3/3"]
    assert [paths.name for paths in make("many", 3, [2]).missing] == ["1/3", "2/3"]
    assert [paths.name for paths in make("many", 3, [0]).missing] == ["2/3"]
    with pytest.raises(CorpusError, match="shard 2/3 is missing") as caught:
        open_shards(Path("many"))
    assert "--shard 2/3" in caught.value.fix
    assert make("many", None, [1]) == Standing((), ())
    assert contents("many") == contents("alone")


@pytest.mark.parametrize("kind", ["text", "music"])
def test_all_cores_write_what_one_does(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "text":
        put_text()
    else:
        put_tunes(Path("c"), 16)
    make("alone", 3)
    monkeypatch.setattr(preparing, "cores", lambda: 2)
    make("many", 3)
    assert contents("many") == contents("alone")


def test_what_fails_on_another_core_is_told_and_what_is_done_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    put_text()
    Path("c/1.txt").write_bytes(words(300).encode() + b"\xff")
    monkeypatch.setattr(preparing, "cores", lambda: 2)
    with pytest.raises(CorpusError, match=r"c/1\.txt is not utf-8: byte 0xff at offset ") as caught:
        make("p", 2)
    assert_two_lines(caught.value)
    offset = len(words(300).encode())
    assert f"offset {offset}" in caught.value.problem


def test_what_is_there_and_whole_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    put_text()
    make("p", 3)
    before = contents("p")
    with monkeypatch.context() as patched:
        patched.setattr(shards, "write_atomically", None)
        patched.setattr(shards, "TokenWriter", None)
        assert make("p", 3) == Standing((), ())
    for damaged in (
        "shards/000002-of-000003.json",
        "shards/000002-of-000003.training.ids",
        "shards/000001-of-000003.validation.ids",
    ):
        path = Path("p", damaged)
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(CorpusError, match="missing or damaged"):
            open_shards(Path("p"))
        make("p", 3)
        assert contents("p") == before


@pytest.mark.parametrize("step", range(8))
def test_killed_at_any_file_and_begun_again_ends_the_same(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    put_text()
    make("whole", 2)
    written = 0

    def killed(path: Path, content: bytes) -> None:
        nonlocal written
        if written == step:
            raise KeyboardInterrupt
        written += 1
        write_atomically(path, content)

    with monkeypatch.context() as patched:
        patched.setattr("gen.dataset.shards.write_atomically", killed)
        if step < 5:  # two counts, a vocabulary, two shards
            with pytest.raises(KeyboardInterrupt):
                make("p", 2)
        else:
            make("p", 2)
    make("p", 2)
    assert contents("p") == contents("whole")


def test_pieces_that_are_the_same_are_dropped_though_they_lie_in_different_shards() -> None:
    put_tunes(Path("c"), 16)
    Path("c/015.mid").write_bytes(Path("c/000.mid").read_bytes())
    make("p", 4)
    found = open_shards(Path("p"))
    assert found.training.pieces + found.validation.pieces == 15
    assert any("1 piece dropped, being the same as another" in note for note in found.notes)


def test_shards_are_named_from_one() -> None:
    assert shard_numbers("3/64") == (range(2, 3), 64)
    assert shard_numbers("3-7/64") == (range(2, 7), 64)
    for wrong in ("0/4", "5/4", "3-2/4", "a/4", "4", "1/0", "-1/4", "1/9999999"):
        with pytest.raises(ValueError, match=r"."):
            shard_numbers(wrong)


def test_ids_are_in_the_order_of_the_files() -> None:
    put_text()
    make("p", 5)
    found = open_shards(Path("p"))
    ids = np.array(ids_of(found), np.int32)
    text = str(found.tokenizer.decode(ids))
    parts = [path.read_text("utf-8") for path in locate("c").files]
    assert text == "\n".join(parts)


def test_when_all_is_encoded_the_counts_are_not_needed_but_the_vocabulary_is() -> None:
    put_text()
    make("p", 2)
    before = contents("p")
    for counts in Path("p/counts").iterdir():
        counts.unlink()
    assert make("p", 2) == Standing((), ())
    assert not list(Path("p/counts").iterdir())
    Path("p/vocabulary.json").unlink()
    with pytest.raises(CorpusError, match=r"vocabulary\.json is not there") as caught:
        open_shards(Path("p"))
    assert "gen corpora prepare" in caught.value.fix
    assert [paths.name for paths in make("p", 2, []).uncounted] == ["1/2", "2/2"]
    make("p", 2)
    assert contents("p") == before


TOLD_TO_END = """
import os, signal
from pathlib import Path
from gen.dataset.preparing import _in_worker
from gen.files import replacing

def work(path):
    with replacing(path) as temporary:
        temporary.write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGTERM)

_in_worker(work, Path("whole"))
"""


def test_a_worker_that_is_told_to_end_leaves_nothing_half_written() -> None:
    done = subprocess.run([sys.executable, "-c", TOLD_TO_END], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, b"")
    assert list(Path().iterdir()) == []
