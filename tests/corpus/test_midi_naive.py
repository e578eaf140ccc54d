"""Files of another writer, folded by naive pairing of notes."""

import io
from fractions import Fraction
from math import floor
from typing import Any

import mido
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.corpus.midi import read_midi
from gen.score import Key, Metre, Part, Tempo, make_score
from tests.corpus.test_midi import DRUMS

times = st.one_of(st.sampled_from([0, 0, 120, 240, 480]), st.integers(0, 700))


channels = st.sampled_from([0, 1, 9])


heights = st.integers(60, 62)


messages = st.one_of(
    st.builds(mido.Message, st.just("note_on"), channel=channels, note=heights, velocity=st.integers(0, 127)),
    st.builds(mido.Message, st.just("note_on"), channel=channels, note=heights, velocity=st.just(64)),
    st.builds(mido.Message, st.just("note_off"), channel=channels, note=heights),
    st.builds(mido.Message, st.just("program_change"), channel=channels, program=st.integers(0, 3)),
    st.builds(mido.Message, st.just("control_change"), channel=channels, control=st.integers(0, 127)),
    st.builds(mido.Message, st.just("pitchwheel"), channel=channels, pitch=st.integers(-8192, 8191)),
    st.builds(mido.Message, st.just("aftertouch"), channel=channels, value=st.integers(0, 127)),
    st.builds(mido.Message, st.just("polytouch"), channel=channels, note=heights),
    st.builds(mido.Message, st.just("sysex"), data=st.just((1, 2, 3))),
    st.builds(mido.MetaMessage, st.just("lyrics"), text=st.just("la")),
    st.builds(mido.MetaMessage, st.just("set_tempo"), tempo=st.integers(100_000, 2_000_000)),
    st.builds(mido.MetaMessage, st.just("time_signature"), numerator=st.integers(1, 7)),
    st.builds(mido.MetaMessage, st.just("key_signature"), key=st.sampled_from(["C", "Am", "Eb", "F#m"])),
)


FIFTHS = {"C": (0, "major"), "Am": (0, "minor"), "Eb": (-3, "major"), "F#m": (3, "minor")}


@st.composite
def mido_files(draw: st.DrawFn) -> bytes:
    tracks = draw(st.integers(1, 3))
    file = mido.MidiFile(
        type=0 if tracks == 1 else 1, ticks_per_beat=draw(st.sampled_from([24, 96, 480, 100, 7]))
    )
    for _ in range(tracks):
        timed = draw(st.lists(st.tuples(times, messages), max_size=25))
        file.tracks.append(mido.MidiTrack(message.copy(time=time) for time, message in timed))
    file.tracks[0].append(mido.Message("note_on", note=90, time=3))
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


def naive_piece(content: bytes) -> tuple[Any, int]:
    """The canonical score, and how many notes were off the grid, the slow and plain way."""
    file = mido.MidiFile(file=io.BytesIO(content))
    absolute = []  # track, time, message
    for number, messages_ in enumerate(file.tracks):
        time = 0
        for message in messages_:
            time += message.time
            absolute.append((number, time, message))
    found: list[dict[str, Any]] = []
    tempos, metres, keys = [], [], []

    def grid(time: int) -> int:
        return floor(Fraction(24 * time, file.ticks_per_beat) + Fraction(1, 2))

    for number, time, message in absolute:
        kind = message.type
        if kind in {"note_on", "note_off"}:
            same = (number, message.channel, message.note)
            if kind == "note_on" and message.velocity:
                found.append({"same": same, "onset": time, "velocity": message.velocity, "end": None})
            else:
                for note in found:
                    if note["same"] == same and note["end"] is None:
                        note["end"] = time
                        break
        elif kind == "end_of_track":
            for note in found:
                if note["same"][0] == number and note["end"] is None:
                    note["end"] = time
        elif kind == "set_tempo":
            tempos.append(Tempo(grid(time), round(60_000_000 / message.tempo)))
        elif kind == "time_signature":
            metres.append(Metre(grid(time), message.numerator, message.denominator))
        elif kind == "key_signature":
            keys.append(Key(grid(time), *FIFTHS[message.key]))

    # the program of each note: the last that its track set before it, else the last of any track
    programs = [entry for entry in absolute if entry[2].type == "program_change"]
    order = {id(entry[2]): place for place, entry in enumerate(absolute)}
    notes_on = [entry for entry in absolute if entry[2].type == "note_on" and entry[2].velocity]
    players: list[tuple[int, int, int]] = []
    rows, moved = [], 0
    for note, (number, time, message) in zip(found, notes_on, strict=True):
        of_channel = [entry for entry in programs if entry[2].channel == message.channel]
        own = [
            entry for entry in of_channel if entry[0] == number and order[id(entry[2])] < order[id(message)]
        ]
        others = sorted((entry[1], entry[2].program) for entry in of_channel if entry[1] <= time)
        program = own[-1][2].program if own else others[-1][1] if others else 0
        player = (number, message.channel, 0 if message.channel == 9 else program)
        if player not in players:
            players.append(player)
        onset, end = grid(time), grid(note["end"])
        off_grid = [exact for exact in (time, note["end"]) if 24 * exact % file.ticks_per_beat]
        moved += bool(off_grid) or onset == end
        rows.append((onset, max(1, end - onset), message.note, message.velocity, players.index(player)))
    parts = [DRUMS if channel == 9 else Part(program) for _, channel, program in players]
    return make_score(rows, parts, tempos=tempos, metres=metres, keys=keys), moved


@given(mido_files())
@settings(max_examples=150, deadline=None)
def test_files_of_another_writer_read_as_naive_pairing_says(content: bytes) -> None:
    piece = read_midi(content)
    made, moved = naive_piece(content)
    assert piece.score == made.score
    assert (piece.moved, piece.mended) == (moved, made.mended)
