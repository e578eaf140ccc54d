import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.corpus.midi import read_midi
from gen.corpus.piece import Piece, UnreadableError
from gen.score import Key, Metre, Part, Tempo
from tests.corpus.hostile_midi import END, GOOD, HOSTILE, NOTE, header, one_track, track

DRUMS = Part(is_drums=True)


def notes_of(piece: Piece) -> list[list[int]]:
    """Onset, duration, pitch, velocity, part."""
    notes: list[list[int]] = piece.score.notes.tolist()
    return notes


def test_a_file_of_two_tracks_is_read() -> None:
    piece = read_midi(GOOD)
    assert notes_of(piece) == [[0, 24, 60, 80, 0], [24, 48, 62, 64, 0]]
    assert piece.score.parts == (Part(40),)
    assert piece.score.tempos == (Tempo(0, 120),)
    assert piece.score.metres == (Metre(0, 3, 4),)
    assert piece.score.keys == (Key(0, -2, "minor"),)
    assert (piece.title, piece.moved, piece.mended) == ("", 0, 0)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_one_line(name: str) -> None:
    content, words = HOSTILE[name]
    with pytest.raises(UnreadableError) as refused:
        read_midi(content)
    reason = str(refused.value)
    assert words in reason
    assert reason.isprintable()
    assert len(reason) <= 100


@pytest.mark.parametrize("length", range(len(GOOD)))
def test_a_file_cut_anywhere_is_refused(length: int) -> None:
    with pytest.raises(UnreadableError):
        read_midi(GOOD[:length])


def read_or_refused(content: bytes) -> bool:
    """Whether it was read; any other exception than a refusal fails the test."""
    try:
        piece = read_midi(content)
    except UnreadableError as error:
        assert str(error).isprintable()
        return False
    assert len(piece.score.notes)
    assert piece.title.isprintable()
    return True


def test_damaged_files_are_read_or_refused() -> None:
    dice = random.Random(7)
    read = 0
    for _ in range(4000):
        content = bytearray(GOOD)
        for _ in range(dice.randint(1, 3)):
            place = dice.randrange(len(content))
            match dice.randrange(4):
                case 0:
                    content[place] = dice.randrange(256)
                case 1:
                    content[place] ^= 1 << dice.randrange(8)
                case 2:
                    del content[place : place + dice.randint(1, 4)]
                case 3:
                    content[place:place] = dice.randbytes(dice.randint(1, 4))
        read += read_or_refused(bytes(content))
    assert 400 < read < 3600  # both happen


@given(st.binary(max_size=60), st.booleans())
@settings(max_examples=500, deadline=None)
def test_random_events_are_read_or_refused(events: bytes, has_end: bool) -> None:
    read_or_refused(one_track(NOTE + events + (END if has_end else b"")))


@given(st.binary(max_size=100))
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_refused(content: bytes) -> None:
    assert not read_or_refused(content)


# a file by mido, read again by mido, its notes paired by hand: a second reader


def test_the_note_struck_first_ends_first() -> None:
    events = b"\x00\x90\x3c\x50\x18\x3c\x60\x18\x3c\x00\x18\x3c\x00"  # on, on, off, off, 24 of 96 apart
    piece = read_midi(one_track(events + END))
    assert notes_of(piece) == [[0, 6, 60, 80, 0], [6, 12, 60, 96, 0]]
    assert piece.mended == 1


def test_a_note_that_never_ends_ends_with_its_track() -> None:
    events = b"\x00\x90\x3c\x50\x60\xff\x2f\x00"
    late = track(b"\x00\x91\x40\x50\x83\x00\x81\x40\x00" + END)
    piece = read_midi(header(tracks=2) + track(events) + late)
    assert notes_of(piece) == [[0, 24, 60, 80, 0], [0, 96, 64, 80, 1]]


def test_a_running_status_goes_on_after_a_meta_event_and_holds_for_programs() -> None:
    programs = b"\x00\xc0\x05\x00\x06"
    notes = b"\x00\x90\x3c\x50\x00\xff\x05\x02la\x60\x3c\x00"
    piece = read_midi(one_track(programs + notes + END))
    assert notes_of(piece) == [[0, 24, 60, 80, 0]]
    assert piece.score.parts == (Part(6),)


@pytest.mark.parametrize(
    ("time", "onset", "moved"), [(0, 0, 0), (20, 1, 0), (9, 0, 1), (10, 1, 1), (29, 1, 1), (30, 2, 1)]
)
def test_times_go_to_the_nearest_tick_half_a_tick_up(time: int, onset: int, moved: int) -> None:
    note = bytes((time, 0x90, 60, 80, 40 - time % 20, 0x80, 60, 0))
    piece = read_midi(one_track(note + END, division=480))
    assert notes_of(piece)[0][0] == onset
    assert piece.moved == moved


