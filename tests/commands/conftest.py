"""A folder of its own for each test, and a model in it that nobody had to train."""

from pathlib import Path

import pytest

from tests.tiny import put_model


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / ".cache"))
    return put_model(Path("model.safetensors"))
