"""One server for the tests of a module, with a model of text, one that spells, and one of music."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import chromium, page
from tests.tiny import put_model, tiny_model
from tests.tunes import tune_model
from tests.web.serving import Server, serving
from tests.web.using import narrow, opened

__all__ = ["chromium", "narrow", "opened", "page"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("models")
    return [
        put_model(folder / "letters.safetensors"),
        put_model(folder / "tunes.safetensors", tune_model()),
        put_model(folder / "spelling.safetensors", tiny_model("\nabc", "é€😀")),
    ]


@pytest.fixture(scope="module")
def server(models: list[Path]) -> Iterator[Server]:
    with serving(models) as running:
        yield running
