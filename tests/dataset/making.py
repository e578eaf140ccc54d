"""Prepared corpora, made in the current folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gen.corpus.locate import locate
from gen.dataset.preparing import Standing, plan, prepare
from gen.errors import GenError
from gen.tokenizer.base import Tokenizer
from tests.training.tiny import words


def put_text() -> None:
    Path("c").mkdir(exist_ok=True)
    for number, text in enumerate((words(400), "é€ " + words(300, seed=2) + "no end", words(50, seed=3))):
        Path(f"c/{number}.txt").write_text(text, "utf-8")


def make(
    out: str,
    number: int | None = 3,
    only: Sequence[int] | None = None,
    *,
    corpus: str = "c",
    vocabulary: Tokenizer[Any] | None = None,
    choices: dict[str, bool] | None = None,
    encoding: str | None = None,
) -> Standing:
    todo = plan(
        locate(corpus, encoding),
        Path(out),
        encoding=encoding,
        choices=choices or {},
        number=number,
        vocabulary=vocabulary,
    )
    return prepare(todo, range(todo.manifest.shards) if only is None else only)


def assert_two_lines(error: GenError) -> None:
    assert error.problem
    assert error.fix
    assert "\n" not in error.problem + error.fix


def contents(folder: str) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()
    }
