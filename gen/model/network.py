"""The network: an embedding, stacked LSTM layers, an output, over whole windows.

    ids (N, T) -> embedding (T, D, N) -> LSTM layers (T, H, N) -> output (T, N, V)

Streams come last inside, as the kernel has it. The batch is not split here: `fuse` joins the weights once a
call, and a caller may then run `forward` on as many independent parts of the batch as it likes.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gen.config import ModelConfig, Precision
from gen.model.backend import import_keras, import_tensorflow
from gen.model.kernels import lstm_sequence
from gen.model.layer import LSTMLayer
from gen.model.products import Products, Tensor

tf = import_tensorflow()
keras = import_keras()

State = list[tuple[Tensor, Tensor]]
Dropout = Callable[[Tensor, int], Tensor]


class Fused(NamedTuple):
    """A network's weights, ready for `Network.forward`.

    Shapes:
        embedding: `(V, D)`. layers: each `(H + D, 4H)` and `(4H,)`. output: `(H, V)` and `(V,)`.
    """

    embedding: Tensor
    layers: list[tuple[Tensor, Tensor]]
    output: tuple[Tensor, Tensor]


def no_dropout(values: Tensor, site: int) -> Tensor:  # noqa: ARG001 - the signature of a dropout
    """Keep every value: what a network does when it is not being trained."""
    return values


class Network:
    """The variables of a model, and what they compute.

    Shapes:
        N streams, T time steps, D embedding size, H hidden size, V vocabulary.

    Args:
        config: The shape of the network.
        precision: dtype that the factors of matrix products are rounded to; all else is float32.
        products: dtype that they are multiplied in; None is that of the factors.
        seed: Where the first weights come from.
    """

    def __init__(
        self,
        config: ModelConfig,
        precision: Precision = "float32",
        products: Precision | None = None,
        seed: int = 0,
    ) -> None:
        self.config = config
        self._products = Products.of("float32", precision, products)
        seeds = keras.random.SeedGenerator(seed)
        layer_seeds = np.random.default_rng(seed).integers(1 << 31, size=config.layers).tolist()
        # of unit variance, as Glorot's start of W_x expects of its inputs: smaller ones leave the gates blind
        # to the character at first, and cost a hundred steps
        unit_variance = keras.initializers.RandomNormal(stddev=1.0, seed=seeds)
        self._embedding = keras.layers.Embedding(
            config.vocabulary_size,
            config.embedding_size,
            embeddings_initializer=unit_variance,
            dtype="float32",
        )
        self._layers = [LSTMLayer(config.units, seed=each, dtype="float32") for each in layer_seeds]
        self._output = keras.layers.Dense(
            config.vocabulary_size, kernel_initializer=keras.initializers.GlorotUniform(seed), dtype="float32"
        )
        self._embedding.build()
        for number, layer in enumerate(self._layers):
            layer.build((None, None, config.input_size(number)))
        self._output.build((None, config.units))

    @property
    def variables(self) -> dict[str, Any]:
        """Every variable by its name in the model file, in the file's order."""
        named = {"embedding": self._embedding.embeddings}
        for number, layer in enumerate(self._layers):
            named |= {
                f"lstm.{number}.{name}": variable
                for name, variable in layer.eight_weights()._asdict().items()
            }
        return {**named, "output.W": self._output.kernel, "output.b": self._output.bias}

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The values of `variables`, as the model file has them."""
        return {name: variable.value.numpy() for name, variable in self.variables.items()}

    def assign(self, weights: dict[str, NDArray[np.float32]]) -> None:
        """Set the values of `variables`.

        Raises:
            ValueError: A name is missing, or a shape differs.
        """
        variables = self.variables
        if weights.keys() != variables.keys():
            raise ValueError(f"weights named {sorted(weights)}, expected {sorted(variables)}")
        for name, variable in variables.items():
            variable.assign(weights[name])

    def initial_state(self, streams: int) -> State:
        """The state before anything is read: zeros, `(h, C)` a layer, each `(N, H)` float32."""
        shape = (streams, self.config.units)
        return [(tf.zeros(shape), tf.zeros(shape)) for _ in self._layers]

    def fuse(self) -> Fused:
        """The weights joined, once for all parts of a batch; gradients flow through."""
        variables = self.variables
        return Fused(
            tf.convert_to_tensor(variables["embedding"]),
            [layer.fused() for layer in self._layers],
            (self._products.factor(variables["output.W"]), tf.convert_to_tensor(variables["output.b"])),
        )

    def forward(
        self,
        ids: Tensor,
        state: State,
        fused: Fused,
        dropout: Dropout = no_dropout,
    ) -> tuple[Tensor, State]:
        """Read windows.

        Args:
            ids: `(N, T)`, N static.
            state: As `initial_state` or the last window gave it.
            fused: From `fuse`.
            dropout: Drops of values `(T, D or H, N)` before layer number `site`; the output is the last site.

        Returns:
            Logits `(T, N, V)` float32, and the state after.
        """
        streams, units = ids.shape[0], self.config.units
        values = tf.transpose(tf.gather(fused.embedding, tf.transpose(ids)), [0, 2, 1])
        after: State = []
        for site, ((W, b), (h_0, C_0)) in enumerate(zip(fused.layers, state, strict=True)):
            values, h_T, C_T = lstm_sequence(
                dropout(values, site), tf.transpose(h_0), tf.transpose(C_0), W, b, products=self._products
            )
            after.append((tf.transpose(h_T), tf.transpose(C_T)))
        W, b = fused.output
        values = tf.transpose(dropout(values, len(after)), [0, 2, 1])
        logits = self._products.multiply(self._products.factor(tf.reshape(values, (-1, units))), W) + b
        return tf.reshape(logits, (-1, streams, self.config.vocabulary_size)), after
