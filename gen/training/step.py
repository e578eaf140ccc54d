"""One update: loss over a window, gradients through time, their sum over all devices, clipping, AdamW.

The gradients are computed under `strategy.run`; the default strategy is a world of one. Inside, the batch is
split into independent parts, one a core: each walks its own time loop on its own thread, and their gradients
meet in the fused weights they share. State goes in and comes out; it is never a variable.

The weights and the optimiser's moments are each process's own: from the same sum the same update follows, to
the last bit, so nothing but the sum travels. (Under the strategy's scope Keras would sum the gradients once
more, after they were clipped, and send the learning rate and the count of updates around as well.)

Sources: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019); Pascanu, Mikolov and Bengio,
"On the difficulty of training recurrent neural networks" (2013), for clipping by the global norm; Pereyra,
Tucker, Chorowski, Kaiser and Hinton, "Regularizing Neural Networks by Penalizing Confident Output
Distributions" (2017), for what is minimised: the loss less a share of the predictions' entropy.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from gen.config import TrainingConfig
from gen.dataset.windows import Window
from gen.model.backend import import_keras, import_tensorflow
from gen.model.network import Network, State
from gen.model.parts import read_window
from gen.model.products import Tensor
from gen.training.dropout import Dropout
from gen.training.signals import STOPPING_SIGNALS
from gen.training.world import World

tf = import_tensorflow()
keras = import_keras()

BETA_1, BETA_2, EPSILON = 0.9, 0.99, 1e-8
# to tell the other workers with a step: whether to save, and for each signal whether it has asked to stop
NOTHING = (0.0,) * (1 + len(STOPPING_SIGNALS))


class StepResult(NamedTuple):
    """What a step tells: mean nats a token before the update, the gradient's norm, the state after.

    `told` is what all workers told each other with it, summed.
    """

    loss: float
    gradient_norm: float
    state: State
    told: list[float]


class TrainingStep:
    """Updates a network, window by window.

    Args:
        network: Its variables are updated in place.
        config: How to train.
        world: Who else trains it.
    """

    def __init__(self, network: Network, config: TrainingConfig, world: World | None = None) -> None:
        self.network = network
        self.world = world or World()
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

    def __call__(
        self,
        window: Window,
        state: State,
        step: int,
        learning_rate: float,
        telling: Sequence[float] = NOTHING,
    ) -> StepResult:
        """Train on a window; `step` and the global number of a stream decide the dropout.

        Args:
            window: Of this process's streams.
            state: Theirs.
            step: Its number.
            learning_rate: For this update.
            telling: As many numbers as `NOTHING`, to be summed over the workers along with the gradients.

        Raises:
            TrainingError: Another worker is gone.
        """
        with self.world.in_touch():
            loss, norm, state, told = self._compiled(
                tf.constant(window.ids),
                tf.constant(window.weights),
                tf.constant(window.fresh),
                state,
                tf.constant(window.elsewhere, tf.float32),
                tf.constant(step, tf.int64),
                tf.constant(telling, tf.float32),
                tf.constant(learning_rate, tf.float32),
            )
            return StepResult(float(loss), float(norm), state, told.numpy().tolist())

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

    def _distributed(self, *arguments: Any) -> tuple[Tensor, Tensor, State, Tensor]:
        *read, learning_rate = arguments
        world = self.world
        results = world.strategy.run(self._gradients, args=read)
        loss, told, state, *gradients = results
        if world.local_replicas > 1:
            local = world.strategy.experimental_local_results
            # the sums are the same on all devices; the state of each is of its own streams
            loss, told, *gradients = (local(each)[0] for each in (loss, told, *gradients))
            state = [tuple(tf.concat(local(each), axis=0) for each in layer) for layer in state]
        updated = tf.distribute.get_strategy().run(self._update, args=(gradients, learning_rate))
        return loss, updated, state, told

    def _gradients(
        self,
        ids: Tensor,
        weights: Tensor,
        fresh: Tensor,
        state: State,
        elsewhere: Tensor,
        step: Tensor,
        telling: Tensor,
    ) -> list[Any]:
        """The loss, the state after, and the gradients of the loss less a share of the predictions' entropy.

        Loss and gradients are summed over all devices; the state is of this device's streams.
        """
        config, predictions = self._config, tf.reduce_sum(weights) + elsewhere
        blocks, number = self.world.blocks(config.batch_size), self.world.local_replica()
        first_stream, last_stream = blocks[number]
        if len(blocks) > 1:
            own = slice(first_stream - blocks[0][0], last_stream - blocks[0][0])
            ids, weights, fresh = ids[own], weights[own], fresh[own]
            state = [(h[own], C[own]) for h, C in state]
        variables = list(self.network.variables.values())
        with tf.GradientTape() as tape:
            reading = read_window(
                self.network,
                ids,
                weights,
                fresh,
                state,
                config.parts,
                lambda first: Dropout(
                    config.dropout, config.input_dropout, config.seed, step, first_stream + first
                ),
            )
            # of all devices' predictions: the gradients of the whole are then a sum, and are divided once
            loss = reading.nats / predictions
            objective = loss
            if config.confidence_penalty:
                objective -= config.confidence_penalty * reading.entropy / predictions
        gradients = tape.gradient(objective, [variable.value for variable in variables])
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        own = telling if number == 0 else tf.zeros_like(telling)
        numbers = tf.concat([[loss], own], axis=0)
        numbers, gradients = self.world.summed(numbers, gradients, config.gradients)
        return [numbers[0], numbers[1:], reading.state, *gradients]

    def _update(self, gradients: list[Tensor], learning_rate: Tensor) -> Tensor:
        variables = list(self.network.variables.values())
        gradients, norm = tf.clip_by_global_norm(gradients, self._config.gradient_norm)
        self.optimizer.learning_rate.assign(learning_rate)
        self.optimizer.apply(gradients, variables)
        return norm
