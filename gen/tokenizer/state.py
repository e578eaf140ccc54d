"""Where a piece stands after each of its tokens: what it says so far, and whether the next can be read.

A piece is `Start`, bars, `End`. A bar is `Bar`, its `Metre` if it is another one, and positions at which
something begins: `Key`, `Tempo`, then notes. A note is the `Part` if it is not that of the note before, the
`Program` or `Drums` of a part that is new, its `Duration` and `Velocity` unless the part's last note had the
same, and its `Pitch` or `Drum`. The notes of a position stand by part and pitch.
"""

from collections.abc import Callable
from typing import Any

from gen.score import DEFAULT_VELOCITY, Key, Metre, Part, Score, Tempo, make_score
from gen.tokenizer.symbols import VELOCITY_BIN, Group, Symbol, key_at

LAST_TICK = (1 << 31) - 1  # a score's numbers have 32 bits

NOTE = frozenset({Group.PART, Group.DURATION, Group.VELOCITY, Group.PITCH, Group.DRUM})
_ON = frozenset({Group.POSITION, Group.BAR, Group.END})
_STRIKE = frozenset({Group.DURATION, Group.VELOCITY, Group.PITCH, Group.DRUM})
# which groups can come after which
AFTER: dict[Group | None, frozenset[Group]] = {
    None: frozenset({Group.START, Group.BAR, Group.END}),
    Group.START: frozenset({Group.BAR, Group.END}),
    Group.END: frozenset(),
    Group.BAR: _ON | {Group.METRE},
    Group.METRE: _ON,
    Group.POSITION: NOTE | {Group.KEY, Group.TEMPO},
    Group.KEY: NOTE | _ON | {Group.TEMPO},
    Group.TEMPO: NOTE | _ON,
    Group.PART: _STRIKE | {Group.PROGRAM, Group.DRUMS},
    Group.PROGRAM: frozenset({Group.DURATION}),
    Group.DRUMS: frozenset({Group.DURATION}),
    Group.DURATION: _STRIKE - {Group.DURATION},
    Group.VELOCITY: frozenset({Group.PITCH, Group.DRUM}),
    Group.PITCH: NOTE | _ON,
    Group.DRUM: NOTE | _ON,
}


class Player:
    """A part, with what its last note was like.

    Attributes:
        part: Who plays.
        duration: Of the last note, in ticks; 0 before the first.
        velocity: Bin of the last note; -1 before the first.
        sounding: Where each pitch ends, in ticks, that sounds at the current position.
    """

    __slots__ = ("duration", "part", "sounding", "velocity")

    def __init__(self, part: Part) -> None:
        self.part = part
        self.duration = 0
        self.velocity = -1
        self.sounding: dict[int, int] = {}


