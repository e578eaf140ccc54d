import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gen.errors import GenError
from gen.export.text import TextOutput

ONE = [["a"], ["é"], [""], ["\n"], ["c"]]
TWO = [["a", "x"], ["b", ""], ["", "y"]]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def files() -> dict[str, str]:
    return {path.name: path.read_bytes().decode() for path in Path().iterdir()}


@pytest.mark.parametrize("out", [None, "-"])
def test_a_single_text_goes_to_standard_output_and_nothing_else_does(
    out: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    TextOutput(out, 1).write("pro", iter(ONE), print)
    assert capsys.readouterr() == ("proaé\nc", "")
    assert files() == {}


def test_several_texts_on_standard_output_are_numbered(capsys: pytest.CaptureFixture[str]) -> None:
    TextOutput(None, 2).write("p", iter(TWO), print)
    assert capsys.readouterr().out == "--- 1 ---\npab\n--- 2 ---\npxy\n"


def test_one_file_has_the_name_given_and_several_are_numbered() -> None:
    told: list[str] = []
    TextOutput("tale.txt", 1).write("pro", iter(ONE), told.append)
    TextOutput("tales.v2.txt", 2).write("p", iter(TWO), told.append)
    assert told == ["Wrote tale.txt", "Wrote tales.v2-1.txt", "Wrote tales.v2-2.txt"]
    assert files() == {"tale.txt": "proaé\nc", "tales.v2-1.txt": "pab", "tales.v2-2.txt": "pxy"}


def test_no_new_text_is_the_prompt_alone(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    TextOutput("tale.txt", 2).write("pro", iter([]), told.append)
    TextOutput("one.txt", 1).write("pro", iter([]), told.append)
    assert len(told) == 3
    assert files() == {"tale-1.txt": "pro", "tale-2.txt": "pro", "one.txt": "pro"}
    TextOutput(None, 1).write("pro", iter([]), print)
    assert capsys.readouterr().out == "pro"


@pytest.mark.parametrize("out", ["tale.mid", "tale", ".txt", "tale.txt.gz"])
def test_another_kind_of_file_is_refused_before_anything_is_written(out: str) -> None:
    with pytest.raises(GenError, match=r"\.txt"):
        TextOutput(out, 1)


def test_a_file_that_cannot_be_written_is_the_users_to_mend() -> None:
    Path("taken").write_text("a file")
    with pytest.raises(GenError, match="cannot be written"):
        TextOutput("taken/tale.txt", 1).write("", iter(ONE), print)
    assert files() == {"taken": "a file"}


def test_of_a_text_that_is_interrupted_what_there_was_is_kept() -> None:
    def interrupted(pieces: list[list[str]]) -> Iterator[list[str]]:
        yield from pieces
        raise KeyboardInterrupt

    told: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        TextOutput("none.txt", 1).write("pro", interrupted([[""], [""]]), told.append)
    assert (files(), told) == ({}, [])
    with pytest.raises(KeyboardInterrupt):
        TextOutput("tale.txt", 2).write("pro", interrupted(TWO[:2]), told.append)
    assert files() == {"tale-1.txt": "proab", "tale-2.txt": "prox"}
    assert told == ["Wrote tale-1.txt", "Wrote tale-2.txt"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("pieces", "end"), [([["a"]], "a\n"), ([["a"], ["\n"], [""]], "a\n"), ([], "\n")])
def test_on_a_terminal_the_shells_prompt_gets_a_line_of_its_own(
    pieces: list[list[str]], end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    TextOutput(None, 1).write("", iter(pieces), print)
    assert terminal.getvalue() == end


def test_a_terminal_that_cannot_write_a_character_is_the_users_to_mend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    with pytest.raises(GenError) as caught:
        TextOutput(None, 1).write("pro", iter(ONE), print)
    assert caught.value.problem == r"Standard output is in ascii, which cannot write '\xe9'."
    assert "--out" in caught.value.fix


def test_a_character_is_on_the_terminal_before_the_next_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)

    def watching() -> Iterator[list[str]]:
        assert terminal.getvalue() == "pro"
        yield ["a"]
        assert terminal.getvalue() == "proa"
        yield ["b"]

    TextOutput(None, 1).write("pro", watching(), print)
    assert terminal.getvalue() == "proab\n"


def test_what_would_drive_the_terminal_is_shown_and_kept_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wild = "\x1b[2J\x9b\ta\n"
    TextOutput(None, 1).write(wild, iter([[wild]]), print)
    assert capsys.readouterr().out == 2 * wild
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    TextOutput(None, 1).write(wild, iter([[wild]]), print)
    assert terminal.getvalue() == 2 * "\ufffd[2J\ufffd\ta\n"
