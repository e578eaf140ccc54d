"""The exported file, opened by Keras alone in a process that cannot import gen."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.export import keras_model
from gen.sampler.forward import Network
from tests.tiny import put_model, tiny_model

OPEN_WITH_KERAS = """
import sys
sys.modules["gen"] = None  # from here on `import gen` fails
import keras, numpy as np
model = keras.saving.load_model(sys.argv[1])
np.save("logits.npy", model(np.load("ids.npy")))
print(*(type(layer).__name__ for layer in model.layers))
"""


@pytest.mark.parametrize("layers", [2])
def test_gen_export_writes_what_plain_keras_opens_and_computes_alike(tmp_path: Path, layers: int) -> None:
    model = tiny_model(layers=layers)
    put_model(tmp_path / "model.safetensors", model)
    ids = np.random.default_rng(0).integers(0, model.config.vocabulary_size, (3, 10)).astype(np.int32)
    np.save(tmp_path / "ids.npy", ids)
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "KERAS_HOME": str(tmp_path / "keras")}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    exported = run("-m", "gen", "export", "model.safetensors", "--to", "keras", "--out", "made/m.keras")
    assert (exported.returncode, exported.stderr) == (0, "")
    assert "made/m.keras" in exported.stdout
    made = sorted(path.name for path in (tmp_path / "made").iterdir())
    assert made == ["m.keras", "m.vocabulary.json"]
    opened = run("-c", OPEN_WITH_KERAS, "made/m.keras")
    assert opened.returncode == 0, opened.stderr
    assert opened.stdout.split() == ["Embedding", *["LSTM"] * layers, "Dense"]
    logits = np.load(tmp_path / "logits.npy")
    network = Network(model.config, model.weights)
    state = network.initial_state(3)
    for step in range(10):
        expected, state = network.step(ids[:, step], state)
        np.testing.assert_allclose(logits[:, step], expected, rtol=0, atol=1e-5)


def test_a_failed_export_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk:
        def save(self, path: Path) -> None:
            path.write_bytes(b"half of a mod")
            raise OSError(28, "No space left on device")

    def full_disk(*_: Any) -> FullDisk:
        return FullDisk()

    monkeypatch.setattr(keras_model, "keras_model", full_disk)
    path = tmp_path / "m.keras"
    path.write_bytes(b"old")
    model = tiny_model()
    with pytest.raises(OSError, match="No space"):
        keras_model.export_keras(model.config, model.weights, path)
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("m.keras", b"old")]
