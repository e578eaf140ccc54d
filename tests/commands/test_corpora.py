"""`gen corpora` as people and scripts meet it."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gen.cli import gen
from gen.corpus.catalog import CORPORA
from gen.errors import CorpusError

pytestmark = pytest.mark.usefixtures("empty_folder")


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


def test_help_loads_nothing_heavy() -> None:
    heavy = ["tensorflow", "keras", "numpy", "music21", "tqdm", "urllib.request"]
    program = f"import sys, gen.commands.corpora; print([m for m in {heavy} if m in sys.modules])"
    repository = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=repository
    )
    assert done.stdout == "[]\n"
