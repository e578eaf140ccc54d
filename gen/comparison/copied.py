"""What stands in a corpus word for word: from every place of an output the longest run that the corpus has.

Output and corpus are sequences of symbols, whole numbers. The result is exact, for all runs that are long
enough to count:

1. All runs of just that length in the output get a hash. The corpus is read once; NumPy hashes its runs a
   chunk at a time, and a table tells the few places that may begin a run of the output.
2. At each such place corpus and output are compared symbol by symbol. The suffixes of the output that begin
   with the run stand side by side in their order, and the longest in common is that with a neighbour.
3. From a suffix to the next in that order no more is lost than what those two do not have in common, so the
   neighbours' results spread to all.
"""

import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gen.comparison.suffixes import Symbols, common_prefixes, suffix_order

# symbols that stand for nothing, each on one side only, so that no run in common goes over one
BREAK = 0xFFFFFFFF
_BREAK_OF_OUTPUT = 0xFFFFFFFE
MOST_WORK = 5_000_000  # a place to look at is one
_MUCH = 20  # and as much as twenty of them a comparison symbol by symbol
_FEW = 8  # suffixes to be tried one by one
_FILTER_BITS = 20
_MIXED = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio, odd: Knuth, vol. 3, 6.4
_FIRST_BASE = 0x2545F4914F6CDD1D  # odd; another would do
_COMPARED_AT_FIRST = 32


class Run(NamedTuple):
    """A run of the output that stands in the corpus: where it is in which text, and where in the corpus."""

    text: int
    start: int
    length: int
    place: int


@dataclass(frozen=True)
class Copied:
    """What of an output stands in a corpus.

    Attributes:
        lengths: For each text `(n,)`: how long the longest run in common is that begins at each symbol; 0
            where it is too short to count.
        places: Where in the corpus such a run begins.
        complete: Whether the whole corpus was looked through; else the runs are as long as this at least.
    """

    lengths: tuple[NDArray[np.int64], ...]
    places: tuple[NDArray[np.int64], ...]
    complete: bool

    def longest(self, most: int) -> list[Run]:
        """The longest runs, which do not overlap, the longest first."""
        all_runs = [
            Run(text, start, int(lengths[start]), int(self.places[text][start]))
            for text, lengths in enumerate(self.lengths)
            for start in np.flatnonzero(lengths).tolist()
        ]
        taken: list[Run] = []
        for run in sorted(all_runs, key=lambda run: (-run.length, run.text, run.start)):
            if len(taken) == most:
                break
            if not any(_overlap(run, other) for other in taken):
                taken.append(run)
        return taken

    def share(self, shortest: int, texts: Iterable[int]) -> float:
        """The share of the symbols of some texts that lie in runs of such a length at least."""
        within = total = 0
        for text in texts:
            lengths = self.lengths[text]
            starts = np.flatnonzero(lengths >= shortest)
            edges = np.zeros(len(lengths) + 1, np.int64)
            edges[starts] += 1
            np.subtract.at(edges, starts + lengths[starts], 1)
            within += int(np.count_nonzero(np.cumsum(edges)[:-1]))
            total += len(lengths)
        return within / max(1, total)


def find_copied(texts: Sequence[Symbols], corpus: Iterable[Symbols], shortest: int) -> Copied:
    """Look for an output in a corpus.

    Args:
        texts: The output.
        corpus: Chunks, one after the other, of any lengths; within them `BREAK` where runs end.
        shortest: The fewest symbols that count.
    """
    search = _Search(texts, shortest)
    for first, chunk, body in _overlapping(corpus, max([shortest, *map(len, texts)])):
        if not search.look_through(first, chunk, body):
            break
    return search.found()


def run_hashes(symbols: Symbols, length: int, base: int) -> NDArray[np.uint64]:
    """A hash for every run of so many symbols: a polynomial in an odd base, modulo 2^64.

    Those of 1, 2, 4, … symbols are each made of two of half the length, and put together as `length` is.
    """
    of_power = (symbols.astype(np.uint64) + np.uint64(1)) * _MIXED
    of_power ^= of_power >> np.uint64(32)
    count = max(0, len(symbols) - length + 1)
    made = np.zeros(count, np.uint64)
    done, power = 0, 1
    while done < length:
        factor = np.uint64(pow(base, power, 1 << 64))
        if length & power:
            made = made * factor + of_power[done : done + count]
            done += power
        of_power = of_power[:-power] * factor + of_power[power:]
        power *= 2
    return made


