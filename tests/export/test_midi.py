import dataclasses
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.corpus.midi import read_midi
from gen.export.midi import channels_of, midi_bytes, write_midi
from gen.score import Key, Metre, Part, Score, Tempo, make_score
from tests.scores import scores

DRUMS = Part(is_drums=True)
PIECE = make_score(
    [
        (0, 24, 60, 80, 0),
        (24, 24, 60, 81, 0),  # struck where the one before ends
        (0, 48, 64, 1, 0),
        (12, 7, 64, 127, 1),
        (0, 1, 35, 100, 2),
        (96, 500, 36, 100, 2),
    ],
    [Part(40), Part(0), DRUMS],
    tempos=[Tempo(0, 97), Tempo(48, 240)],
    metres=[Metre(0, 3, 4), Metre(72, 7, 8)],
    keys=[Key(0, -7, "minor"), Key(48, 7), Key(72, 2, "dorian")],
).score


@dataclasses.dataclass
class Heard:
    """What mido finds in a file, in ticks of the file."""

    file: Any
    notes: list[tuple[int, int, int, int, int]]  # onset, end, pitch, velocity, track
    channels: list[set[int]]  # of each track
    programs: list[list[int]]
    metas: list[tuple[int, Any]]  # time and message


def heard(path: Path) -> Heard:
    file = mido.MidiFile(path)
    heard = Heard(file, [], [], [], [])
    for number, track in enumerate(file.tracks):
        now, sounding = 0, {}
        channels, programs = set(), []
        for message in track:
            now += message.time
            if not message.is_meta:
                channels.add(message.channel)
            if message.type == "note_on":
                assert message.velocity
                assert message.note not in sounding, "struck before it ended"
                sounding[message.note] = (now, message.velocity)
            elif message.type == "note_off":
                onset, velocity = sounding.pop(message.note)
                heard.notes.append((onset, now, message.note, velocity, number))
            elif message.type == "program_change":
                programs.append(message.program)
            else:
                heard.metas.append((now, message))
        assert not sounding
        heard.channels.append(channels)
        heard.programs.append(programs)
    return heard


def test_another_reader_finds_the_same_notes_to_the_tick(tmp_path: Path) -> None:
    write_midi(PIECE, tmp_path / "piece.mid")
    found = heard(tmp_path / "piece.mid")
    assert (found.file.type, found.file.ticks_per_beat, len(found.file.tracks)) == (1, 480, 4)
    assert found.channels == [set(), {0}, {1}, {9}]
    assert found.programs == [[], [40], [0], [0]]
    expected = [
        (20 * on, 20 * (on + long), pitch, loud, part + 1) for on, long, pitch, loud, part in PIECE.notes
    ]
    assert sorted(found.notes) == sorted(expected)


def test_another_reader_finds_tempo_metre_and_key(tmp_path: Path) -> None:
    write_midi(PIECE, tmp_path / "piece.mid")
    metas = [(time, message) for time, message in heard(tmp_path / "piece.mid").metas]
    tempos = [(time, round(mido.tempo2bpm(m.tempo))) for time, m in metas if m.type == "set_tempo"]
    assert tempos == [(0, 97), (960, 240)]
    metres = [(time, m.numerator, m.denominator) for time, m in metas if m.type == "time_signature"]
    assert metres == [(0, 3, 4), (1440, 7, 8)]
    assert [(time, m.key) for time, m in metas if m.type == "key_signature"] == [
        (0, "Abm"),
        (960, "C#"),
        (1440, "D"),
    ]
    assert [message.type for _, message in metas].count("end_of_track") == 4


def test_a_score_without_a_tempo_is_written_at_120(tmp_path: Path) -> None:
    write_midi(make_score([(0, 1, 60, 64, 0)], [Part()]).score, tmp_path / "new" / "note.mid")
    [tempo] = [m for _, m in heard(tmp_path / "new" / "note.mid").metas if m.type == "set_tempo"]
    assert tempo.tempo == 500_000


def as_midi_says(score: Score) -> Score:
    """What is left of a score that MIDI carries: major and minor only, and always a tempo."""
    keys = [key._replace(mode="minor" if key.mode == "minor" else "major") for key in score.keys]
    tempos = score.tempos or [Tempo(0, 120)]
    return make_score(score.notes, score.parts, tempos=tempos, metres=score.metres, keys=keys).score


@given(scores(max_notes=30, max_parts=20).filter(lambda score: len(score.notes) > 0))
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_read_back_equal(score: Score) -> None:
    piece = read_midi(midi_bytes(score))
    assert piece.score == as_midi_says(score)
    assert (piece.title, piece.moved, piece.mended) == ("", 0, 0)


