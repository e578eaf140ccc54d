"""Which token may follow, so that all that is drawn is music: complete, in its one spelling, as wished.

That a token is allowed means that the piece can still be completed after it. It rests on this: a bar in which
nothing sounds has room for a note, at its first known position with the shortest known duration; notes never
outlast the last bar; a change without a note comes only while something sounds, or where a note can follow.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gen.errors import TokenizerError
from gen.tokenizer.base import Grammar, Ids
from gen.tokenizer.state import AFTER, PieceState, Player
from gen.tokenizer.symbols import Group, Symbol
from gen.tokenizer.wishes import Repertoire, Scale, Wishes

MOST_SILENT_BARS = 2  # one after the other

Row = NDArray[np.bool_]
_BEGINNINGS = (Group.BAR, Group.PITCH, Group.DRUM)


class NotesGrammar(Grammar):
    """What may follow on N streams; see `gen.tokenizer.notes.NotesTokenizer.grammar`.

    Ids that are followed before anything is drawn are a prompt: they have to be well-formed, but the wishes
    hold only for what comes after them, and its bars alone are counted. Something always comes after them:
    a note, or a bar in which something sounds.

    Args:
        symbols: The vocabulary.
        streams: N.
        wishes: What new music is to be like.
        velocity: Whether the vocabulary says velocities.
        melody: Whether one note sounds at a time.

    Raises:
        TokenizerError: A wish that the vocabulary cannot say, or that leaves it nothing to say.
    """

    def __init__(
        self, symbols: Sequence[Symbol], streams: int, wishes: Wishes, *, velocity: bool, melody: bool
    ) -> None:
        repertoire = Repertoire(symbols, wishes, velocity=velocity, melody=melody)
        self._symbols = symbols
        self._streams = [_Stream(repertoire, wishes, velocity, melody) for _ in range(streams)]
        self._size = len(symbols)
        self._counting = False
        self._asked: NDArray[np.bool_] | None = None

    def start_counting(self) -> None:
        """From here on the wishes hold and bars are counted; the first `allowed` does this too.

        Raises:
            TokenizerError: After this prompt no note can be said.
        """
        self._counting = True
        for stream in self._streams:
            stream.start_counting()

    def progress(self) -> NDArray[np.float64]:
        """How far each stream is on the way from the first bar (0) to the last there may be (1), `(N,)`."""
        return np.array([stream.progress for stream in self._streams])

    def allowed(self) -> NDArray[np.bool_]:
        """See `Grammar.allowed`; after `End` it is `End` alone."""
        if not self._counting:
            self.start_counting()
        if self._asked is None:
            self._asked = np.zeros((len(self._streams), self._size), bool)
            for row, stream in zip(self._asked, self._streams, strict=True):
                stream.allow(row)
        return self._asked.copy()

    def follow(self, ids: Ids) -> None:
        """See `Grammar.follow`."""
        if self._counting:
            may = self.allowed()[np.arange(len(ids)), ids]
            if not may.all():
                raise ValueError(f"one of the ids {ids} may not come")
        for stream, number in zip(self._streams, ids.tolist(), strict=True):
            stream.follow(self._symbols[number])
        self._asked = None


class _Stream:
    """One stream: the state of its piece, the bars that were counted, and what may follow."""

    def __init__(self, repertoire: Repertoire, wishes: Wishes, velocity: bool, melody: bool) -> None:
        self._knows = repertoire
        self._exact = wishes.bars is not None
        self._melody = melody
        self._state = PieceState(velocity=velocity)
        self._bars = 0  # begun since counting began
        self._goes_on = False  # whether a bar or a note was begun since then
        self._silent = 0  # silent bars before this one, one after the other

    def start_counting(self) -> None:
        self._bars = self._silent = 0
        self._goes_on = False
        if not self._may_add_part and not any(self._pitches(player).values for player in self._state.players):
            raise TokenizerError("After this prompt no note can be said.", "Give another prompt.")

    @property
    def progress(self) -> float:
        return min(1.0, max(0, self._bars - 1) / max(1, self._knows.most_bars - 1))

    def follow(self, symbol: Symbol) -> None:
        state = self._state
        if symbol.group is Group.END and state.last is Group.END:
            return
        silent = self._is_silent
        state.follow(symbol)
        self._goes_on |= symbol.group in _BEGINNINGS
        if symbol.group is Group.BAR:
            self._bars += 1
            self._silent = self._silent + 1 if silent else 0

    def allow(self, row: Row) -> None:
        """Set what may come next in a row of V."""
        state, knows = self._state, self._knows
        last = state.last
        if last is Group.END:
            row[knows.end] = True
        elif last is None or last is Group.START:
            row[knows.bar] = True
        elif last is Group.BAR and self._metre_is_due:
            row[list(knows.metres.values())] = True
        elif not self._allow_what_is_due(row, last):
            following = AFTER[last]
            if Group.METRE in following:
                self._allow_metres(row)
            if Group.BAR in following:
                self._allow_end_of_bar(row)
                self._allow_positions(row)
            if Group.KEY in following:
                knows.keys.allow_others(row, state.key)
            if Group.TEMPO in following:
                knows.tempos.allow_others(row, state.tempo)
            if Group.PART in following:
                self._allow_note(row)
            elif last is Group.PART and state.is_new:
                row[knows.programs] = True
                row[knows.drums] = True
            elif Group.BAR not in following:
                self._allow_rest_of_note(row)

    @property
    def _is_silent(self) -> bool:
        """Whether nothing sounds in the current bar yet."""
        state = self._state
        return state.metre is not None and state.sounding_end <= state.bar_start

    @property
    def _bars_to_come(self) -> int:
        return max(0, self._knows.most_bars - self._bars)

    @property
    def _limit(self) -> int:
        """Up to where notes may sound, in ticks: the end of the last bar, if the metre stays."""
        state, lengths = self._state, self._knows.metre_ticks
        next_ticks = lengths[state.metre] if state.metre in lengths else min(lengths.values())
        return state.bar_end + self._bars_to_come * next_ticks

    @property
    def _metre_is_due(self) -> bool:
        metre = self._state.metre
        return metre is None or (self._bars > 0 and metre not in self._knows.metres)

    def _allow_what_is_due(self, row: Row, last: Group) -> bool:
        """Set the way to the key that is wished for; False where none is due here."""
        knows = self._knows
        if not (self._bars and knows.key_is_wished) or self._state.key in knows.keys.places:
            return False
        if last in (Group.BAR, Group.METRE):
            row[knows.positions.places[0]] = True
        elif last is Group.POSITION:
            row[knows.keys.ids] = True
        else:
            return False
        return True

    def _allow_metres(self, row: Row) -> None:
        state, knows = self._state, self._knows
        for metre, ticks in knows.metre_ticks.items():
            if (
                metre != state.metre
                and state.bar_start + (self._bars_to_come + 1) * ticks >= state.sounding_end
            ):
                row[knows.metres[metre]] = True

    def _allow_end_of_bar(self, row: Row) -> None:
        state, knows = self._state, self._knows
        is_last = self._bars >= knows.most_bars
        row[knows.end] = state.may_end and self._goes_on and (is_last or not self._exact)
        # a prompt's note may last beyond the last bar: then there is one more
        must_sound = self._is_silent and self._silent >= MOST_SILENT_BARS
        row[knows.bar] = not must_sound and (not is_last or state.sounding_end > state.bar_end)

    def _allow_positions(self, row: Row) -> None:
        """Set the positions at which a note can begin, or a change can come while something sounds."""
        state, positions = self._state, self._knows.positions
        first = bisect_right(positions.values, state.position)
        beyond = bisect_left(positions.values, state.bar_ticks)
        free = bisect_left(positions.values, self._free_from() - state.bar_start)
        late = bisect_right(positions.values, self._limit - self._knows.shortest - state.bar_start)
        row[positions.ids[max(first, free) : min(beyond, late)]] = True
        if self._knows.keys.has_others(state.key) or self._knows.tempos.has_others(state.tempo):
            silent = bisect_left(positions.values, state.sounding_end - state.bar_start)
            row[positions.ids[first : min(beyond, silent)]] = True

    def _free_from(self) -> int:
        """The first tick after which a part can strike a note, as far as those that sound are concerned."""
        state = self._state
        if self._melody:
            return state.sounding_end
        if self._may_add_part:
            return 0
        ends = []
        for player in state.players:
            pitches = self._pitches(player)
            held = [end for pitch, end in player.sounding.items() if pitch in pitches.places]
            if len(held) < len(pitches.values):
                return 0
            ends += held
        return min(ends)

    @property
    def _may_add_part(self) -> bool:
        state, knows = self._state, self._knows
        if not state.players:
            return True
        # a melody has one part, but a prompt's drums cannot play it
        if self._melody and any(self._pitches(player).values for player in state.players):
            return False
        return len(state.players) + 1 in knows.parts

    def _pitches(self, player: Player) -> Scale[int]:
        return self._knows.drum_pitches if player.part.is_drums else self._knows.pitches

    def _can_strike(self, player: Player, above: int) -> bool:
        pitches = self._pitches(player)
        held = sum(pitch > above and pitch in pitches.places for pitch in player.sounding)
        return len(pitches.values) - bisect_right(pitches.values, above) > held

    def _allow_note(self, row: Row) -> None:
        """Set what a note at this position can begin with."""
        state, knows = self._state, self._knows
        tick = state.tick
        if tick + knows.shortest > self._limit or (self._melody and tick < state.sounding_end):
            return
        if state.players and self._can_strike(state.player, state.highest):
            self._allow_rest_of_note(row)
        for place, player in enumerate(state.players):
            later = place > state.running if state.struck else place != state.running
            if later and self._can_strike(player, -1):
                row[knows.parts[place + 1]] = True
        if self._may_add_part:
            row[knows.parts[len(state.players) + 1]] = True

    def _allow_rest_of_note(self, row: Row) -> None:
        """Set what of duration, velocity and pitch can come next for the part that plays."""
        state, knows, player = self._state, self._knows, self._state.player
        tick, limit = state.tick, self._limit
        if state.last is not Group.DURATION and state.last is not Group.VELOCITY:
            fitting = bisect_right(knows.durations.values, limit - tick)
            row[knows.durations.ids[:fitting]] = True
            if player.duration:
                row[knows.durations.places[player.duration]] = False
        if not player.duration or tick + player.duration > limit:
            return
        if state.says_velocity and state.last is not Group.VELOCITY:
            knows.velocities.allow_others(row, player.velocity)
        if state.says_velocity and player.velocity < 0:
            return
        pitches = self._pitches(player)
        row[pitches.ids[bisect_right(pitches.values, state.highest) :]] = True
        for pitch in player.sounding:
            if pitch in pitches.places:
                row[pitches.places[pitch]] = False
