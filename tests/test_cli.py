import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from gen import __version__, cli
from gen.errors import GenError
from tests.calling import assert_users_mistake, assert_wrong_usage, call, call_process, skip_if_ignored

Capsys = pytest.CaptureFixture[str]


def fails_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `gen info` fail in a way of its own."""

    def failing(*_: object, **__: object) -> NoReturn:
        raise error

    monkeypatch.setattr("gen.commands.info.command.callback", failing)


def test_help_lists_every_command_in_the_order_of_work(capsys: Capsys) -> None:
    outcome = call(capsys, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    listed = outcome.out.split("Commands:")[1].split("\n")
    assert [line.split()[0] for line in listed if line.strip()] == list(cli.COMMANDS)


def test_help_keeps_the_lines_of_its_examples(capsys: Capsys) -> None:
    lines = [line.strip() for line in call(capsys, "--help").out.splitlines()]
    examples = [line for line in lines if re.match(r"gen (train|sample) ", line)]
    assert len(examples) == 2
    assert "\\b" not in "".join(lines)


def test_every_command_has_a_module_and_no_module_lacks_a_command() -> None:
    folder = Path(cli.__file__).parent / "commands"
    of_corpora = {"prepare"}
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(cli.COMMANDS) | of_corpora


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(name: str, capsys: Capsys) -> None:
    outcome = call(capsys, name, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: gen {name} ")
    assert call(capsys, name, "-h") == outcome


def test_version(capsys: Capsys) -> None:
    assert call(capsys, "--version").out == f"gen, version {__version__}\n"


@pytest.mark.parametrize(("typed", "meant"), [("smaple", "sample"), ("trian", "train"), ("exprot", "export")])
def test_a_command_that_is_mistyped_is_guessed(typed: str, meant: str, capsys: Capsys) -> None:
    assert_wrong_usage(call(capsys, typed, "--help"), f"Did you mean '{meant}'?")


def test_a_word_like_no_command_is_not_guessed(capsys: Capsys) -> None:
    outcome = call(capsys, "xyzzy")
    assert_wrong_usage(outcome, "'xyzzy'")
    assert "Did you mean" not in outcome.err


def test_an_option_that_is_mistyped_is_guessed(capsys: Capsys) -> None:
    assert_wrong_usage(call(capsys, "sample", "--temprature", "1"), "--temperature")
    assert_wrong_usage(call(capsys, "--versoin"), "--version")


def test_nothing_typed_shows_the_help(capsys: Capsys) -> None:
    outcome = call(capsys)
    assert outcome.code == 2
    assert "Commands:" in outcome.err


def test_a_users_mistake_is_two_lines_and_its_exit_code(
    capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_with(GenError("It is broken.", "Mend it."), monkeypatch)
    outcome = call(capsys, "info")
    assert_users_mistake(outcome)
    assert outcome.err == "Problem: It is broken.\nFix: Mend it.\n"


def test_a_programmers_mistake_keeps_its_traceback(capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    fails_with(ValueError("shape (3, 4)"), monkeypatch)
    with pytest.raises(ValueError, match=re.escape("shape (3, 4)")):
        cli.main(["info"])


def test_an_interruption_is_one_line_and_130(capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    fails_with(KeyboardInterrupt(), monkeypatch)
    outcome = call(capsys, "info")
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err.split() == ["Interrupted."]


WAITING = """
import tempfile, time
import gen.commands.info as info, gen.cli as cli

def wait(**_):
    with tempfile.TemporaryDirectory() as folder:
        print(folder, flush=True)
        time.sleep(60)

info.command.callback = wait
cli.main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_who_is_told_to_end_puts_away_what_is_open(number: signal.Signals, code: int) -> None:
    skip_if_ignored(number)
    command = [sys.executable, "-c", WAITING, "info"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert folder.is_dir()
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (code, "Ended.\n")
    assert not folder.exists()


SIGNALLED = """
import os, signal
import gen.commands.info as info, gen.cli as cli
from gen.errors import GenError

def send():
    os.kill(os.getpid(), signal.{name})

class Dying:
    def __del__(self):
        send()

def made_another_error(**_):
    try:
        send()
    except BaseException as error:
        raise ImportError("the native runtime") from error

def lost_in_a_destructor(**_):
    Dying()
    raise ValueError("the signal was lost")

def told_while_complaining(**_):
    cli._complain = lambda _error: send()
    raise GenError("a", "b")

def told_again_while_unwinding(**_):
    try:
        send()
    finally:
        send()

info.command.callback = {how}
cli.main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signals")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
@pytest.mark.parametrize(
    "how",
    ["made_another_error", "lost_in_a_destructor", "told_while_complaining", "told_again_while_unwinding"],
)
def test_a_signal_to_end_never_shows_a_traceback(name: str, code: int, how: str) -> None:
    skip_if_ignored(signal.Signals[name])
    program = SIGNALLED.format(name=name, how=how)
    done = subprocess.run(
        [sys.executable, "-c", program, "info"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.strip() in ("", "Interrupted.", "Ended.")


def test_without_a_signal_mistakes_in_destructors_are_shown() -> None:
    program = (
        "import gen.commands.info as info, gen.cli as cli\n"
        "class Dying:\n"
        "    def __del__(self): raise ValueError('in a destructor')\n"
        "def run(**_):\n"
        "    Dying()\n"
        "    raise ValueError('of a programmer')\n"
        "info.command.callback = run\n"
        "cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "info"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "in a destructor" in done.stderr
    assert done.stderr.rstrip().endswith("ValueError: of a programmer")


@pytest.mark.skipif(sys.platform == "win32", reason="has no such shell")
@pytest.mark.parametrize(
    "arguments", [["info", "--help"], ["corpora", "list"], ["--version"], ["sample", "x"]]
)
def test_a_closed_standard_output_is_told(arguments: list[str]) -> None:
    command = ["sh", "-c", 'exec "$0" "$@" >&-', sys.executable, "-m", "gen", *arguments]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Problem: ")


def test_an_exit_code_that_a_command_returns_is_the_commands() -> None:
    program = "import gen.commands.info as i, gen.cli as c; i.command.callback = lambda **_: 143; c.main()"
    done = subprocess.run([sys.executable, "-c", program, "info"], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (143, b"")


def test_the_module_is_the_command() -> None:
    outcome = call_process("smaple")
    assert outcome.code == 2
    assert outcome.err.startswith("Usage: gen ")


def test_the_installed_script_is_the_command() -> None:
    script = Path(sys.executable).with_name("gen")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"gen, version {__version__}\n"
