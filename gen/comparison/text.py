"""What a model of text writes beside its corpus: characters, words, lines, passages it has by heart."""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gen.comparison.comparison import (
    LIKE_THE_CORPUS,
    MOST_CORPUS_TOKENS,
    MOST_PASSAGES,
    SEED,
    TEMPERATURES,
    Comparison,
    Ids,
    Memorised,
    Parts,
    Passage,
    Sample,
    Watch,
    copied_rows,
    sample_options,
)
from gen.comparison.copied import Copied, Run, find_copied
from gen.comparison.histograms import Histogram, histogram, total_variation
from gen.comparison.suffixes import Symbols
from gen.sampler.choose import Choices
from gen.sampler.forward import Network
from gen.tokenizer.characters import CharacterTokenizer
from gen.writing.text import write_text

LENGTH, COUNT = 1000, 8
THRESHOLDS = (20, 30, 50)
LONGEST_WORD, LONGEST_LINE, LINE_BIN = 24, 120, 5
MOST_CHARACTERS = 40
NAMES = ("characters", "lengths of words", "lengths of lines")
UNITS = ("", "characters", "characters")
_CHUNK_TOKENS = 1 << 20
_MOST_BYTES = 4  # of a character
_CODE_POINTS = 0x110000
_AROUND = 40
_IN_WORDS = frozenset("LMN")  # letters, marks and numbers, by the first letter of the Unicode category
_NAMES = {" ": "space", "\n": "line break", "\t": "tab", "\u00a0": "hard space"}


