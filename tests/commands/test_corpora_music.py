import dataclasses
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gen.corpus import library
from gen.corpus.catalog import CORPORA
from gen.corpus.music import MusicParts
from gen.corpus.stored import Reading
from gen.errors import CorpusError
from gen.tokenizer.notes import NotesTokenizer
from tests.commands.test_corpora import read, run, shown
from tests.corpus.midi_files import put_tune, random_pitches

pytestmark = pytest.mark.usefixtures("empty_folder")


def put_folder_of_music() -> None:
    for number in range(12):
        put_tune(Path(f"c/{number:02}.mid"), random_pitches(number), ticks=480 + (number == 3))
    shutil.copy("c/05.mid", "c/copy.mid")
    Path("c/cut.mid").write_bytes(Path("c/05.mid").read_bytes()[:60])
    Path("c/empty.mid").write_bytes(b"")
    Path("c/gone.mid").symlink_to("nowhere")
    Path("c/up").symlink_to(".")
    os.mkfifo("c/pipe.mid")


def test_inspect_music_counts_what_training_would_read() -> None:
    put_folder_of_music()
    found = read("inspect", "c", "--json")
    good = [*(f"c/{number:02}.mid" for number in range(12)), "c/copy.mid"]
    assert found["accepted"] == good
    reasons = {bad["file"]: bad["reason"] for bad in found["rejected"]}
    assert reasons.keys() == {f"c/{name}" for name in ("cut.mid", "empty.mid", "gone.mid", "up", "pipe.mid")}
    assert all(reasons.values())
    assert (found["name"], found["kind"], found["licence"], found["split"]) == ("c", "music", None, False)
    assert (found["pieces"], found["duplicates"], found["notes_count"]) == (12, 1, 12 * 40)
    assert found["parts"] == {"1": 12}
    assert found["programs"] == {"0": 12}
    assert found["beats"] == pytest.approx(12 * 40, abs=1)
    # the first note of the one that is late begins on the grid, but does not end on it
    assert found["moved_share"] == pytest.approx(40 / 480)
    parts = MusicParts(tuple(Path(name) for name in good), None, None)
    training, held_out = (list(part) for part in parts.read())
    tokenizer = NotesTokenizer.learn(training, held_out)
    assert found["tokens"] == sum(len(tokenizer.encode(score)) for score in training + held_out)
    text = shown("inspect", "c")
    assert "13 accepted, 5 rejected" in text
    assert "rejected: c/empty.mid is empty" in text
    assert "12, 1 more the same as another" in text


def test_inspect_survives_that_a_file_goes_once_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    put_folder_of_music()
    read_all = library.Library.readings

    def readings(self: library.Library) -> Iterator[tuple[Path, Reading]]:
        for path, reading in read_all(self):
            path.unlink(missing_ok=True)
            yield path, reading

    size = sum(Path(f"c/{number:02}.mid").stat().st_size for number in range(12))
    size += Path("c/copy.mid").stat().st_size
    monkeypatch.setattr(library.Library, "readings", readings)
    found = read("inspect", "c", "--json")
    assert (len(found["accepted"]), found["bytes"]) == (13, size)


def test_inspect_counts_a_piece_in_both_parts_of_a_split_folder_for_each() -> None:
    put_tune(Path("c/train/1.mid"), random_pitches(1))
    alone = read("inspect", "c/train/1.mid", "--json")["tokens"]
    shutil.copytree("c/train", "c/valid")
    found = read("inspect", "c", "--json")
    assert (found["split"], found["duplicates"], found["tokens"]) == (True, 1, 2 * alone)


def test_inspect_fails_where_there_is_no_music_that_can_be_used() -> None:
    Path("bad.mid").write_bytes(b"MThd")
    result = run("inspect", "bad.mid", "--json")
    assert isinstance(result.exception, CorpusError)
    found = json.loads(result.stdout)
    assert (found["accepted"], found["tokens"]) == ([], 0)
    assert found["rejected"][0]["file"] == "bad.mid"


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_inspect_fails_where_text_alone_is_looked_through_for_music(more: tuple[str, ...]) -> None:
    Path("a.txt").write_text("a text")
    result = run("inspect", "a.txt", "--tokenizer", "notes", *more)
    assert isinstance(result.exception, CorpusError)
    assert result.exception.problem == "a.txt holds no music"
    assert "--tokenizer notes" in result.exception.fix


def test_inspect_takes_music_in_letters_as_text() -> None:
    Path("a.abc").write_text("X:1\nL:1/8\nM:4/4\nK:C\nCDEF GABc|\n")
    assert read("inspect", "a.abc", "--json")["notes_count"] == 8
    assert read("inspect", "a.abc", "--tokenizer", "characters", "--json")["characters"] == 31


def test_prepare_music_reads_it_into_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    put_folder_of_music()
    corpus = dataclasses.replace(CORPORA["airds"], music=lambda: tuple(sorted(Path("c").glob("0*.mid"))))
    monkeypatch.setitem(CORPORA, "airds", corpus)
    assert shown("prepare", "airds").startswith("airds is ready: 10 pieces, 400 notes, ")
    monkeypatch.setattr(library, "in_workers", None)
    assert read("prepare", "airds", "--json")["pieces"] == 10
    assert read("inspect", "airds", "--json")["licence"] == corpus.licence