@given(st.integers(4, 1000))
@settings(deadline=None)
def test_every_tempo_comes_back(bpm: int) -> None:
    score = make_score([(0, 24, 60, 64, 0)], [Part()], tempos=[Tempo(0, bpm)]).score
    assert read_midi(midi_bytes(score)).score == score


def test_what_midi_cannot_say_is_written_as_the_nearest_that_it_can() -> None:
    score = make_score(
        [(0, 500, 60, 0, 0)],
        [Part()],
        tempos=[Tempo(0, 1), Tempo(24, 100_000_000)],
        metres=[Metre(0, 2, 4), Metre(48, 4, 3), Metre(304, 300, 4)],
    ).score
    read = read_midi(midi_bytes(score)).score
    assert read.notes.tolist() == [[0, 500, 60, 1, 0]]
    assert read.tempos == (Tempo(0, 4), Tempo(24, 1000))
    assert read.metres == (Metre(0, 2, 4),)


def test_the_same_score_gives_the_same_bytes_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "piece.mid"
    write_midi(PIECE, path)
    assert path.read_bytes() == midi_bytes(PIECE)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_midi(make_score([(0, 1, 60, 64, 0)], [Part()]).score, path)
    assert path.read_bytes() == midi_bytes(PIECE)
    assert list(tmp_path.iterdir()) == [path]


# channels


def ensemble(programs: list[int], pitches: list[int], drums: int = 0) -> Score:
    """Parts that each strike one pitch at 0 for a quarter, and so many parts of drums before them."""
    parts = [DRUMS] * drums + [Part(program) for program in programs]
    struck = [35] * drums + pitches
    return make_score([(0, 24, pitch, 64, part) for part, pitch in enumerate(struck)], parts).score


MELODIC = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16]


def test_fifteen_parts_have_channels_of_their_own_and_drums_share_theirs() -> None:
    assert channels_of(ensemble([0] * 15, [60] * 15, drums=2)) == [10, 10, *MELODIC]


def test_the_parts_that_share_are_of_one_program() -> None:
    score = ensemble([*range(15), 3], [*range(60, 75), 80])
    assert channels_of(score) == [*MELODIC, 4]


def test_a_program_that_comes_late_still_has_a_channel_of_its_own() -> None:
    score = ensemble([5] * 15 + [6], [*range(60, 76)])
    channels = channels_of(score)
    assert channels[-1] not in channels[:-1]
    assert len(set(channels)) == 15


def test_a_part_shares_with_another_program_where_its_own_would_cut_it() -> None:
    score = ensemble([*range(15), 3], [*range(60, 75), 63])
    assert channels_of(score) == [*MELODIC, 1]


@pytest.mark.parametrize(("first", "then"), [(0, 24), (24, 0)])
def test_notes_that_only_touch_do_not_share_a_channel(first: int, then: int) -> None:
    touching = [(first, 24, 60, 64, part) for part in range(15)]
    touching[2] = (first, 24, 61, 64, 2)
    score = make_score([*touching, (then, 24, 60, 64, 15)], [Part(0)] * 16).score
    assert channels_of(score)[15] == 3


parts_of_many = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 30), st.integers(60, 66), st.integers(0, 23)),
    min_size=24,
    max_size=80,
)


@given(parts_of_many)
@settings(max_examples=60, deadline=None)
def test_a_part_that_shares_is_cut_only_where_every_channel_would_cut_it(
    struck: list[tuple[int, int, int, int]],
) -> None:
    notes = [(onset, long, pitch, 64, part) for onset, long, pitch, part in struck]
    score = make_score(notes, [Part(part % 18) for part in range(24)]).score
    channels = channels_of(score)

    def cut(part: int, channel: int) -> bool:
        """Whether a note of `part` meets one of an earlier part on `channel`, note by note."""
        mine = [note for note in score.notes if note[4] == part]
        theirs = [note for note in score.notes if note[4] < part and channels[note[4]] == channel]
        return any(
            one[2] == other[2] and one[0] <= other[0] + other[1] and other[0] <= one[0] + one[1]
            for one in mine
            for other in theirs
        )

    assert set(channels) <= set(MELODIC)
    for part, channel in enumerate(channels):
        if cut(part, channel):
            assert all(cut(part, other) for other in set(channels[:part]))


def test_a_piece_of_many_parts_on_shared_channels_comes_back_whole() -> None:
    dice = np.random.default_rng(3)
    notes = [
        (int(dice.integers(0, 90)), int(dice.integers(1, 40)), int(dice.integers(60, 64)), 64, part)
        for part in range(60)
        for _ in range(8)
    ]
    score = make_score(notes, [Part(part % 50) for part in range(60)]).score
    assert read_midi(midi_bytes(score)).score == as_midi_says(score)
