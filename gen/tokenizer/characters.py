"""Text as characters: one token a Unicode code point, and UTF-8 bytes for those without a token of their own.

A vocabulary holds the characters of the training part, up to a limit. Where the corpus has others, the
vocabulary ends with 256 byte tokens `<0x00>` … `<0xFF>` and each of the others is spelled in UTF-8; where it
has none, 65 characters are 65 tokens. Decoding joins the tokens' bytes, so it need not tell the two apart.
"""

import codecs
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gen.errors import TokenizerError
from gen.tokenizer.base import Ids, Tally, Tokenizer

CHARACTER_LIMIT = 2048
BYTE_TOKENS = tuple(f"<0x{byte:02X}>" for byte in range(256))

_CODE_POINTS = 0x110000
_UNSEEN = -1
_COUNTED_AT_ONCE = 1 << 16


class CharacterTokenizer(Tokenizer[str]):
    """One token a character, and UTF-8 byte tokens where the vocabulary has them.

    Args:
        tokens: Single characters, then either nothing or all of `BYTE_TOKENS`.

    Raises:
        TokenizerError: Other tokens, or no vocabulary at all (see `Tokenizer`).
    """

    name = "characters"
    version = 1
    measures = ("bits_per_character",)

    def __init__(self, tokens: Sequence[str]) -> None:
        super().__init__(tokens)
        self.has_bytes = self.tokens[-256:] == BYTE_TOKENS
        self.characters = self.tokens[:-256] if self.has_bytes else self.tokens
        if any(len(token) != 1 or "\ud800" <= token <= "\udfff" for token in self.characters):
            raise TokenizerError(
                "A vocabulary of characters holds a token that is not one character.",
                "Use an undamaged model file.",
            )
        self._ids_by_code = np.full(_CODE_POINTS, _UNSEEN, np.int32)
        self._ids_by_code[[ord(character) for character in self.characters]] = np.arange(len(self.characters))
        self._bytes_by_id = [character.encode() for character in self.characters]
        if self.has_bytes:
            self._bytes_by_id += [bytes([byte]) for byte in range(256)]

    @classmethod
    def learn(cls, training: Iterable[str], others: Iterable[str] = (), *, base: Self | None = None) -> Self:
        """The vocabulary of a corpus.

        Args:
            training: Chunks of the training part; its characters become tokens, the most frequent first in
                claiming the `CHARACTER_LIMIT` places, and stand in order of their code points.
            others: Chunks of the rest of the corpus, which must be spelled too.
            base: A vocabulary to extend: its tokens keep their order, new characters come after its own.
        """
        seen = cls.tally().of(training)
        return cls.from_tallies(seen, cls.tally().of(others), base=base)

    @classmethod
    def tally(cls) -> "CharacterTally":
        """An empty tally, for `from_tallies`."""
        return CharacterTally()

    @classmethod
    def from_tallies(
        cls, training: "CharacterTally", others: "CharacterTally", *, base: Self | None = None
    ) -> Self:
        """The vocabulary that `learn` finds, from what was counted in the two parts."""
        counts = training.counts
        kept = set(base.characters) if base else set()
        found = np.flatnonzero(counts)
        by_frequency = found[np.argsort(-counts[found], kind="stable")]
        new = [chr(code) for code in by_frequency if chr(code) not in kept]
        new = sorted(new[: max(0, CHARACTER_LIMIT - len(kept))])
        characters = (*(base.characters if base else ()), *new)
        own = {ord(character) for character in characters}
        spelled = {*found.tolist(), *np.flatnonzero(others.counts).tolist()}
        needs_bytes = (base is not None and base.has_bytes) or not spelled <= own
        return cls((*characters, *BYTE_TOKENS) if needs_bytes else characters)

    def encode(self, document: str) -> Ids:
        """See `Tokenizer.encode`; the error names the first five characters without a token."""
        codes = _code_points(document)
        ids = self._look_up(codes)
        if ids.min(initial=0) != _UNSEEN:
            return ids
        if not self.has_bytes:
            raise self._unseen_error(document)
        return self._spell(ids, codes)

    def decode(self, ids: Ids) -> str:
        """See `Tokenizer.decode`; it fails only where byte tokens spell no character."""
        try:
            return b"".join(map(self._bytes_by_id.__getitem__, ids.tolist())).decode()
        except UnicodeDecodeError as error:
            raise TokenizerError(
                f"The byte tokens spell no character at byte {error.start}.",
                "Decode ids that this tokenizer encoded.",
            ) from error

    def stream_decoder(self) -> Callable[[int], str]:
        """A function that takes one id after the other and gives each character once it is complete."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        return lambda number: decoder.decode(self._bytes_by_id[number])

    def start(self) -> Ids:
        """A line break, where the vocabulary has one: text then begins as a line does."""
        return np.array([self.ids.get("\n", 0)], np.int32)

    def transitions(self) -> NDArray[np.int16]:
        """Only what UTF-8 allows: see `Tokenizer.transitions` for the form."""
        plain = np.zeros((1, len(self.characters)), np.int16)
        if not self.has_bytes:
            return plain
        in_bytes = _utf8_automaton()
        table = np.full((len(in_bytes), len(self.tokens)), -1, np.int16)
        table[0, : len(self.characters)] = 0
        table[:, len(self.characters) :] = in_bytes
        return table

    def unseen(self, text: str) -> Counter[str]:
        """How often each character occurs that the vocabulary cannot say; empty where it has bytes."""
        if self.has_bytes:
            return Counter()
        codes = _code_points(text)
        return Counter(map(chr, codes[self._look_up(codes) == _UNSEEN].tolist()))

    def without_unseen(self, text: str) -> str:
        """The text less its unseen characters."""
        return text.translate({ord(character): None for character in self.unseen(text)})

    def units(self, ids: Ids) -> dict[str, float]:
        """How many characters ids have: tokens of their own, and the first bytes of spelled ones."""
        size = len(self.characters)
        spelled = ids[ids >= size] - size
        leads = (spelled < 0x80) | (spelled >= 0xC0)
        return {"character": int(np.count_nonzero(ids < size) + np.count_nonzero(leads))}

    def _look_up(self, codes: NDArray[np.uint32]) -> Ids:
        # no code point lies beyond the table: nothing is clipped, and nothing need be checked, which is slow
        return self._ids_by_code.take(codes, mode="clip")

    def _spell(self, ids: Ids, codes: NDArray[np.uint32]) -> Ids:
        unseen = ids == _UNSEEN
        rare = codes[unseen]
        lengths = np.ones(len(ids), np.int64)
        lengths[unseen] = 1 + (rare >= 0x80) + (rare >= 0x800) + (rare >= 0x10000)
        spelled = np.repeat(ids, lengths)
        in_utf8 = rare.astype("<u4").tobytes().decode("utf-32-le").encode()
        spelled[np.repeat(unseen, lengths)] = np.frombuffer(in_utf8, np.uint8) + np.int32(
            len(self.characters)
        )
        return spelled

    def _unseen_error(self, text: str) -> TokenizerError:
        unseen = self.unseen(text)
        first = ", ".join(f"{character!r} (U+{ord(character):04X})" for character in list(unseen)[:5])
        more = f" and {len(unseen) - 5} more" if len(unseen) > 5 else ""
        return TokenizerError(
            f"The vocabulary has no token for {first}{more}.",
            "Leave these characters out, or train on a corpus that has them.",
        )


def _code_points(text: str) -> NDArray[np.uint32]:
    try:
        return np.frombuffer(text.encode("utf-32-le"), "<u4")
    except UnicodeEncodeError as error:
        raise TokenizerError(
            f"The text has half of a surrogate pair at character {error.start}, which is no character.",
            "Give text in a proper encoding.",
        ) from error


class CharacterTally(Tally[str]):
    """How often each code point occurs.

    Attributes:
        counts: By code point.
    """

    def __init__(self) -> None:
        self.counts = np.zeros(_CODE_POINTS, np.int64)

    def add(self, document: str) -> None:
        """See `Tally.add`."""
        codes = _code_points(document)
        # bincount makes a 64-bit copy of its input: pieces that stay in the processor's cache are 15 x faster
        for start in range(0, len(codes), _COUNTED_AT_ONCE):
            found = np.bincount(codes[start : start + _COUNTED_AT_ONCE])
            self.counts[: len(found)] += found

    def merge(self, other: Self) -> None:
        """See `Tally.merge`."""
        self.counts += other.counts

    def to_json(self) -> dict[str, Any]:
        """See `Tally.to_json`."""
        found = np.flatnonzero(self.counts)
        return {"code_points": found.tolist(), "counts": self.counts[found].tolist()}

    def read(self, fields: Any) -> None:
        """See `Tally.read`."""
        try:
            np.add.at(self.counts, np.array(fields["code_points"], np.int64), fields["counts"])
        except (KeyError, TypeError, IndexError, OverflowError) as error:
            raise ValueError(f"no tally of characters: {error}") from error


def _utf8_automaton() -> NDArray[np.int16]:
    """Well-formed byte sequences (Unicode Standard, table 3-7) as `(S, 256)` transitions.

    States: 0 between characters; 1, 2, 3 with that many continuation bytes to come; 4 to 7 after the lead
    bytes E0, ED, F0, F4, whose next byte is bounded further.
    """
    table = np.full((8, 256), -1, np.int16)
    table[0, 0x00:0x80] = 0
    table[0, 0xC2:0xE0] = 1
    table[0, 0xE0:0xF0] = 2
    table[0, 0xF0:0xF5] = 3
    table[0, [0xE0, 0xED, 0xF0, 0xF4]] = [4, 5, 6, 7]
    for state in (1, 2, 3):
        table[state, 0x80:0xC0] = state - 1
    table[4, 0xA0:0xC0] = 1
    table[5, 0x80:0xA0] = 1
    table[6, 0x90:0xC0] = 2
    table[7, 0x80:0x90] = 2
    return table
