"""One update: loss over a window, gradients through time, clipping, AdamW.

The step runs under `strategy.run`; the default strategy is a world of one. Inside, the batch is split into
independent parts, one a core: each walks its own time loop on its own thread, and their gradients meet in the
fused weights they share. State goes in and comes out; it is never a variable.

Sources: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019); Pascanu, Mikolov and Bengio,
"On the difficulty of training recurrent neural networks" (2013), for clipping by the global norm.
"""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from gen.config import TrainingConfig
from gen.dataset.windows import Window
from gen.model.backend import import_keras, import_tensorflow
from gen.model.network import Network, State
from gen.model.parts import read_window
from gen.model.products import Tensor
from gen.training.dropout import Dropout

tf = import_tensorflow()
keras = import_keras()

BETA_1, BETA_2, EPSILON = 0.9, 0.99, 1e-8


class StepResult(NamedTuple):
    """What a step tells: mean nats a token before the update, the gradient's norm, the state after."""

    loss: float
    gradient_norm: float
    state: State


class TrainingStep:
    """Updates a network, window by window.

    Args:
        network: Its variables are updated in place.
        config: How to train.
    """

    def __init__(self, network: Network, config: TrainingConfig) -> None:
        self.network = network
        self._config = config
        self.optimizer = keras.optimizers.AdamW(
            learning_rate=config.learning_rate,
            weight_decay=config.weight_decay,
            beta_1=BETA_1,
            beta_2=BETA_2,
            epsilon=EPSILON,
        )
        # decay pulls towards zero: right for matrices, wrong for biases (the forget bias starts at 1)
        self.optimizer.exclude_from_weight_decay(
            [variable for variable in network.variables.values() if len(variable.shape) == 1]
        )
        self.optimizer.build(list(network.variables.values()))
        self._compiled = tf.function(self._distributed, autograph=False)

    def __call__(self, window: Window, state: State, step: int, learning_rate: float) -> StepResult:
        """Train on a window; `step` and the global number of a stream decide the dropout."""
        loss, norm, state = self._compiled(
            tf.constant(window.ids),
            tf.constant(window.weights),
            tf.constant(window.fresh),
            state,
            tf.constant(step, tf.int64),
            tf.constant(learning_rate, tf.float32),
        )
        return StepResult(float(loss), float(norm), state)

    def optimizer_state(self) -> dict[str, NDArray[Any]]:
        """AdamW's moments and count of updates, by names that do not depend on Keras' own."""
        moments = self._moments()
        return {name: variable.value.numpy() for name, variable in moments.items()}

    def assign_optimizer_state(self, values: dict[str, NDArray[Any]]) -> None:
        """Set what `optimizer_state` gave."""
        for name, variable in self._moments().items():
            variable.assign(values[name])

    def _moments(self) -> dict[str, Any]:
        named = {"optimizer.updates": self.optimizer.iterations}
        pairs = zip(self.optimizer._momentums, self.optimizer._velocities, strict=True)
        for name, (momentum, velocity) in zip(self.network.variables, pairs, strict=True):
            named |= {f"optimizer.m.{name}": momentum, f"optimizer.v.{name}": velocity}
        return named

    def _distributed(self, *arguments: Any) -> Any:
        return tf.distribute.get_strategy().run(self._update, args=arguments)

    def _update(
        self,
        ids: Tensor,
        weights: Tensor,
        fresh: Tensor,
        state: State,
        step: Tensor,
        learning_rate: Tensor,
    ) -> tuple[Tensor, Tensor, State]:
        variables = list(self.network.variables.values())
        with tf.GradientTape() as tape:
            nats, state = read_window(
                self.network,
                ids,
                weights,
                fresh,
                state,
                self._config.parts,
                lambda first: Dropout(self._config.dropout, self._config.seed, step, first),
            )
            loss = nats / tf.reduce_sum(weights)
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        gradients, norm = tf.clip_by_global_norm(gradients, self._config.gradient_norm)
        self.optimizer.learning_rate.assign(learning_rate)
        self.optimizer.apply(gradients, variables)
        return loss, norm, state