class _Search:
    def __init__(self, texts: Sequence[Symbols], shortest: int) -> None:
        ends = [np.array([_BREAK_OF_OUTPUT], np.uint32)] * len(texts)
        joined = [part for pair in zip(texts, ends, strict=True) for part in pair]
        self._output = np.concatenate([*joined, np.zeros(0, np.uint32)]).astype(np.uint32)
        self._text_lengths = [len(text) for text in texts]
        self._longest = max([shortest, *self._text_lengths])  # that a run in common can be
        self._shortest = shortest
        self._order = suffix_order(self._output)
        self._common = common_prefixes(self._output, self._order)
        self._big_endian = self._output.astype(">u4").tobytes()  # compares as the symbols do
        self._order_list: list[int] = self._order.tolist()
        self._lengths = [0] * len(self._output)  # by rank
        self._places = [0] * len(self._output)
        self._work = 0
        self._diagonal, self._until = 0, 0
        self._classify()

    def _classify(self) -> None:
        """Hashes of the output's runs, and the ranks of the suffixes that begin with each."""
        begins = self._order <= len(self._output) - self._shortest
        firsts = np.flatnonzero(begins & (self._common < self._shortest))
        bounds = np.flatnonzero(self._common < self._shortest)
        lasts = np.append(bounds, len(self._order))[np.searchsorted(bounds, firsts) + 1]
        self._base = _FIRST_BASE
        while True:
            hashes = run_hashes(self._output, self._shortest, self._base)[self._order[firsts]]
            if len(np.unique(hashes)) == len(hashes):
                break
            self._base += 2  # two different runs with one hash, which is rare
        sorting = np.argsort(hashes)
        self._hashes = hashes[sorting]
        self._firsts, self._lasts = firsts[sorting].tolist(), lasts[sorting].tolist()
        self._filter = np.zeros(1 << _FILTER_BITS, bool)
        self._filter[self._hashes >> np.uint64(64 - _FILTER_BITS)] = True

    def look_through(self, first: int, chunk: Symbols, body: int) -> bool:
        """Compare what begins in the first `body` symbols of a chunk; False when it has been enough."""
        hashes = run_hashes(chunk, self._shortest, self._base)[:body]
        if not len(self._hashes) or not len(hashes):
            return True
        maybe = np.flatnonzero(self._filter[hashes >> np.uint64(64 - _FILTER_BITS)])
        slots = np.minimum(np.searchsorted(self._hashes, hashes[maybe]), len(self._hashes) - 1)
        same = self._hashes[slots] == hashes[maybe]
        big_endian = chunk.astype(">u4").tobytes() if same.any() else b""
        for place, slot in zip(maybe[same].tolist(), slots[same].tolist(), strict=True):
            self._compare(first, chunk, big_endian, place, slot)
            if self._work >= MOST_WORK:
                return False
        return True

    def _compare(self, first: int, chunk: Symbols, big_endian: bytes, place: int, slot: int) -> None:
        low, high = self._firsts[slot], self._lasts[slot]
        self._work += 1
        if high - low == 1:
            # on from the place before, the run in common is the same one, less its first symbol
            on_from = self._diagonal == first + place - self._order_list[low]
            if on_from and first + place + self._shortest <= self._until:
                return
        if high - low <= _FEW:
            for rank in range(low, high):
                self._match(rank, first, chunk, place)
            return
        self._work += _MUCH
        wanted = big_endian[4 * place : 4 * (place + self._longest)]
        after = bisect.bisect_left(range(high), wanted, low, key=self._suffix_bytes)
        for rank in {max(low, after - 1), min(high - 1, after)}:
            self._match(rank, first, chunk, place)

    def _suffix_bytes(self, rank: int) -> bytes:
        start = self._order_list[rank]
        return self._big_endian[4 * start : 4 * (start + self._longest)]

    def _match(self, rank: int, first: int, chunk: Symbols, place: int) -> None:
        """Note what a suffix of the output and the corpus from a place on have in common, if it is more."""
        start, known = self._order_list[rank], self._lengths[rank]
        most = min(len(self._output) - start, len(chunk) - place)
        if known >= most or self._output[start + known] != chunk[place + known]:
            return  # as most often: it is no more than elsewhere
        self._work += _MUCH
        length = compared = 0
        step = _COMPARED_AT_FIRST
        while length == compared < most:
            ours = self._output[start + compared : start + compared + step]
            theirs = chunk[place + compared : place + compared + step]
            both = min(len(ours), len(theirs))
            differ = np.flatnonzero(ours[:both] != theirs[:both])
            length += int(differ[0]) if len(differ) else both
            compared += both
            step *= 4
        if length >= self._shortest and length > known:
            self._lengths[rank], self._places[rank] = length, first + place
        self._diagonal, self._until = first + place - start, first + place + length

    def found(self) -> Copied:
        lengths, places, common = self._lengths, self._places, self._common.tolist()
        for ranks in (range(1, len(lengths)), range(len(lengths) - 2, -1, -1)):
            step = ranks.step
            for rank in ranks:
                spread = min(lengths[rank - step], common[rank] if step > 0 else common[rank + 1])
                if spread >= self._shortest and spread > lengths[rank]:
                    lengths[rank], places[rank] = spread, places[rank - step]
        by_start = np.zeros((2, len(lengths)), np.int64)
        by_start[:, self._order] = lengths, places
        values = by_start.T.tolist()
        for start in range(1, len(values)):
            length, place = values[start - 1]
            if length - 1 >= self._shortest and length - 1 > values[start][0]:
                values[start] = [length - 1, place + 1]
        whole = np.array(values, np.int64).reshape(-1, 2)
        bounds = np.cumsum([0, *(length + 1 for length in self._text_lengths)])
        cut = [whole[begin : end - 1] for begin, end in pairwise(bounds.tolist())]
        return Copied(
            tuple(each[:, 0] for each in cut),
            tuple(each[:, 1] for each in cut),
            self._work < MOST_WORK,
        )


def _overlapping(corpus: Iterable[Symbols], margin: int) -> Iterator[tuple[int, Symbols, int]]:
    """Chunks with what follows them: where they begin, the symbols, and how many are the chunk's own."""
    first, kept = 0, np.zeros(0, np.uint32)
    for chunk in corpus:
        kept = np.concatenate([kept, chunk])
        body = len(kept) - margin
        if body > 0:
            yield first, kept, body
            first, kept = first + body, kept[body:]
    yield first, kept, len(kept)


def _overlap(one: Run, other: Run) -> bool:
    return (
        one.text == other.text
        and one.start < other.start + other.length
        and other.start < one.start + one.length
    )
