"""A prepared corpus in the cache of which a bit has changed is never taken for the corpus."""

import random
import shutil
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY

import numpy as np
import pytest

from gen.dataset.pieces import windows_of
from gen.dataset.prepare import Dataset, prepare, prepared
from gen.errors import CorpusError
from tests.tunes import put_tunes

TEXT = "the quick brown fox\njumps over the lazy dog\n" * 20
BITS_A_FILE = 25


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", "cache")


def corpus(kind: str) -> Dataset:
    """A corpus that is prepared, now or before."""
    if kind == "music":
        return prepare(tuple(sorted(Path("tunes").iterdir())), None, kind="music")
    return prepare((Path("a.txt"),), None)


def put_corpus(kind: str) -> Dataset:
    Path("a.txt").write_text(TEXT)
    put_tunes(Path("tunes"), 11)
    return corpus(kind)


def cached() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path("cache", "ids").iterdir()}


@pytest.mark.parametrize("kind", ["text", "music"])
def test_a_bit_that_changed_anywhere_is_found_told_and_mended(kind: str) -> None:
    made, draw = put_corpus(kind), random.Random(7)
    whole = cached()
    assert {path.suffix for path in whole} == {".json", ".ids"} | ({".pieces"} if kind == "music" else set())
    for path, content in whole.items():
        for _ in range(BITS_A_FILE):
            place = draw.randrange(len(content))
            damaged = bytearray(content)
            damaged[place] ^= 1 << draw.randrange(8)
            path.write_bytes(damaged)
            assert prepared(kind, made.digest) is None, (path.name, place)
        again = corpus(kind)
        assert cached() == whole
        assert (again.digest, again.training, again.validation) == (
            made.digest,
            made.training,
            made.validation,
        )
        assert again.notes[1:] == made.notes
        assert "damaged" in again.notes[0]
    assert corpus(kind) == replace(made, tokenizer=ANY)


def test_what_an_earlier_release_kept_without_checksums_is_made_anew() -> None:
    made = put_corpus("text")
    (index,) = Path("cache").rglob("*.json")
    index.write_text(
        '{"training": [792, "<u1", 0], "validation": [88, "<u1", 0], "tokenizer": {}, "notes": []}'
    )
    assert corpus("text").training == made.training


def test_the_ids_of_one_corpus_are_not_taken_for_those_of_another() -> None:
    made = put_corpus("text")
    Path("a.txt").write_text(TEXT.replace("fox", "xof"))
    other = corpus("text")
    shutil.copyfile(other.training.path, made.training.path)
    assert prepared("text", made.digest) is None
    assert prepared("text", other.digest) is not None


def test_an_id_that_the_vocabulary_does_not_have_is_an_error_even_if_it_comes_later() -> None:
    made = put_corpus("text")
    ids = np.memmap(made.training.path, made.training.dtype, "r+")
    ids[400] = len(made.tokenizer.tokens)
    ids.flush()
    reader = windows_of(made.training, 1, 100)
    for _ in range(3):
        reader.next()
    with pytest.raises(CorpusError, match=f"{ids[400]} is no id of {len(made.tokenizer.tokens)}"):
        for _ in range(2):
            reader.next()
    unchecked = windows_of(replace(made.training, below=None), 1, 500)
    assert unchecked.next().ids.max() == ids[400]