class TextCounts:
    """How often each character, and each length of a word and of a line, occurs in text that comes in chunks.

    Words are runs of letters, marks and numbers. A word or line that the end of the text cuts does not count.
    """

    def __init__(self) -> None:
        self.characters = np.zeros(_CODE_POINTS, np.int64)
        self.words = np.zeros(LONGEST_WORD, np.int64)  # from one character up
        self.lines = np.zeros(LONGEST_LINE // LINE_BIN + 1, np.int64)
        self._word = self._line = 0  # how long those are that go on in the next chunk

    def add(self, codes: Symbols) -> None:
        """Count a chunk."""
        if not len(codes):
            return
        found = np.bincount(codes)
        self.characters[: len(found)] += found
        lengths, self._word = _runs(_word_characters(int(codes.max()).bit_length())[codes], self._word)
        self.words += np.bincount(np.minimum(lengths, LONGEST_WORD) - 1, minlength=LONGEST_WORD)
        breaks = np.flatnonzero(codes == ord("\n"))
        if not len(breaks):
            self._line += len(codes)
            return
        lengths = np.diff(breaks, prepend=-1) - 1
        lengths[0] += self._line
        bins = np.minimum(lengths, LONGEST_LINE) // LINE_BIN
        self.lines += np.bincount(bins, minlength=len(self.lines))
        self._line = len(codes) - 1 - int(breaks[-1])

    def end(self) -> None:
        """The text ends here; what is added next is another."""
        self._word = self._line = 0

    def three(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Characters, words and lines."""
        return self.characters, self.words, self.lines


def compare_text(
    network: Network, tokenizer: CharacterTokenizer, parts: Parts | None, watch: Watch
) -> Comparison:
    """Write at several temperatures, and lay what was written beside the corpus.

    Args:
        network: The model.
        tokenizer: Its vocabulary.
        parts: What it learned from and what was held out; None where that is not there.
        watch: Shows how far it is, where that takes long.
    """
    samples = [
        _sample(network, tokenizer, temperature)
        for temperature in watch(TEMPERATURES, len(TEMPERATURES), "sample")
    ]
    texts = [[_codes(text) for text in sample.written] for sample in samples]
    counts = [_counted(of_one) for of_one in texts]
    at = TEMPERATURES.index(LIKE_THE_CORPUS)
    if parts is None:
        return Comparison(tuple(samples), _histograms(counts[at], None, None), {}, None, "")
    first = next(code_points(parts.held_out, tokenizer, LENGTH * COUNT))
    held_out = [first[start : start + LENGTH] for start in range(0, len(first), LENGTH)]
    of_corpus, read = TextCounts(), min(parts.training.tokens, MOST_CORPUS_TOKENS)

    def through() -> Iterator[Symbols]:
        chunks = code_points(parts.training, tokenizer, read)
        for chunk in watch(chunks, -(-read // _CHUNK_TOKENS), "chunk of the corpus"):
            of_corpus.add(chunk)
            yield chunk

    everything = [text for of_one in texts for text in of_one]
    chunks = through()
    copied = find_copied([*everything, *held_out], chunks, THRESHOLDS[0])
    for _ in chunks:  # what is counted is all of it, also where enough has been found
        pass
    distances = {
        temperature: tuple(
            total_variation(ours, theirs)
            for ours, theirs in zip(counted.three(), of_corpus.three(), strict=True)
        )
        for temperature, counted in zip(TEMPERATURES, counts, strict=True)
    }
    return Comparison(
        tuple(samples),
        _histograms(counts[at], of_corpus, _counted([first])),
        distances,
        _memorised(samples, copied),
        f"the first {read:,} characters" if read < parts.training.tokens else "all of it",
    )


def code_points(ids: Ids, tokenizer: CharacterTokenizer, limit: int) -> Iterator[Symbols]:
    """The characters of a part of a corpus, chunk by chunk, from its beginning; at least one chunk.

    Args:
        ids: The part.
        tokenizer: What they mean.
        limit: About how many ids; a character that is spelled in several is not cut.
    """
    mapped, length = ids.map(), min(limit, ids.tokens)
    size = len(tokenizer.characters)
    table = np.array([ord(character) for character in tokenizer.characters] + [0] * 256, np.uint32)
    start = 0
    while True:
        end = min(start + _CHUNK_TOKENS, length)
        if tokenizer.has_bytes:
            for number in mapped[end : min(end + _MOST_BYTES, length)].tolist():
                if not size + 0x80 <= number < size + 0xC0:
                    break
                end += 1
        chunk = np.array(mapped[start:end], np.int32)
        if end == length:
            chunk = _without_cut_character(chunk, size)
        yield table[chunk] if chunk.max(initial=0) < size else _codes(tokenizer.decode(chunk))
        if end == length:
            return
        start = end


def _without_cut_character(ids: NDArray[np.int32], size: int) -> NDArray[np.int32]:
    """Ids less the bytes of a last character that lacks some, where the limit fell."""
    for back, number in enumerate(reversed(ids[-4:].tolist()), 1):
        lead = number - size
        if lead < 0x80:
            return ids
        if lead >= 0xC0:
            return ids if back == 2 + (lead >= 0xE0) + (lead >= 0xF0) else ids[:-back]
    return ids


def _sample(network: Network, tokenizer: CharacterTokenizer, temperature: float) -> Sample:
    choices = Choices((temperature, temperature))
    texts = [""] * COUNT
    for added in write_text(network, tokenizer, "", choices, length=LENGTH, count=COUNT, seed=SEED):
        texts = [text + more for text, more in zip(texts, added, strict=True)]
    return Sample(temperature, sample_options(temperature, LENGTH, COUNT), tuple(texts))


def _codes(text: str) -> Symbols:
    return np.frombuffer(text.encode("utf-32-le"), "<u4").astype(np.uint32)


def _counted(texts: Iterable[Symbols]) -> TextCounts:
    counts = TextCounts()
    for text in texts:
        counts.add(text)
        counts.end()
    return counts


@lru_cache(maxsize=4)
def _word_characters(bits: int) -> NDArray[np.bool_]:
    """Which of the characters with codes of so many bits words are made of."""
    codes = range(min(1 << bits, _CODE_POINTS))
    return np.array([unicodedata.category(chr(code))[0] in _IN_WORDS for code in codes])


def _runs(inside: NDArray[np.bool_], before: int) -> tuple[NDArray[np.int64], int]:
    """The lengths of the runs that end, the first after so many before, and that of one still open."""
    edges = np.flatnonzero(np.diff(inside.astype(np.int8), prepend=0, append=0))
    lengths = edges[1::2] - edges[::2]
    if before and len(lengths) and edges[0] == 0:
        lengths[0] += before
    elif before:
        lengths = np.append(before, lengths)
    if not inside[-1]:
        return lengths, 0
    return lengths[:-1], int(lengths[-1])


def _histograms(
    output: TextCounts, corpus: TextCounts | None, held_out: TextCounts | None
) -> tuple[Histogram, ...]:
    common = output if corpus is None else corpus
    by_frequency = np.argsort(-common.characters, kind="stable")[:MOST_CHARACTERS]
    shown = by_frequency[common.characters[by_frequency] > 0]
    lines = range(0, LONGEST_LINE, LINE_BIN)
    labels = (
        [_named(chr(code)) for code in shown.tolist()],
        [*map(str, range(1, LONGEST_WORD)), f"{LONGEST_WORD} or more"],
        [*(f"{first} to {first + LINE_BIN - 1}" for first in lines), f"{LONGEST_LINE} or more"],
    )
    return tuple(
        histogram(
            name,
            UNITS[place],
            labels[place],
            output.three()[place],
            None if corpus is None else corpus.three()[place],
            None if held_out is None else held_out.three()[place],
            shown if place == 0 else None,
        )
        for place, name in enumerate(NAMES)
    )


def _named(character: str) -> str:
    if character in _NAMES:
        return _NAMES[character]
    return character if character.isprintable() else f"U+{ord(character):04X}"


def _memorised(samples: list[Sample], copied: Copied) -> Memorised:
    written = [(sample, number) for sample in samples for number in range(COUNT)]
    rows = {
        f"temperature {sample.temperature:g}": [text for text, (of, _) in enumerate(written) if of is sample]
        for sample in samples
    }
    rows["the part held out"] = list(range(len(written), len(copied.lengths)))
    sizes = {name: sum(len(copied.lengths[text]) for text in texts) for name, texts in rows.items()}
    of_output = Copied(copied.lengths[: len(written)], copied.places[: len(written)], copied.complete)
    return Memorised(
        "characters",
        THRESHOLDS,
        copied_rows(copied, rows, THRESHOLDS, sizes),
        tuple(_passage(run, *written[run.text]) for run in of_output.longest(MOST_PASSAGES)),
        copied.complete,
    )


def _passage(run: Run, sample: Sample, number: int) -> Passage:
    text, end = sample.written[number], run.start + run.length
    return Passage(
        f"text {number + 1} of those at temperature {sample.temperature:g}, character {run.start + 1:,}",
        f"character {run.place + 1:,} of the training part",
        run.length,
        text[max(0, run.start - _AROUND) : run.start],
        text[run.start : end],
        text[end : end + _AROUND],
    )
