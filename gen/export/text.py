"""Where new text goes: one text to the terminal as it is made; several, or files, when they are whole."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gen.errors import GenError
from gen.files import write_atomically, writing_out
from gen.streams import progress_bar

_FLUSH_S = 0.02
_CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


class TextOutput:
    """Where `--out` says that texts go.

    Args:
        out: A `.txt` file; `-` or None for standard output.
        count: How many texts; several files are numbered, `tale-1.txt` …

    Raises:
        GenError: Another kind of file.
    """

    def __init__(self, out: str | None, count: int) -> None:
        self._files: list[Path] = []
        self._count = count
        if out is None or out == "-":
            return
        path = Path(out)
        if path.suffix != ".txt":
            raise GenError(
                f"A text model cannot write {path.name!r}.", "Give --out a name that ends in .txt."
            )
        numbered = [path.with_stem(f"{path.stem}-{number + 1}") for number in range(count)]
        self._files = numbered if count > 1 else [path]

    def write(self, prompt: str, pieces: Iterator[list[str]], tell: Callable[[str], None]) -> None:
        """Write each text, after the prompt; a single text on standard output as it is made.

        What was written of a text when it is interrupted is kept.

        Args:
            prompt: What the texts begin with.
            pieces: What a step adds to each.
            tell: Called with the name of each file that is written, in a sentence.

        Raises:
            GenError: A file cannot be written, or the terminal cannot show a character.
        """
        if not self._files and self._count == 1:
            _stream(prompt, pieces)
            return
        texts = [[prompt] for _ in range(self._count)]
        try:
            with progress_bar("writing", " characters") as bar:
                for parts in pieces:
                    for text, part in zip(texts, parts, strict=True):
                        text.append(part)
                    bar.update(sum(map(len, parts)))
        except BaseException:
            if any(any(text[1:]) for text in texts):
                self._put(map("".join, texts), tell)
            raise
        self._put(map("".join, texts), tell)

    def _put(self, texts: Iterable[str], tell: Callable[[str], None]) -> None:
        if not self._files:
            show = _shown_as()
            for number, text in enumerate(texts):
                print_text(f"--- {number + 1} ---\n{show(text)}\n")
            return
        for path, text in zip(self._files, texts, strict=True):
            with writing_out(path):
                write_atomically(path, text.encode())
            tell(f"Wrote {path}")


def _stream(prompt: str, pieces: Iterator[list[str]]) -> None:
    text, show = prompt, _shown_as()
    print_text(show(prompt))
    flushed = 0.0
    for (piece,) in pieces:
        text = piece or text
        print_text(show(piece), flush=False)
        if time.monotonic() - flushed > _FLUSH_S:
            sys.stdout.flush()
            flushed = time.monotonic()
    # a shell's next prompt belongs on a line of its own; a program that reads gets the text alone
    print_text("\n" if sys.stdout.isatty() and not text.endswith("\n") else "")


def _shown_as() -> Callable[[str], str]:
    """How standard output takes a text: what a model learned may hold codes that would drive a terminal."""
    return _harmless if sys.stdout.isatty() else str


def _harmless(text: str) -> str:
    return text.translate(_CONTROLS)


def print_text(text: str, flush: bool = True) -> None:
    """Write to standard output.

    Raises:
        GenError: Its encoding lacks a character.
    """
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError as error:
        raise GenError(
            f"Standard output is in {error.encoding}, which cannot write {error.object[error.start]!a}.",
            "Set PYTHONUTF8=1 in the environment, or give --out a file, which is always UTF-8.",
        ) from error
    if flush:
        sys.stdout.flush()
