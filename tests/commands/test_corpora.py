"""`gen corpora` as people and scripts meet it."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gen.cli import gen
from gen.corpus import library
from gen.corpus.catalog import CORPORA
from gen.corpus.music import MusicParts
from gen.corpus.stored import Reading
from gen.errors import CorpusError
from gen.tokenizer.notes import NotesTokenizer
from tests.corpus.midi_files import put_tune, random_pitches


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / ".cache"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(gen, ["corpora", *arguments])


def shown(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.exception
    return result.stdout


def read(*arguments: str) -> dict[str, Any]:
    value = json.loads(shown(*arguments))
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("arguments", [(), ("list",)])
def test_the_list_names_kind_source_licence_size_and_hash(arguments: tuple[str, ...]) -> None:
    *lines, last = shown(*arguments).splitlines()
    assert "--json" in last
    assert len(lines) == 1 + len(CORPORA)
    for line, corpus in zip(lines[1:], CORPORA.values(), strict=True):
        assert line.split()[:2] == [corpus.name, corpus.kind]
        assert corpus.licence[:39].rstrip() in line
        assert corpus.source in line
        assert corpus.size_bytes is None or f"{corpus.size_bytes:,}" in line
        assert corpus.sha256 is None or corpus.sha256[:12] in line
    column = lines[0].index("LICENCE")
    assert all(line[column - 2 : column] == "  " and line[column] != " " for line in lines)


@pytest.mark.parametrize("arguments", [("--json",), ("list", "--json"), ("--json", "list")])
def test_the_list_as_json(arguments: tuple[str, ...]) -> None:
    corpora = read(*arguments)["corpora"]
    assert [corpus["name"] for corpus in corpora] == list(CORPORA)
    for corpus in corpora:
        assert corpus.keys() == {"name", "kind", "title", "source", "licence", "bytes", "sha256", "path"}
        assert corpus["path"] is None
    assert "non-commercial" in corpora[-1]["licence"]


def test_prepare_says_where_it_is_and_what_to_do_next() -> None:
    text = shown("prepare", "python-docs")
    assert "gen train --corpus python-docs" in text
    assert str(CORPORA["python-docs"].path) in text
    prepared = read("prepare", "python-docs", "--json")
    assert Path(prepared["path"]).stat().st_size == prepared["bytes"]
    assert prepared["licence"] == "PSF-2.0"
    assert "yes" in shown("list").splitlines()[1]
    assert read("--json", "list")["corpora"][0]["path"] == prepared["path"]


def test_prepare_an_unknown_name() -> None:
    result = run("prepare", "pyton-docs", "--json")
    assert isinstance(result.exception, CorpusError)
    assert result.exception.fix == "Did you mean python-docs?"
    assert result.stdout == ""


def test_inspect_counts_what_training_would_read() -> None:
    Path("c").mkdir()
    parts = ["a😀\r\nb\r", "ccc", "tail é"]
    for number, part in enumerate(parts):
        Path(f"c/{number}.txt").write_bytes(part.encode())
    text = "a😀\nb\nccc\ntail é"
    found = read("inspect", "c", "--json")
    assert found["accepted"] == ["c/0.txt", "c/1.txt", "c/2.txt"]
    assert found["rejected"] == []
    assert found["tokens"] == found["characters"] == len(text)
    assert found["distinct_characters"] == len(set(text))
    assert found["bytes"] == sum(len(part.encode()) for part in parts)
    assert {one["character"]: one["count"] for one in found["most_common"]} == dict(
        Counter(text).most_common(10)
    )
    assert found["encodings"] == {"utf-8": 3}
    assert found["newlines"] == {"\r\n": 1, "\r": 1}
    assert found["split"] is False
    assert "Line endings" in found["notes"][0]


def test_inspect_lists_bad_files_and_goes_on() -> None:
    Path("c").mkdir()
    Path("c/bad byte.txt").write_bytes(b"ab\xff")
    Path("c/empty.txt").write_bytes(b"")
    Path("c/good.txt").write_text("fine")
    Path("c/link").symlink_to("nowhere")
    Path("c/picture.png").write_bytes(b"\x89PNG\0")
    Path("c/up").symlink_to(".")
    found = read("inspect", "c", "--json")
    assert found["accepted"] == ["c/good.txt"]
    assert found["tokens"] == 4
    reasons = {bad["file"]: bad["reason"] for bad in found["rejected"]}
    assert reasons.keys() == {
        f"c/{name}" for name in ("bad byte.txt", "empty.txt", "link", "picture.png", "up")
    }
    assert reasons["c/bad byte.txt"] == "is not utf-8: byte 0xff at offset 2 does not fit"
    assert reasons["c/empty.txt"].startswith("is empty")
    text = shown("inspect", "c")
    assert "1 accepted, 5 rejected" in text
    assert "rejected: c/bad byte.txt is not utf-8" in text


def test_inspect_shows_a_table() -> None:
    Path("a.txt").write_text("aab \n" * 1000)
    lines = shown("inspect", "a.txt").splitlines()
    table = {line[:11].rstrip(): line[13:] for line in lines}
    assert table["corpus"] == "a (text)"
    assert table["characters"] == "5,000, 4 of them distinct"
    assert table["encoding"] == "utf-8 (1)"
    assert table["most common"] == "a 40.0%  \\n 20.0%  space 20.0%  b 20.0%"


def test_what_people_see_does_nothing_to_their_terminal() -> None:
    Path("c").mkdir()
    for name, content in (
        ("two\nlines", b"a\r\n"),
        ("\x1b[31m", b"\xef\xbb\xbf\x0b\x1b"),
        ("in no encoding \udcff", b"a\r\n"),
        ("\x1b[2J and junk", b"\xff"),
    ):
        Path("c", name).write_bytes(content)
    text = shown("inspect", "c")
    assert all(line.isprintable() for line in text.split("\n"))
    assert "c/two?lines" in text
    assert "U+000B" in text


def test_a_long_list_of_bad_files_is_cut_for_people() -> None:
    Path("c").mkdir()
    Path("c/good.txt").write_text("fine")
    for number in range(30):
        Path(f"c/{number:02}.png").write_bytes(b"\x89PNG\0")
    assert "rejected: 10 more" in shown("inspect", "c")
    assert len(read("inspect", "c", "--json")["rejected"]) == 30


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_inspect_fails_only_when_nothing_is_accepted(more: tuple[str, ...]) -> None:
    Path("bad.txt").write_bytes(b"ab\xff")
    result = run("inspect", "bad.txt", *more)
    assert isinstance(result.exception, CorpusError)
    assert result.exception.exit_code == 1
    assert "--encoding" in result.exception.fix
    if more:
        assert json.loads(result.stdout)["accepted"] == []
    missing = run("inspect", "missing.txt", *more)
    assert isinstance(missing.exception, CorpusError)
    assert missing.stdout == ""


def test_inspect_takes_an_encoding() -> None:
    Path("latin.txt").write_bytes("é".encode("latin-1"))
    found = read("inspect", "latin.txt", "--encoding", "latin1", "--json")
    assert found["most_common"] == [{"character": "é", "count": 1}]
    assert found["encodings"] == {"iso8859-1": 1}


def test_inspect_a_split_folder_reads_both_parts_and_leaves_test_alone() -> None:
    for name in ("train", "valid", "test"):
        Path("c", name).mkdir(parents=True)
        Path("c", name, "a.txt").write_text(name)
    found = read("inspect", "c", "--json")
    assert found["accepted"] == ["c/train/a.txt", "c/valid/a.txt"]
    assert found["tokens"] == len("trainvalid")
    assert found["split"] is True


def test_inspect_a_named_corpus() -> None:
    found = read("inspect", "python-docs", "--json")
    assert found["name"] == "python-docs"
    assert found["licence"] == "PSF-2.0"
    assert found["characters"] == len(CORPORA["python-docs"].path.read_text("utf-8"))


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


def test_help_loads_nothing_heavy() -> None:
    heavy = ["tensorflow", "keras", "numpy", "music21", "tqdm", "urllib.request"]
    program = f"import sys, gen.commands.corpora; print([m for m in {heavy} if m in sys.modules])"
    repository = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=repository
    )
    assert done.stdout == "[]\n"
