"""What every tokenizer is: a vocabulary of readable strings, and two functions between documents and ids.

A child writes `encode` and `decode`. The rest follows from the vocabulary, which is data: it travels in the
model file as JSON with a version, so a model needs nothing but its own file to read and write.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from gen.config import MAX_VOCABULARY
from gen.errors import TokenizerError

Document = TypeVar("Document")
Ids = NDArray[np.int32]


class Grammar(ABC):
    """What may follow, on N streams side by side; it knows ids and moves on with each that is drawn."""

    @abstractmethod
    def allowed(self) -> NDArray[np.bool_] | None:
        """Which ids may come next, `(N, V)`, at least one a stream; None where all may."""

    @abstractmethod
    def follow(self, ids: Ids) -> None:
        """Move on by one id a stream.

        Shapes:
            ids: `(N,)`.

        Raises:
            ValueError: One of them may not come.
        """


class Automaton(Grammar):
    """A finite automaton as a grammar.

    Args:
        transitions: `(S, V)`, see `Tokenizer.transitions`.
        streams: N.
    """

    def __init__(self, transitions: NDArray[np.int16], streams: int) -> None:
        self._transitions = transitions
        self._may = transitions >= 0
        self._restricts = not self._may.all()
        self._states = np.zeros(streams, np.int16)

    def allowed(self) -> NDArray[np.bool_] | None:
        """See `Grammar.allowed`."""
        return self._may[self._states] if self._restricts else None

    def follow(self, ids: Ids) -> None:
        """See `Grammar.follow`."""
        if self._restricts:
            self._states = self._transitions[self._states, ids]
            if (self._states < 0).any():
                raise ValueError(f"one of the ids {ids} may not come")


class Tally(ABC, Generic[Document]):
    """What a vocabulary is learned from: all that it needs to know of the documents seen.

    Tallies of the parts of a corpus, made apart, come together to that of the whole.
    """

    @abstractmethod
    def add(self, document: Document) -> None:
        """Take in one more document."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Take in what another has seen."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """The tally as a JSON-ready dict."""

    @abstractmethod
    def read(self, fields: Any) -> None:
        """Take in what `to_json` of another wrote.

        Raises:
            ValueError: It did not.
        """

    def of(self, documents: Iterable[Document]) -> Self:
        """This tally with documents taken in."""
        for document in documents:
            self.add(document)
        return self


class Tokenizer(ABC, Generic[Document]):
    """A vocabulary, and the way between documents and ids.

    Args:
        tokens: The vocabulary; a token's id is its place. Distinct, non-empty strings.

    Raises:
        TokenizerError: The vocabulary is empty, too large, or has a token twice.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    # whether a document is a piece, to be read from a fresh state, or a part of one long text
    by_piece: ClassVar[bool] = False
    # how losses are reported besides nats a token: nats or bits per unit of `units`
    measures: ClassVar[tuple[str, ...]] = ()

    def __init__(self, tokens: Sequence[str]) -> None:
        if not 1 <= len(tokens) <= MAX_VOCABULARY:
            raise TokenizerError(
                f"A vocabulary has from 1 to {MAX_VOCABULARY} tokens, not {len(tokens)}.",
                "Use a model or a corpus with a vocabulary of that size.",
            )
        self.tokens = tuple(tokens)
        self.ids = {token: number for number, token in enumerate(self.tokens)}
        if len(self.ids) != len(self.tokens):
            raise TokenizerError("A vocabulary holds the same token twice.", "Use an undamaged model file.")

    @abstractmethod
    def encode(self, document: Document) -> Ids:
        """The ids of a document.

        Raises:
            TokenizerError: The document has something the vocabulary cannot say.
        """

    @abstractmethod
    def decode(self, ids: Ids) -> Document:
        """The document that ids stand for; `decode(encode(document)) == document`.

        Raises:
            TokenizerError: No document has these ids.
        """

    def start(self) -> Ids:
        """The ids that a model reads, unseen, before it writes without a prompt."""
        return np.zeros(1, np.int32)

    def transitions(self) -> NDArray[np.int16]:
        """Which token may follow, as a finite automaton.

        Shapes:
            `(S, V)`: in state s token v leads to state `transitions[s, v]`, or is forbidden where that is -1.
            State 0 is the start, and the only one in which a document is complete.
        """
        return np.zeros((1, len(self.tokens)), np.int16)

    def grammar(self, streams: int) -> Grammar:
        """What may follow on so many streams, from the start of a document."""
        return Automaton(self.transitions(), streams)

    def losses(self, document: Document) -> Counter[str]:  # noqa: ARG002 - nothing is lost here
        """What encoding changes or leaves out of a document, and how often."""
        return Counter()

    def unseen(self, document: Document) -> Counter[str]:  # noqa: ARG002 - a vocabulary that can say everything
        """What the vocabulary cannot say of a document, and how often it occurs."""
        return Counter()

    def without_unseen(self, document: Document) -> Document:
        """The document less what the vocabulary cannot say."""
        return document

    def variants(self) -> NDArray[np.int32]:
        """Maps from ids to ids under which a piece becomes another one of its style, for training.

        Shapes:
            `(K, V)`; row by row, -1 where a token has no counterpart.
        """
        return np.arange(len(self.tokens), dtype=np.int32)[None]

    def variant_range(self, ids: Ids) -> tuple[int, int]:  # noqa: ARG002 - here all pieces have but one
        """The first and the last row of `variants` that a piece may be read under."""
        return 0, 0

    def units(self, ids: Ids) -> dict[str, float]:  # noqa: ARG002 - here there are none
        """How many the ids have of each unit that `measures` name."""
        return {}

    def choices(self) -> dict[str, bool]:
        """What was chosen when the vocabulary was learned, by the names that `learn` has for it."""
        return {}

    def to_json(self) -> dict[str, Any]:
        """The tokenizer as a JSON-ready dict."""
        return {"name": self.name, "version": self.version, "tokens": list(self.tokens)}

    @classmethod
    def from_json(cls, fields: Any) -> Self:
        """The tokenizer that `to_json` wrote.

        Raises:
            TokenizerError: The fields are not those of this tokenizer, or of a newer release.
        """
        if not isinstance(fields, dict) or fields.get("name") != cls.name:
            raise TokenizerError(f"The vocabulary is not one of {cls.name}.", "Use an undamaged model file.")
        if fields.get("version") != cls.version:
            raise TokenizerError(
                f"The vocabulary has version {fields.get('version')!r}; this release reads {cls.version}.",
                "Install the release of gen that wrote the model, or a newer one.",
            )
        tokens = fields.get("tokens")
        if not isinstance(tokens, list) or not all(isinstance(token, str) and token for token in tokens):
            raise TokenizerError(
                "The vocabulary's tokens are not a list of strings.", "Use an undamaged model file."
            )
        return cls(tokens)