def test_a_note_of_no_length_lasts_a_tick_and_counts_as_moved() -> None:
    piece = read_midi(one_track(b"\x00\x90\x3c\x50\x00\x80\x3c\x00" + END))
    assert notes_of(piece) == [[0, 1, 60, 80, 0]]
    assert piece.moved == 1


def test_tracks_on_one_channel_are_two_parts_and_drums_are_drums() -> None:
    drums = b"\x00\xc9\x10\x00\x99\x23\x50\x60\x89\x23\x00"
    piece = read_midi(header(tracks=3) + track(NOTE + END) + track(drums + END) + track(NOTE + END))
    assert piece.score.parts == (Part(), DRUMS, Part())
    assert notes_of(piece) == [[0, 24, 60, 80, 0], [0, 24, 35, 80, 1], [0, 24, 60, 80, 2]]


def test_a_change_of_program_begins_a_part_and_changing_back_returns_to_the_first() -> None:
    events = NOTE + b"\x00\xc0\x28" + NOTE + b"\x00\xc0\x00" + NOTE
    piece = read_midi(one_track(events + END))
    assert piece.score.parts == (Part(0), Part(40))
    assert [note[4] for note in notes_of(piece)] == [0, 1, 0]


def test_a_track_takes_the_program_that_another_one_sets() -> None:
    conductor = b"\x00\xc0\x28\x60\xc0\x29"
    own = b"\x00\xc0\x07" + NOTE
    piece = read_midi(header(tracks=3) + track(conductor + END) + track(NOTE + NOTE + END) + track(own + END))
    assert piece.score.parts == (Part(40), Part(41), Part(7))


@pytest.mark.parametrize(
    ("name", "title"),
    [
        (b"  The\tBee\r\n ", "The Bee"),
        ("Für Elise".encode(), "Für Elise"),
        ("Für Elise".encode("latin-1"), "Für Elise"),
        (b"\x1b[31mred\x00", "[31mred"),
        (b"x" * 100, "x" * 80),
        (b"", ""),
    ],
)
def test_the_title_is_the_printable_name_of_the_first_track(name: bytes, title: str) -> None:
    named = bytes((0, 0xFF, 3, len(name))) + name
    later = b"\x00\xff\x03\x05later"
    first = track(named + NOTE + (later if name else b"") + END)
    assert read_midi(header(tracks=2) + first + track(later + NOTE + END)).title == title


def test_what_a_score_cannot_say_is_passed_over() -> None:
    half_ticks = b"\x00\xff\x58\x04\x05\x06\x18\x08"  # 5/64
    no_bar = b"\x00\xff\x58\x04\x00\x02\x18\x08"
    tiny = b"\x00\xff\x58\x04\x04\xff\x18\x08"
    sharps = b"\x00\xff\x59\x02\x08\x00"
    piece = read_midi(one_track(half_ticks + no_bar + tiny + sharps + NOTE + END))
    assert piece.score.metres == (Metre(0, 4, 4),)
    assert piece.score.keys == ()


@pytest.mark.parametrize(
    ("microseconds", "bpm"), [(1, 1000), (0xFFFFFF, 4), (500_000, 120), (499_999, 120), (340_909, 176)]
)
def test_a_tempo_is_whole_and_can_be_played(microseconds: int, bpm: int) -> None:
    tempo = b"\x00\xff\x51\x03" + microseconds.to_bytes(3)
    assert read_midi(one_track(tempo + NOTE + END)).score.tempos == (Tempo(0, bpm),)


def test_chunks_of_other_kinds_and_what_follows_the_last_track_are_passed_over() -> None:
    alien = b"Junk\x00\x00\x00\x03abc"
    assert read_midi(header() + alien + track(NOTE + END) + b"\xff\x00") == read_midi(one_track(NOTE + END))


def test_what_follows_the_end_of_a_track_is_passed_over() -> None:
    assert read_midi(one_track(NOTE + END + NOTE + b"\xf4")) == read_midi(one_track(NOTE + END))


def test_a_longer_header_is_read() -> None:
    content = b"MThd\x00\x00\x00\x08" + header()[8:] + b"\x00\x00" + track(NOTE + END)
    assert read_midi(content) == read_midi(one_track(NOTE + END))


def test_reading_and_writing_leave_no_other_file_behind(tmp_path: Path) -> None:
    source, home = tmp_path / "in.mid", tmp_path / "home"
    home.mkdir()
    source.write_bytes(GOOD)
    program = (
        "import sys; from pathlib import Path; from gen.corpus.midi import read_midi; "
        "from gen.export.midi import write_midi; assert 'music21' not in sys.modules; "
        "write_midi(read_midi(Path('in.mid').read_bytes()).score, Path('out.mid'))"
    )
    private = {
        "HOME": str(home),
        "TMPDIR": str(home),
        "MPLCONFIGDIR": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=private, capture_output=True, text=True, check=True
    )
    assert done.stdout + done.stderr == ""
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["home", "in.mid", "out.mid"]
