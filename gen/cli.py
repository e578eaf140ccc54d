"""The command line: commands loaded when they are called, and the one place that catches a `GenError`."""

import time

# Before anything else is imported: `gen train --minutes` counts from here.
STARTED_S = time.monotonic()

import os  # noqa: E402
import signal  # noqa: E402

INTERRUPTED = 130
# SIGHUP: the terminal was closed, or the connection to the machine was lost; Windows has none
_ENDING_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _leave(number: int, _frame: object) -> None:
    os._exit(128 + number)


# until all is imported: Ctrl-C in an import would end in a traceback, and nothing is to be put away yet
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _leave)

import importlib  # noqa: E402
import sys  # noqa: E402
from contextlib import suppress  # noqa: E402
from typing import Any  # noqa: E402

import click  # noqa: E402

from gen import __version__  # noqa: E402
from gen.errors import GenError  # noqa: E402
from gen.streams import ReaderGoneError, one_line, standard_streams  # noqa: E402

COMMANDS = {
    "train": "Learn a corpus.",
    "sample": "Write new text or music with a trained model.",
    "eval": "Measure how well a model predicts a corpus.",
    "info": "Show what a model is and what it learned from.",
    "report": "Make a page of a run: how it learned, what it writes.",
    "inspect": "Look inside a model while it reads: gates, memory, surprise.",
    "serve": "Open a local page to write with models, and an HTTP API.",
    "corpora": "List, prepare and inspect corpora.",
    "export": "Write a model in another format.",
    "render": "Make a file of music into sound, a picture or another format.",
}


class _EndedError(BaseException):
    """The process was told to end; whatever is open puts away what it has made on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


_told_to_end: list[int] = []  # the numbers of the signals that have come


def _raise_interrupted(number: int, _frame: object) -> None:
    _told_to_end.append(number)
    raise KeyboardInterrupt


def _raise_ended(number: int, _frame: object) -> None:
    _told_to_end.append(number)
    raise _EndedError(number)


def _handle(numbers: list[int], before: Any, handler: Any) -> None:
    """Handle signals in another way than before; one that is ignored stays so."""
    for number in numbers:
        if signal.getsignal(number) is before:
            signal.signal(number, handler)


def _unwind_on_signals() -> None:
    """Let a signal to end be an error that unwinds the command, and end the process in silence all the same.

    A second one may come while the first is told, and libraries make other errors of it, or lose it in a
    destructor: whatever is left when one has come is no mistake to be shown.
    """

    def show(kind: Any, error: Any, trace: Any) -> None:
        if _told_to_end:
            os._exit(128 + _told_to_end[0])
        sys.__excepthook__(kind, error, trace)

    def show_lost(lost: Any) -> None:
        if not _told_to_end:
            sys.__unraisablehook__(lost)
        elif isinstance(lost.exc_value, KeyboardInterrupt | _EndedError):
            os._exit(128 + _told_to_end[0])

    sys.excepthook, sys.unraisablehook = show, show_lost
    _handle([signal.SIGINT], signal.default_int_handler, _raise_interrupted)
    _handle(_ENDING_SIGNALS, signal.SIG_DFL, _raise_ended)


class LazyGroup(click.Group):
    """A group that imports `gen.commands.<name>` only when that command is called, not for the list."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, in the order of work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"gen.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; the error suggests one that is spelled much like it."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands by their one line here, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="gen")
def gen() -> None:
    """Learn a style from a body of text or music and write more of it.

    \b
    gen train --corpus FILE          learn a text or a folder of music, in ten minutes at most
    gen sample                       write with the newest model
    """  # noqa: D301 - `\b` is click's mark for lines to keep as they are, and must be that character


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    if arguments is None:  # else signals are for whoever called
        _unwind_on_signals()
    with standard_streams():
        code = _run(arguments)
    if arguments is None:  # else whoever called goes on
        _handle([signal.SIGINT], _raise_interrupted, _leave)
        _handle(_ENDING_SIGNALS, _raise_ended, _leave)
    sys.exit(code)


def _complain(error: GenError) -> None:
    click.echo(f"Problem: {one_line(error.problem).rstrip('.')}.\nFix: {one_line(error.fix)}", err=True)


def _run(arguments: list[str] | None) -> int:
    try:
        result: Any = gen.main(arguments, prog_name="gen", standalone_mode=False, obj=STARTED_S)
    except GenError as error:
        _complain(error)
        return error.exit_code
    except MemoryError:
        _complain(
            GenError("There is not enough memory for this.", "Ask for less: fewer, shorter or smaller.")
        )
        return GenError.exit_code
    except ReaderGoneError:
        return 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt, _EndedError) as stopped:
        word, code = ("Interrupted.", INTERRUPTED)
        if isinstance(stopped, _EndedError):
            word, code = "Ended.", stopped.exit_code
        with suppress(KeyboardInterrupt, _EndedError):  # a second time
            click.echo(word, err=True)
        return code
    return result if isinstance(result, int) else 0


_handle([signal.SIGINT], _leave, signal.default_int_handler)
