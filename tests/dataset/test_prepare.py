"""A corpus becomes ids: once for each content, whatever its name."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gen.corpus.split import TextParts
from gen.dataset.prepare import Dataset, encoded_whole, prepare, prepared
from gen.dataset.token_file import TokenFile
from gen.errors import CorpusError, TokenizerError
from gen.export.midi import write_midi
from gen.files import CHUNK_BYTES
from gen.kinds import KINDS
from gen.score import Tempo
from gen.tokenizer.characters import CharacterTokenizer
from tests.tunes import put_tunes, tune

TEXT = "the quick brown fox\njumps over the lazy dog\n" * 20


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))


def put(name: str, text: str) -> Path:
    Path(name).write_bytes(text.encode())
    return Path(name)


def text_of(prepared: Dataset, part: TokenFile) -> str:
    return str(prepared.tokenizer.decode(part.map().astype(np.int32)))


def cached() -> dict[str, tuple[int, int]]:
    """Every file of the cache, with what changes when it is written again."""
    found = [path for path in Path("cache").rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def test_the_ids_stand_for_the_two_parts_of_the_text() -> None:
    prepared = prepare((put("a.txt", TEXT),), None)
    held_out_from = len(TEXT) * 9 // 10
    assert text_of(prepared, prepared.training) == TEXT[:held_out_from]
    assert text_of(prepared, prepared.validation) == TEXT[held_out_from:]
    assert list(prepared.tokenizer.tokens) == sorted(set(TEXT[:held_out_from]))
    assert (prepared.kind, prepared.training.dtype) == ("text", "<u1")


def test_the_vocabulary_spells_what_only_the_validation_part_has() -> None:
    prepared = prepare((put("train.txt", "abab"),), (put("valid.txt", "aéb"),))
    assert prepared.tokenizer.tokens[:2] == ("a", "b")
    assert len(prepared.tokenizer.tokens) == 2 + 256
    assert text_of(prepared, prepared.validation) == "aéb"


def test_the_same_content_is_encoded_once_whatever_its_name() -> None:
    first = prepare((put("a.txt", TEXT),), None)
    before = cached()
    second = prepare((put("b.txt", TEXT),), None)
    assert cached() == before
    assert first.notes == second.notes != ()
    assert first.tokenizer.tokens == second.tokenizer.tokens
    assert (first.digest, first.training, first.validation) == (
        second.digest,
        second.training,
        second.validation,
    )


def test_another_content_split_encoding_or_base_is_encoded_anew() -> None:
    file, other = put("a.txt", TEXT), put("b.txt", TEXT.replace("fox", "ox "))
    base = CharacterTokenizer.learn(["xyz!"])
    prepared = [
        prepare((file,), None),
        prepare((other,), None),
        prepare((file,), (other,)),
        prepare((other,), (file,)),
        prepare((file, other), None),
        prepare((file,), None, encoding="latin-1"),
        prepare((file,), None, base=base),
    ]
    assert len({each.digest for each in prepared}) == len(prepared)
    assert len({each.training.path for each in prepared}) == len(prepared)
    assert prepared[-1].tokenizer.tokens[:4] == base.tokens


def test_another_way_of_reading_is_encoded_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    files = (put("a.txt", TEXT),)
    first = prepare(files, None)
    of_text = KINDS["text"]
    monkeypatch.setitem(KINDS, "text", replace(of_text, version=lambda: "another"))
    again = prepare(files, None)
    assert again.digest != first.digest
    assert again.training.path != first.training.path


def test_a_text_of_many_chunks_has_the_ids_that_a_plain_table_gives_it() -> None:
    line = "aé€😀 b\r\n"
    text = line * (3 * CHUNK_BYTES // len(line.encode())) + "ж" * 10
    prepared = prepare((put("a.txt", text),), None)
    clean = text.replace("\r\n", "\n")
    cut = len(clean) * 9 // 10
    places = {character: place for place, character in enumerate(sorted(set(clean[:cut])))}
    rare = [len(places) + byte for byte in "ж".encode()]
    assert prepared.training.map().tolist() == [places[character] for character in clean[:cut]]
    expected = [place for c in clean[cut:] for place in ([places[c]] if c in places else rare)]
    assert prepared.validation.map().tolist() == expected
    assert prepared.training.dtype == prepared.validation.dtype == "<u2"


@pytest.mark.parametrize("changed", ["a.txt", "b.txt"])
def test_a_corpus_that_changes_while_it_is_encoded_is_refused(
    changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, validation = (put("a.txt", TEXT),), (put("b.txt", TEXT[:100]),)
    read = TextParts.read

    def read_and_change(parts: TextParts) -> tuple[Iterator[str], Iterator[str]]:
        training, held_out = read(parts)

        def then_change() -> Iterator[str]:
            yield from training
            put(changed, Path(changed).read_text() + "fox")

        return then_change(), held_out

    with monkeypatch.context() as patched, pytest.raises(CorpusError, match="changed while") as caught:
        patched.setattr(TextParts, "read", read_and_change)
        prepare(files, validation)
    assert caught.value.fix
    assert not any(name.endswith(".json") for name in cached())
    prepared = prepare(files, validation)
    of_changed = prepared.training if changed == "a.txt" else prepared.validation
    assert text_of(prepared, of_changed).endswith("fox")


@pytest.mark.parametrize("part", ["training.ids", "validation.ids", "json"])
@pytest.mark.parametrize("damage", ["gone", "cut short", "longer", "empty", "other json"])
def test_a_damaged_cache_is_made_anew(part: str, damage: str) -> None:
    files = (put("a.txt", TEXT),)
    prepare(files, None)
    (path,) = Path("cache").rglob(f"*.{part}")
    whole = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "other json" and part == "json":
        path.write_bytes(b'{"training": [9, "<u1"], "validation": 3}')
    else:
        path.write_bytes({"cut short": whole[:-1], "longer": whole + b"!"}.get(damage, b""))
    prepared = prepare(files, None)
    assert text_of(prepared, prepared.training) + text_of(prepared, prepared.validation) == TEXT
    assert path.read_bytes() == whole


def test_an_interrupted_encoding_is_not_taken_for_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    files = (put("a.txt", TEXT),)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("gen.dataset.prepare.write_atomically", interrupted)
        prepare(files, None)
    prepared = prepare(files, None)
    assert text_of(prepared, prepared.training) == TEXT[: len(TEXT) * 9 // 10]


@pytest.mark.parametrize("already_split", [False, True])
def test_the_user_is_told_what_reading_changed_from_the_cache_too(already_split: bool) -> None:
    files = (put("a.txt", "one\r\ntwo\r\n"),)
    validation = (put("b.txt", "one\n"),) if already_split else None
    first, second = prepare(files, validation), prepare(files, validation)
    assert any("a.txt" in note and "\\r\\n" in note for note in first.notes)
    assert first.notes == second.notes


def test_nothing_is_left_of_an_empty_corpus() -> None:
    with pytest.raises(CorpusError):
        prepare((put("a.txt", ""),), None)
    assert cached() == {}


def test_a_corpus_to_measure_is_read_whole_in_order() -> None:
    tokenizer = CharacterTokenizer.learn(["abcd\n"])
    with encoded_whole((put("2.txt", "ab"), put("1.txt", "dc")), None, tokenizer, "text") as encoded:
        file = encoded.file
        assert tokenizer.decode(file.map().astype(np.int32)) == "ab\ndc"
    assert not file.path.parent.exists()
    assert cached() == {}


def test_what_the_vocabulary_cannot_say_is_refused_or_left_out_and_counted() -> None:
    tokenizer = CharacterTokenizer.learn(["abc"])
    files = (put("a.txt", "aébxé-c"),)
    with pytest.raises(TokenizerError, match="'é'"), encoded_whole(files, None, tokenizer, "text"):
        pass
    skipped: Counter[str] = Counter()
    with encoded_whole(files, None, tokenizer, "text", skipped) as encoded:
        file = encoded.file
        assert tokenizer.decode(file.map().astype(np.int32)) == "abc"
    assert skipped == {"é": 2, "x": 1, "-": 1}


def test_fewer_than_two_tokens_cannot_be_measured() -> None:
    tokenizer = CharacterTokenizer.learn(["a"])
    with (
        pytest.raises(CorpusError, match="fewer than two"),
        encoded_whole((put("a.txt", "a"),), None, tokenizer, "text"),
    ):
        pass


def test_no_part_of_a_file_is_left_beside_the_ids() -> None:
    prepare((put("a.txt", TEXT),), None)
    assert not any(Path(name).name.startswith(".") for name in cached())


def test_what_encoding_does_not_keep_is_counted_and_told(tmp_path: Path) -> None:
    tunes = put_tunes(tmp_path / "tunes", 11)
    loud = tune(50)
    write_midi(replace(loud, tempos=(Tempo(0, 97),)), tunes / "odd.mid")
    prepared = prepare(tuple(sorted(tunes.iterdir())), None, kind="music")
    assert "Not kept as it is: tempos (1)" in prepared.notes
    assert prepare(tuple(sorted(tunes.iterdir())), None, kind="music").notes == prepared.notes
    tokenizer = prepared.tokenizer
    with encoded_whole((tunes / "odd.mid",), None, tokenizer, "music") as encoded:
        assert "Not kept as it is: tempos (1)" in encoded.notes


def test_what_was_prepared_is_found_by_its_digest_without_its_files() -> None:
    made = prepare((put("a.txt", TEXT),), None)
    Path("a.txt").unlink()
    found = prepared("text", made.digest)
    assert found is not None
    assert (found.training, found.tokenizer.tokens) == (made.training, made.tokenizer.tokens)
    made.training.path.unlink()
    assert prepared("text", made.digest) is None


@pytest.mark.parametrize("digest", ["", "None", "../" + "a" * 61, "a" * 63, "b" * 64])
def test_what_is_no_digest_of_the_cache_finds_nothing(digest: str) -> None:
    assert prepared("text", digest) is None
