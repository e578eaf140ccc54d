"""Several devices of one process: `MirroredStrategy` with the step of one, here over a processor in three."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

TRAINING = """
import json, sys
from pathlib import Path
from gen.model.backend import import_tensorflow
tf = import_tensorflow()
processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(processor, 3 * [tf.config.LogicalDeviceConfiguration()])
from gen.config import ModelConfig
from gen.dataset.pieces import windows_of
from gen.model.network import Network
from gen.training.cluster import ALONE
from gen.training.step import NOTHING, TrainingStep
from gen.training.world import World
from tests.training.tiny import text_dataset, training_config, words

dataset = text_dataset(Path(sys.argv[1]), words(150), words(30, seed=2))

def trained(world):
    network = Network(ModelConfig(len(dataset.tokenizer.tokens), 5, 6, 1), seed=1)
    step = TrainingStep(network, training_config(batch_size=7, input_dropout=0.1), world)
    windows = windows_of(dataset.training, 7, 8).narrowed(world.block(7))
    state, losses = network.initial_state(7), []
    for number in range(5):
        result = step(windows.next(), state, number, 0.01, [1.0, *NOTHING[1:]])
        state = result.state
        losses.append(result.loss)
    arrays = [*network.weights().values(), *(array.numpy() for layer in state for array in layer)]
    values = [value for array in arrays for value in array.ravel().tolist()]
    return {"losses": losses, "told": result.told, "values": values}

devices = [f"CPU:{number}" for number in range(3)]
many = World(ALONE, tf.distribute.MirroredStrategy(devices))
print(json.dumps({"replicas": many.local_replicas, "one": trained(World()), "many": trained(many)}))
"""


def test_three_devices_train_as_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRAINING, tmp_path],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["replicas"] == 3
    assert found["many"]["told"] == found["one"]["told"] == [1.0, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(found["many"]["losses"], found["one"]["losses"], rtol=1e-5)
    np.testing.assert_allclose(found["many"]["values"], found["one"]["values"], atol=1e-5, rtol=0)
    assert found["one"]["losses"][-1] < found["one"]["losses"][0]
