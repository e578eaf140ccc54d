"""What a comparison finds, whatever kind of model it is of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

from numpy.typing import NDArray

from gen.comparison.copied import Copied
from gen.comparison.histograms import Histogram

TEMPERATURES = (0.5, 0.8, 1.0, 1.2)
LIKE_THE_CORPUS = 1.0  # the temperature at which a model draws what it learned, neither safer nor wilder
SEED = 0
MOST_PASSAGES = 8
MOST_CORPUS_TOKENS = 100_000_000

Item = TypeVar("Item")


class Watch(Protocol):
    """Goes through items, and shows how far it is where that takes long."""

    def __call__(self, items: Iterable[Item], total: int, what: str, /) -> Iterator[Item]:
        """The items, of which there are so many, and what they are, in the singular."""


class Slices(Protocol):
    """Something to be sliced like an array."""

    def __getitem__(self, span: slice, /) -> NDArray[Any]:
        """What a span holds."""


class Ids(Protocol):
    """A part of a corpus as ids; see `gen.dataset.token_file.TokenFile`."""

    @property
    def tokens(self) -> int:
        """How many."""

    def map(self) -> Slices:
        """All of them, read as they are sliced."""

    def bounds(self, limit: int | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
        """Where the pieces begin, and where they end."""


class Parts(NamedTuple):
    """What a run learned from, and what it held out."""

    training: Ids
    held_out: Ids


@dataclass(frozen=True)
class Sample:
    """What was written at one temperature.

    Attributes:
        temperature: At which.
        options: Of `gen sample`, after the model: with them it writes the same.
        written: The texts, or pieces as `music_json` tells them.
    """

    temperature: float
    options: tuple[str, ...]
    written: tuple[Any, ...]


@dataclass(frozen=True)
class CopiedRow:
    """How much of something stands in the training part: its longest run, and the share in runs so long.

    The longest is 0 where it is shorter than the first threshold.
    """

    name: str
    size: int
    longest: int
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Passage:
    """A run that stands in the training part.

    Attributes:
        where: In the output, in words.
        corpus: In the corpus, in words.
        length: In the unit of the comparison.
        before: What comes before it in the output.
        text: The run itself, as text.
        after: What follows it in the output.
    """

    where: str
    corpus: str
    length: int
    before: str
    text: str
    after: str


@dataclass(frozen=True)
class Memorised:
    """What of an output stands in the training part.

    Attributes:
        unit: In which runs are measured, in the plural.
        thresholds: The lengths that the shares are of.
        rows: One a temperature, then one of the part held out, if there is one.
        passages: The longest ones of the output.
        complete: Whether no run can be longer than is said.
    """

    unit: str
    thresholds: tuple[int, ...]
    rows: tuple[CopiedRow, ...]
    passages: tuple[Passage, ...]
    complete: bool


@dataclass(frozen=True)
class Comparison:
    """What a model writes, beside what it learned from.

    Attributes:
        samples: By temperature.
        histograms: Of what was written at temperature 1.
        distances: By temperature, the total variation of each histogram; empty without a corpus.
        memorised: None without a corpus.
        corpus_read: How much of the training part was looked at, in words; empty without a corpus.
        remark: What should be known of the histograms, in a sentence.
    """

    samples: tuple[Sample, ...]
    histograms: tuple[Histogram, ...]
    distances: dict[float, tuple[float, ...]]
    memorised: Memorised | None
    corpus_read: str
    remark: str = ""


def copied_rows(
    copied: Copied, texts: dict[str, list[int]], thresholds: tuple[int, ...], sizes: dict[str, int]
) -> tuple[CopiedRow, ...]:
    """The rows of a table from the texts that each is about."""
    return tuple(
        CopiedRow(
            name,
            sizes[name],
            max((int(copied.lengths[text].max(initial=0)) for text in numbers), default=0),
            tuple(copied.share(threshold, numbers) for threshold in thresholds),
        )
        for name, numbers in texts.items()
    )


def sample_options(temperature: float, length: int, count: int) -> tuple[str, ...]:
    """The options of the `gen sample` that writes a sample again."""
    flags = {"temperature": temperature, "length": length, "count": count, "seed": SEED}
    return tuple(word for flag, value in flags.items() for word in (f"--{flag}", f"{value:g}"))
