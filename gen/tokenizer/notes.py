"""Music as readable tokens: bars, positions in them, and the notes that begin there.

    Start
    Bar Metre_3/4                                       the metre in the first bar and where it changes
      Position_0 Key_G Tempo_96                         one position a tick at which something begins
        Part_1 Program_40 Duration_24 Velocity_4 Pitch_67
        Pitch_71                                        the same part, duration and velocity again
      Position_24 Duration_12 Pitch_74
    End

A score has one spelling, so what a model learns is never which of two it meets; see `gen.tokenizer.state`
for what may follow what. What a spelling leaves out of a score, `losses` counts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gen.errors import TokenizerError
from gen.score import TICKS_PER_QUARTER, Score
from gen.tokenizer.base import Ids, Tokenizer
from gen.tokenizer.grammar import NotesGrammar
from gen.tokenizer.grid import on_grid
from gen.tokenizer.notes_tally import NotesTally, choices_with, found_together
from gen.tokenizer.spelling import spell, without
from gen.tokenizer.state import PieceState
from gen.tokenizer.symbols import Group, read_symbol, write_symbol
from gen.tokenizer.transposition import SHIFTS, played, shift_range, shifted
from gen.tokenizer.wishes import Wishes

CHOICES = ("velocity", "melody", "transpose")
_FRAME = ("Start", "End", "Bar")
_UNDAMAGED = "Use an undamaged model file."


class NotesTokenizer(Tokenizer[Score]):
    """The tokens of music.

    Args:
        tokens: `Start` first; any others that `gen.tokenizer.symbols` can read, `End` and `Bar` among them.
        velocity: Whether velocities are said, in bins of 16; None does where there are tokens for them.
        melody: Whether the parts are merged to one voice.
        transpose: Whether pieces are learned in other keys too.

    Raises:
        TokenizerError: Other tokens, or no vocabulary at all (see `Tokenizer`).
    """

    name = "notes"
    version = 1
    by_piece = True
    measures = ("nats_per_note", "nats_per_beat")

    def __init__(
        self,
        tokens: Sequence[str],
        *,
        velocity: bool | None = None,
        melody: bool = False,
        transpose: bool = True,
    ) -> None:
        super().__init__(tokens)
        try:
            self.symbols = [read_symbol(token) for token in self.tokens]
        except ValueError as error:
            raise TokenizerError(f"A vocabulary of music: {error}.", _UNDAMAGED) from error
        if self.tokens[0] != "Start" or not self.ids.keys() >= set(_FRAME):
            raise TokenizerError("A vocabulary of music begins with Start, and has End and Bar.", _UNDAMAGED)
        has_velocities = any(symbol.group is Group.VELOCITY for symbol in self.symbols)
        if velocity is False and has_velocities:
            raise TokenizerError("A vocabulary without velocities has some.", _UNDAMAGED)
        self.velocity = has_velocities if velocity is None else velocity
        self.melody = melody
        self.transpose = transpose

    @classmethod
    def learn(
        cls,
        training: Iterable[Score],
        others: Iterable[Score] = (),
        *,
        base: Self | None = None,
        transpose: bool = True,
        velocity: bool | None = None,
        melody: bool | None = None,
    ) -> Self:
        """The vocabulary of a corpus.

        Args:
            training: Scores of the training part.
            others: Those of the rest of the corpus, which must be said too.
            base: A vocabulary to extend: its tokens keep their order, new ones come after them; whether it
                says velocities and melodies stands.
            transpose: Whether pieces are learned in other keys too, whose pitches are then added; holds with
                a base, too, whatever that was made with.
            velocity: Whether to say velocities; None does as the base, or without one if the training part
                has more than one bin of them.
            melody: Whether to merge the parts to one voice; None does as the base, or without one if every
                piece of the corpus is a melody anyway.

        Raises:
            TokenizerError: The base was made with another choice, or there is no note.
        """
        choices = choices_with(base.choices() if base else None, transpose, velocity, melody)
        seen = cls.tally(**choices).of(training)
        return cls.from_tallies(seen, cls.tally(**choices).of(others), base=base, **choices)

    @classmethod
    def tally(
        cls, *, transpose: bool = True, velocity: bool | None = None, melody: bool | None = None
    ) -> NotesTally:
        """An empty tally, for `from_tallies` with the same choices."""
        return NotesTally(transpose=transpose, velocity=velocity, melody=melody)

    @classmethod
    def from_tallies(
        cls,
        training: NotesTally,
        others: NotesTally,
        *,
        base: Self | None = None,
        transpose: bool = True,
        velocity: bool | None = None,
        melody: bool | None = None,
    ) -> Self:
        """The vocabulary that `learn` finds, from what was seen in the two parts.

        Raises:
            TokenizerError: As `learn`.
        """
        found, velocity, melody = found_together(training, others, velocity, melody)
        own = base.tokens if base is not None else _FRAME
        tokens = [write_symbol(symbol) for symbol in sorted(found)]
        new = [token for token in tokens if token not in set(own)]
        learned = cls((*own, *new), velocity=velocity, melody=melody, transpose=transpose)
        if not any(map(learned.is_note, range(len(learned.tokens)))):
            raise TokenizerError(
                "There is no note to learn in this corpus.",
                "Give music with notes; for melodies, not of drums alone.",
            )
        return learned

    def on_grid(self, score: Score) -> Score:
        """What tokens keep of a score: `decode(encode(score))`, parts in the order in which they appear."""
        return on_grid(score, velocity=self.velocity, melody=self.melody)[0]

    def losses(self, score: Score) -> Counter[str]:
        """How often each thing is in a score that `on_grid` changes; if there is none, it changes nothing."""
        return on_grid(score, velocity=self.velocity, melody=self.melody)[1]

    def encode(self, document: Score) -> Ids:
        """See `Tokenizer.encode`; what `losses` counts is left out."""
        tokens = spell(self.on_grid(document), velocity=self.velocity)
        try:
            return np.fromiter((self.ids[token] for token in tokens), np.int32)
        except KeyError:
            unseen = list(self.unseen(document))
        first = ", ".join(unseen[:5])
        more = f" and {len(unseen) - 5} more" if len(unseen) > 5 else ""
        raise TokenizerError(
            f"The vocabulary has no token for {first}{more}.",
            "Leave these out of the piece, or train on a corpus that has them.",
        )

    def decode(self, ids: Ids) -> Score:
        """See `Tokenizer.decode`; `Start` and `End` may be missing."""
        state = PieceState(velocity=self.velocity)
        try:
            for number in ids.tolist():
                state.follow(self.symbols[number])
            return state.score()
        except (ValueError, IndexError) as error:
            raise TokenizerError(f"The tokens are no piece: {error}.", "Decode ids of whole bars.") from error

    def is_note(self, number: int) -> bool:
        """Whether an id strikes a note."""
        return self.symbols[number].group in (Group.PITCH, Group.DRUM)

    def start(self) -> Ids:
        """`Start`, which is read first and never written."""
        return np.array([self.ids["Start"]], np.int32)

    def grammar(
        self,
        streams: int,
        *,
        bars: int | None = None,
        most_bars: int = 64,
        key: str | None = None,
        metre: str | None = None,
        pitch_range: tuple[int, int] | None = None,
        melody: bool = False,
    ) -> NotesGrammar:
        """What may follow, from the start of a piece, and so that wishes come true.

        Args:
            streams: N.
            bars: Exactly so many; None leaves the end to the model.
            most_bars: So many at the most, where `bars` is None.
            key: Such as `G` or `Em`.
            metre: Such as `3/4`.
            pitch_range: The lowest and the highest pitch, as MIDI numbers; drums may play any.
            melody: Whether one note sounds at a time; else only where the vocabulary is for melodies.

        Raises:
            TokenizerError: A wish that cannot be said with this vocabulary.
        """
        wishes = Wishes(bars, most_bars, key, metre, pitch_range)
        return NotesGrammar(
            self.symbols, streams, wishes, velocity=self.velocity, melody=self.melody or melody
        )

    def unseen(self, document: Score) -> Counter[str]:
        """How often each token occurs that the vocabulary lacks."""
        counts = Counter(spell(self.on_grid(document), velocity=self.velocity))
        return Counter({token: count for token, count in counts.items() if token not in self.ids})

    def without_unseen(self, document: Score) -> Score:
        """The score less the notes and changes that cannot be said; a metre gives way to one that can."""
        if not self.unseen(document):
            return document
        kept = self.on_grid(document)
        metres = [(v[0], v[1]) for group, v in self.symbols if group is Group.METRE and isinstance(v, tuple)]
        while unseen := self.unseen(kept):
            kept = self.on_grid(without(kept, set(map(read_symbol, unseen)), metres))
        return kept

    def variants(self) -> NDArray[np.int32]:
        """Transpositions, a row for each of `SHIFTS`; pitches and keys move, drums do not."""
        if not self.transpose:
            return super().variants()
        places = {symbol: place for place, symbol in enumerate(self.symbols)}
        rows = np.full((len(SHIFTS), len(self.symbols)), -1, np.int32)
        for row, semitones in zip(rows, SHIFTS, strict=True):
            for place, symbol in enumerate(self.symbols):
                if (moved := shifted(symbol, semitones)) is not None:
                    row[place] = places.get(moved, -1)
        return rows

    def variant_range(self, ids: Ids) -> tuple[int, int]:
        """The rows of `variants` under which every part stays playable and everything can be said.

        A part's range is that of its instrument, and whatever more it plays in this piece.
        """
        if not self.transpose:
            return super().variant_range(ids)
        low, high = shift_range(played(map(self.symbols.__getitem__, ids.tolist())))
        used = self._variants[:, np.unique(ids)]
        sayable: list[bool] = np.all(used >= 0, axis=1).tolist()
        home = SHIFTS.index(0)
        first = last = home
        while first > home + low and sayable[first - 1]:
            first -= 1
        while last < home + high and sayable[last + 1]:
            last += 1
        return first, last

    @cached_property
    def _variants(self) -> NDArray[np.int32]:
        return self.variants()

    def units(self, ids: Ids) -> dict[str, float]:
        """Notes, and beats: quarters up to the end of the last note.

        Args:
            ids: Whole pieces, one after the other; the first may be without its `Start`.
        """
        struck = [symbol.group in (Group.PITCH, Group.DRUM) for symbol in self.symbols]
        ticks = sum(
            self.decode(piece).length_ticks for piece in np.split(ids, np.flatnonzero(ids == 0)) if len(piece)
        )
        return {"note": int(np.array(struck)[ids].sum()), "beat": ticks / TICKS_PER_QUARTER}

    def choices(self) -> dict[str, bool]:
        """What the vocabulary was made with: `velocity`, `melody` and `transpose`."""
        return {name: getattr(self, name) for name in CHOICES}

    def to_json(self) -> dict[str, Any]:
        """See `Tokenizer.to_json`."""
        return super().to_json() | self.choices()

    @classmethod
    def from_json(cls, fields: Any) -> Self:
        """See `Tokenizer.from_json`."""
        plain = super().from_json(fields)
        choices = {name: fields.get(name) for name in CHOICES}
        if not all(isinstance(choice, bool) for choice in choices.values()):
            raise TokenizerError("A vocabulary of music lacks the choices it was made with.", _UNDAMAGED)
        return cls(plain.tokens, **choices)
