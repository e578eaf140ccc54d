"""Text beside its corpus, counted by `Counter` and by regular expressions."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.comparison import copied
from gen.comparison import text as text_module
from gen.comparison.comparison import TEMPERATURES, Item, Parts
from gen.comparison.text import COUNT, LENGTH, LINE_BIN, LONGEST_LINE, LONGEST_WORD, TextCounts, code_points
from gen.comparison.text import compare_text as compare
from gen.dataset.token_file import TokenFile, encode_to_file
from gen.sampler.forward import Network
from gen.tokenizer.characters import CharacterTokenizer
from tests.tiny import tiny_model
from tests.training.tiny import text_dataset, words

texts = st.text(st.sampled_from("ab é9_'-\n\n .\u0301日"), max_size=80)


def quietly(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    yield from items


def codes(text: str) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    return np.array([ord(character) for character in text], np.uint32)


def in_a_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


@given(st.lists(st.lists(texts, max_size=4), max_size=3))
def test_counts_do_not_depend_on_where_chunks_end(documents: list[list[str]]) -> None:
    counts = TextCounts()
    characters: Counter[str] = Counter()
    lengths: Counter[int] = Counter()
    lines: Counter[int] = Counter()
    for chunks in documents:
        for chunk in chunks:
            counts.add(codes(chunk))
        counts.end()
        whole = "".join(chunks)
        characters.update(whole)
        spaced = "".join(character if in_a_word(character) else " " for character in whole)
        lengths.update(min(len(word), LONGEST_WORD) for word in re.findall(r"\S+(?= )", spaced))
        lines.update(min(len(line), LONGEST_LINE) // LINE_BIN for line in whole.split("\n")[:-1])
    assert {chr(code): counts.characters[code] for code in np.flatnonzero(counts.characters)} == characters
    assert {length: count for length, count in enumerate(counts.words, 1) if count} == lengths
    assert {place: count for place, count in enumerate(counts.lines) if count} == lines


@given(st.text(st.sampled_from("abc é日😀\n"), min_size=1, max_size=60), st.integers(1, 20), st.data())
def test_ids_become_characters_whole_ones_wherever_chunks_end(
    tmp_path_factory: pytest.TempPathFactory, text: str, size: int, data: st.DataObject
) -> None:
    tokenizer = CharacterTokenizer.learn(["abc \n"], ["é日😀"])  # the last ones are spelled in bytes
    file = encode_to_file([text], tokenizer, tmp_path_factory.mktemp("ids") / "a.ids")
    limit = data.draw(st.integers(1, file.tokens))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_module, "_CHUNK_TOKENS", size)
        found = "".join(chr(code) for chunk in code_points(file, tokenizer, limit) for code in chunk.tolist())
        whole = "".join(chr(c) for chunk in code_points(file, tokenizer, file.tokens) for c in chunk.tolist())
    assert whole == text
    assert text.startswith(found)
    assert len(tokenizer.encode(text[: len(found) + 1])) > limit or found == text


def test_a_model_is_laid_beside_its_corpus(tmp_path: Path) -> None:
    held_out = words(200, seed=2) + words(3000)[4000:4060] + words(200, seed=3)
    dataset = text_dataset(tmp_path, words(3000), held_out)
    assert isinstance(dataset.tokenizer, CharacterTokenizer)
    model = tiny_model(letters="".join(dataset.tokenizer.tokens))
    network = Network(model.config, model.weights)
    found = compare(network, dataset.tokenizer, Parts(dataset.training, dataset.validation), quietly)
    assert [sample.temperature for sample in found.samples] == list(TEMPERATURES)
    assert all(len(text) == LENGTH for sample in found.samples for text in sample.written)
    assert found.corpus_read == "all of it"
    characters = found.histograms[0]
    expected, output = Counter(words(3000)), Counter("".join(found.samples[2].written))
    names = {"space": " ", "line break": "\n"}
    assert characters.corpus is not None
    for label, ours, theirs in zip(characters.labels, characters.output, characters.corpus, strict=True):
        if label != "others":
            assert (ours, theirs) == (output[names.get(label, label)], expected[names.get(label, label)])
    shares = [{c: n / counter.total() for c, n in counter.items()} for counter in (output, expected)]
    everything = shares[0].keys() | shares[1].keys()
    distance = sum(abs(shares[0].get(c, 0) - shares[1].get(c, 0)) for c in everything) / 2
    assert characters.distance == pytest.approx(distance)
    assert found.distances[1.0][0] == characters.distance
    memorised = found.memorised
    assert memorised is not None
    assert [row.size for row in memorised.rows] == [*([LENGTH * COUNT] * 4), dataset.validation.tokens]
    for passage in memorised.passages:
        assert passage.text in words(3000)
        assert len(passage.text) == passage.length >= 20
    longest = memorised.rows[-1].longest
    cut = [held_out[start : start + LENGTH] for start in range(0, len(held_out), LENGTH)]
    for length, occurs in ((longest, True), (longest + 1, False)):
        runs = {text[start : start + length] for text in cut for start in range(len(text) - length + 1)}
        assert any(run in words(3000) for run in runs) == occurs
    assert longest >= 60


def test_a_text_that_a_model_copies_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = text_dataset(tmp_path, words(3000), words(400, seed=2))
    stolen = words(3000)[5000:5150]

    def parrot(*_: object, length: int, count: int, **__: object) -> Iterator[list[str]]:
        yield ["zzzz" + stolen + "zzzz"] * count

    monkeypatch.setattr(text_module, "write_text", parrot)
    model = tiny_model(letters="".join(dataset.tokenizer.tokens))
    assert isinstance(dataset.tokenizer, CharacterTokenizer)
    network = Network(model.config, model.weights)
    found = compare(
        network, dataset.tokenizer, Parts(dataset.training, dataset.validation), quietly
    ).memorised
    assert found is not None
    assert found.rows[0].longest == len(stolen)
    assert found.rows[0].shares[2] == pytest.approx(len(stolen) / (len(stolen) + 8))
    first = found.passages[0]
    assert (first.text, first.before, first.after) == (stolen, "zzzz", "zzzz")
    assert first.corpus == "character 5,001 of the training part"


def test_all_of_a_corpus_is_counted_though_so_much_was_copied_that_not_all_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copied, "MOST_WORK", 1)
    monkeypatch.setattr(text_module, "_CHUNK_TOKENS", 500)
    dataset = text_dataset(tmp_path, words(3000), words(3000)[200:600])
    assert isinstance(dataset.tokenizer, CharacterTokenizer)
    model = tiny_model(letters="".join(dataset.tokenizer.tokens))
    network = Network(model.config, model.weights)
    found = compare(network, dataset.tokenizer, Parts(dataset.training, dataset.validation), quietly)
    assert found.memorised is not None
    assert not found.memorised.complete
    assert sum(found.histograms[0].corpus or ()) == len(words(3000))


def test_without_a_corpus_there_is_what_was_written_alone(tmp_path: Path) -> None:
    model = tiny_model()
    tokenizer = CharacterTokenizer.from_json(model.tokenizer)
    found = compare(Network(model.config, model.weights), tokenizer, None, quietly)
    assert (found.memorised, found.distances, found.corpus_read) == (None, {}, "")
    assert all(each.corpus is None and sum(each.output) > 0 for each in found.histograms[:2])


def test_of_a_very_long_corpus_the_beginning_is_read_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_module, "MOST_CORPUS_TOKENS", 1000)
    dataset = text_dataset(tmp_path, words(3000), words(400, seed=2))
    assert isinstance(dataset.tokenizer, CharacterTokenizer)
    model = tiny_model(letters="".join(dataset.tokenizer.tokens))
    network = Network(model.config, model.weights)
    file: TokenFile = dataset.training
    found = compare(network, dataset.tokenizer, Parts(file, dataset.validation), quietly)
    assert found.corpus_read == "the first 1,000 characters"
    assert sum(found.histograms[0].corpus or ()) == 1000
