"""What a network is to read, and what can be counted in it, whatever kind it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gen.errors import GenError
from gen.tokenizer.base import Ids

# what a page can hold, and a reader look over
MOST_TOKENS = 2000
LEAST_TOKENS = 2


class Section(NamedTuple):
    """A line of a text or a bar of music: its name, and which token it begins with."""

    name: str
    first: int


class RolledNote(NamedTuple):
    """A note on the piano roll: the token that strikes it, onset and duration in ticks, pitch, part."""

    token: int
    onset_ticks: int
    duration_ticks: int
    pitch: int
    part: int


@dataclass(frozen=True)
class Passage:
    """What is read.

    Shapes:
        T tokens.

    Attributes:
        kind: `text` or `music`.
        start: Ids read before it, unseen.
        ids: `(T,)`.
        labels: What each token shows: a character, `Pitch_60`; nothing while a character is being spelled.
        unit: `character` or `note`.
        completes: `(T,)`, which tokens complete a unit; what came since the one before belongs to it.
        sections: Lines or bars, from the first token on.
        counted: What can be counted, by its name: `(T,)` each, after each token; not a number where there is
            nothing to count yet.
        whole: How many characters, or tokens of music, the prompt has.
        is_cut: Whether this is but the beginning of it.
        roll: The notes of music.
        ticks: `(T,)`, where in the piece each token of music is; empty for a text.
    """

    kind: str
    start: Ids
    ids: Ids
    labels: Sequence[str]
    unit: str
    completes: NDArray[np.bool_]
    sections: Sequence[Section]
    counted: dict[str, NDArray[np.float64]]
    whole: int
    is_cut: bool
    roll: Sequence[RolledNote] = ()
    ticks: Sequence[int] = ()

    def __post_init__(self) -> None:
        if len(self.ids) < LEAST_TOKENS:
            raise GenError(
                f"There are {len(self.ids)} tokens to read, and a look inside takes {LEAST_TOKENS}.",
                "Give a longer --prompt.",
            )

    @property
    def measure(self) -> str:
        """What `whole` counts."""
        return "characters" if self.kind == "text" else "tokens"

    def section_ends(self) -> list[int]:
        """The token after the last of each section."""
        return [*(section.first for section in self.sections[1:]), len(self.ids)]


def of_units(passage: Passage, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sums of a value over the tokens of each character or note; what follows the last is left out."""
    totals = np.cumsum(values)[passage.completes]
    return np.diff(totals, prepend=0.0)