class PieceState:
    """What the tokens of a piece have said so far.

    Args:
        velocity: Whether velocities are said.

    Attributes:
        last: Group of the last token; None before the first.
        bar_start: Where the current bar begins, in ticks.
        bar_ticks: Its length; 0 before the first metre.
        metre: Numerator and denominator in force; None before the first.
        position: Of the current position in its bar, in ticks; -1 before the first.
        key: Value of the key's symbol in force; None before the first.
        tempo: Beats a minute in force; 0 before the first.
        players: The parts, by first appearance.
        running: Index of the part that plays; -1 before the first.
        is_new: Whether that part was only named, and has no program yet.
        highest: The pitch that the running part struck last at this position; -1 before.
        struck: Whether a note was struck at this position.
        sounding_end: Where the last note ends that was struck so far.
        says_velocity: Whether velocities are said.
        last_change: Where key or tempo changed last; -1 before.
    """

    def __init__(self, *, velocity: bool) -> None:
        self.last: Group | None = None
        self.bar_start = 0
        self.bar_ticks = 0
        self.metre: tuple[int, int] | None = None
        self.position = -1
        self.key: tuple[int, int] | None = None
        self.tempo = 0
        self.players: list[Player] = []
        self.running = -1
        self.is_new = False
        self.highest = -1
        self.struck = False
        self.sounding_end = 0
        self.last_change = -1
        self.says_velocity = velocity
        self._notes: list[tuple[int, int, int, int, int]] = []
        self._tempos: list[Tempo] = []
        self._metres: list[Metre] = []
        self._keys: list[Key] = []

    @property
    def tick(self) -> int:
        """Where the current position is, from the beginning of the piece."""
        return self.bar_start + self.position

    @property
    def bar_end(self) -> int:
        """Where the current bar ends, in ticks."""
        return self.bar_start + self.bar_ticks

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing from what was begun."""
        return Group.END in AFTER[self.last] and (self.last is not Group.BAR or self.metre is not None)

    @property
    def may_end(self) -> bool:
        """Whether the piece can end here: in the bar in which the last note ends, and not after a change."""
        if self.metre is None:
            return self.last is not Group.BAR
        return max(self.bar_start, self.last_change) < self.sounding_end <= self.bar_end

    @property
    def player(self) -> Player:
        """The part that plays."""
        return self.players[self.running]

    def follow(self, symbol: Symbol) -> None:
        """Read one more token.

        Raises:
            ValueError: It cannot come here.
        """
        group, value = symbol
        if group not in AFTER[self.last] or not _READ[group](self, value):
            raise ValueError(f"{group.word} {value} cannot come after {self.last and self.last.word} here")
        self.last = group

    def score(self) -> Score:
        """What was read.

        Raises:
            ValueError: Something was begun and not completed.
        """
        if self.last is not Group.END and not self.is_complete:
            raise ValueError(f"the piece stops after {self.last and self.last.word}")
        return make_score(
            self._notes,
            [player.part for player in self.players],
            tempos=self._tempos,
            metres=self._metres,
            keys=self._keys,
        ).score

    # what each group does: False where it may come, but not with this value

    def _start(self, _: Any) -> bool:
        return True

    def _end(self, _: Any) -> bool:
        return self.may_end

    def _set_key(self, value: tuple[int, int]) -> bool:
        # the same key again is read: transposition can make one key of two with the same sound
        self.key, self.last_change = value, self.tick
        self._keys.append(key_at(self.tick, value))
        return True

    def _set_tempo(self, bpm: int) -> bool:
        if bpm == self.tempo:
            return False
        self.tempo, self.last_change = bpm, self.tick
        self._tempos.append(Tempo(self.tick, bpm))
        return True

    def _begin_bar(self, _: Any) -> bool:
        if self.last is Group.BAR and self.metre is None:
            return False
        self.bar_start += self.bar_ticks
        self.position = -1
        return self.bar_start <= LAST_TICK

    def _set_metre(self, value: tuple[int, int]) -> bool:
        if value == self.metre:
            return False
        metre = Metre(self.bar_start, *value)
        self.metre, self.bar_ticks = value, metre.bar_ticks
        self._metres.append(metre)
        return self.bar_end <= LAST_TICK

    def _move(self, position: int) -> bool:
        if not self.position < position < self.bar_ticks:
            return False
        self.position = position
        self.highest, self.struck = -1, False
        tick = self.tick
        for player in self.players:
            if player.sounding:
                player.sounding = {pitch: end for pitch, end in player.sounding.items() if end > tick}
        return True

    def _choose_part(self, number: int) -> bool:
        part = number - 1
        if part > len(self.players) or part == self.running or (self.struck and part < self.running):
            return False
        self.running, self.highest = part, -1
        self.is_new = part == len(self.players)
        return True

    def _add_program(self, program: int) -> bool:
        return self._add_player(Part(program))

    def _add_drums(self, _: Any) -> bool:
        return self._add_player(Part(is_drums=True))

    def _add_player(self, part: Part) -> bool:
        if not self.is_new:
            return False
        self.players.append(Player(part))
        self.is_new = False
        return True

    def _set_duration(self, ticks: int) -> bool:
        if self.running < 0 or self.is_new or ticks == self.player.duration:
            return False
        self.player.duration = ticks
        return True

    def _set_velocity(self, velocity: int) -> bool:
        if self.running < 0 or self.is_new or not self.player.duration or velocity == self.player.velocity:
            return False
        self.player.velocity = velocity
        return True

    def _strike_pitch(self, pitch: int) -> bool:
        return self._strike(pitch, False)

    def _strike_drum(self, pitch: int) -> bool:
        return self._strike(pitch, True)

    def _strike(self, pitch: int, is_drum: bool) -> bool:
        if self.running < 0 or self.is_new:
            return False
        player, tick = self.player, self.tick
        wrong = is_drum != player.part.is_drums or not player.duration or pitch <= self.highest
        if wrong or (self.says_velocity and player.velocity < 0) or pitch in player.sounding:
            return False
        end = tick + player.duration
        player.sounding[pitch] = end
        self.sounding_end = max(self.sounding_end, end)
        self.highest, self.struck = pitch, True
        loudness = (
            player.velocity * VELOCITY_BIN + VELOCITY_BIN // 2 if self.says_velocity else DEFAULT_VELOCITY
        )
        self._notes.append((tick, player.duration, pitch, loudness, self.running))
        return end <= LAST_TICK


_READ: dict[Group, Callable[[PieceState, Any], bool]] = {
    Group.START: PieceState._start,
    Group.END: PieceState._end,
    Group.BAR: PieceState._begin_bar,
    Group.METRE: PieceState._set_metre,
    Group.POSITION: PieceState._move,
    Group.KEY: PieceState._set_key,
    Group.TEMPO: PieceState._set_tempo,
    Group.PART: PieceState._choose_part,
    Group.PROGRAM: PieceState._add_program,
    Group.DRUMS: PieceState._add_drums,
    Group.DURATION: PieceState._set_duration,
    Group.VELOCITY: PieceState._set_velocity,
    Group.PITCH: PieceState._strike_pitch,
    Group.DRUM: PieceState._strike_drum,
}
