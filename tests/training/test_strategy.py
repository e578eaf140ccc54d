"""The step under TensorFlow's strategy for many machines: nothing in it is what that strategy cannot run."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

TRAINING = """
import json, os, sys
from pathlib import Path
import numpy as np
from gen.model.backend import import_tensorflow
tf = import_tensorflow()
strategy = tf.distribute.MultiWorkerMirroredStrategy()  # before any other operation
from gen.config import ModelConfig
from gen.dataset.pieces import windows_of
from gen.model.network import Network
from gen.training.step import TrainingStep
from tests.training.tiny import text_dataset, training_config, words

dataset = text_dataset(Path(sys.argv[1]), words(150), words(30, seed=2))

def trained():
    network = Network(ModelConfig(len(dataset.tokenizer.tokens), 5, 6, 2), seed=1)
    step = TrainingStep(network, training_config())
    windows = windows_of(dataset.training, 3, 8, seed=0)
    state, losses = network.initial_state(3), []
    for number in range(4):
        result = step(windows.next(), state, number, 0.01)
        state = result.state
        losses.append(result.loss)
    return losses, network.weights()

alone, weights = trained()
with strategy.scope():
    within = tf.distribute.get_strategy() is strategy
    of_many, weights_of_many = trained()
same = all(np.array_equal(weights[name], weights_of_many[name]) for name in weights)
print(json.dumps({"within": within, "alone": alone, "of_many": of_many, "same": same}))
"""


def test_a_world_of_one_worker_trains_to_the_very_same_weights(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cluster = {"cluster": {"worker": [f"127.0.0.1:{port}"]}, "task": {"type": "worker", "index": 0}}
    done = subprocess.run(
        [sys.executable, "-c", TRAINING, tmp_path],
        env={**os.environ, "TF_CONFIG": json.dumps(cluster)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["within"]
    assert found["alone"] == found["of_many"]
    assert found["alone"][-1] < found["alone"][0]
    assert found["same"]
