"""A pass during which the model goes on learning from what it has read: dynamic evaluation.

Each window is scored first and learned from after, so every prediction is made before its answer is seen. The
weights follow the gradient and are drawn back to where they began. Source: Krause, Kahembwe, Murray and
Renals, "Dynamic Evaluation of Neural Sequence Models" (2018), the form with plain gradients.
"""

from collections.abc import Iterator

from gen.dataset.token_file import TokenFile
from gen.evaluation.passes import Score, pass_windows, tensors
from gen.model.backend import import_tensorflow
from gen.model.network import Network, State
from gen.model.parts import read_window
from gen.model.products import Tensor

tf = import_tensorflow()

WINDOW = 32
RATE = 0.1
DECAY = 0.001
GRADIENT_NORM = 1.0


def dynamic_scores(network: Network, file: TokenFile, parts: int) -> Iterator[Score]:
    """A full pass over a file of ids, a window at a time; the network's weights are then as before.

    Raises:
        ValueError: There are fewer than two tokens.
    """
    variables = list(network.variables.values())
    first_values = [tf.identity(variable.value) for variable in variables]
    windows = pass_windows(file, window=WINDOW)

    @tf.function(autograph=False)
    def read(ids: Tensor, weights: Tensor, fresh: Tensor, state: State) -> tuple[Tensor, State]:
        with tf.GradientTape() as tape:
            reading = read_window(network, ids, weights, fresh, state, parts)
            loss = reading.nats / tf.reduce_sum(weights)
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        gradients, _ = tf.clip_by_global_norm(list(map(tf.convert_to_tensor, gradients)), GRADIENT_NORM)
        for variable, gradient, first_value in zip(variables, gradients, first_values, strict=True):
            variable.assign(variable - RATE * gradient + DECAY * (first_value - variable))
        return reading.nats, reading.state

    state = network.initial_state(windows.streams)
    try:
        for window in windows.one_pass():
            summed, state = read(*tensors(window), state)
            yield Score(int(window.weights.sum()), float(summed))
    finally:
        for variable, first_value in zip(variables, first_values, strict=True):
            variable.assign(first_value)
