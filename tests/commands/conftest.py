"""A folder of its own for each test, and a model in it that nobody had to train."""

import subprocess
from pathlib import Path

import pytest

from tests.commands.house import FLAGS, House
from tests.tiny import put_model

Whole = tuple[Path, subprocess.CompletedProcess[str]]


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / ".cache"))


@pytest.fixture
def model(empty_folder: None) -> Path:
    return put_model(Path("model.safetensors"))


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="package")
def whole(house: House) -> Whole:
    """An uninterrupted run."""
    out = house.corpus.with_name("whole")
    flags = ("--corpus", house.corpus, "--out", out, "--precision", "float32", *FLAGS)
    return out, house.run("-m", "gen", "train", *flags)
