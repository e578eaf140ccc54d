"""The cell as a Keras layer: eight variables, the fast kernel, and what Keras expects of a recurrent layer.

Shapes:
    N streams, T time steps, D input size, H hidden size (`units`). Batch-major outside, as Keras has it,
    (N, T, …); (T, …, N) inside, as the kernel has it.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from gen.model.backend import import_keras, import_tensorflow
from gen.model.cell import Weights, fuse
from gen.model.kernels import TENSORFLOW, lstm_sequence
from gen.model.products import Products, Tensor

tf = import_tensorflow()
keras = import_keras()
KerasLayer: Any = keras.layers.Layer

Shape = Sequence[int | None]


@keras.saving.register_keras_serializable(package="gen")
class LSTMLayer(KerasLayer):
    """An LSTM whose eight weights are variables of their own, under the names of the equations.

    The rows for x start Glorot-uniform, which keeps the variance of what passes through (Glorot and Bengio,
    AISTATS 2010). The rows for h start orthogonal: they are applied T times over, and an orthogonal matrix
    neither blows up nor shrinks what it is applied to (Saxe, McClelland and Ganguli, ICLR 2014). The forget
    bias starts at 1, so that the memory is kept until training finds reason to clear it (Jozefowicz, Zaremba
    and Sutskever, ICML 2015); the other biases start at 0.

    Under a mixed policy (`mixed_bfloat16`) the factors of matrix products have the compute dtype, while
    state, gates and sums stay in the variables' dtype, and so do the states that `return_state` hands out.

    Args:
        units: H.
        return_sequences: Return h of every step instead of the last.
        return_state: Return the last h and C as well.
        seed: Where the initial weights come from; None draws a new one each time.
        **layer_arguments: Those of every Keras layer: `name`, `dtype`, `trainable`.

    Attributes:
        W_f, W_i, W_C, W_o: (H+D, H) each; the first H rows meet h, the others x.
        b_f, b_i, b_C, b_o: (H,) each.

    Raises:
        ValueError: An argument is not what it should be.
    """

    def __init__(
        self,
        units: int,
        return_sequences: bool = False,
        return_state: bool = False,
        seed: int | None = None,
        **layer_arguments: Any,
    ) -> None:
        if not _is_whole(units) or units < 1:
            raise ValueError(f"units must be a whole number from 1, not {units!r}")
        if seed is not None and (not _is_whole(seed) or seed < 0):
            raise ValueError(f"seed must be None or a whole number from 0, not {seed!r}")
        # Keras' own casting would round a carried state to the compute dtype at the door.
        super().__init__(autocast=False, **layer_arguments)
        self.units = int(units)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.seed = seed
        self.supports_masking = True
        self.supports_jit = False  # on a CPU, XLA runs the time loop slower than TensorFlow's own

    def build(self, sequences_shape: Shape, initial_state_shape: Any = None) -> None:  # noqa: ARG002
        """Make the eight variables for inputs (N, T, D)."""
        D, H = sequences_shape[-1], self.units
        if len(sequences_shape) != 3 or D is None:
            raise ValueError(f"expected inputs (N, T, D) with D known, received {tuple(sequences_shape)}")
        self.input_spec = keras.layers.InputSpec(ndim=3, axes={-1: D})
        seeds = np.random.SeedSequence(self.seed).generate_state(8).tolist()
        for name in Weights._fields:
            shape: tuple[int, ...] = (H,)
            initializer = "ones" if name == "b_f" else "zeros"
            if name.startswith("W_"):
                shape, initializer = (H + D, H), _initial_matrix(H, seeds.pop(), seeds.pop())
            # The kernel decides what is rounded: with `autocast`, Keras would round the variable itself.
            variable = self.add_weight(name=name, shape=shape, initializer=initializer, autocast=False)
            setattr(self, name, variable)

    def call(
        self, sequences: Tensor, initial_state: Sequence[Tensor] | None = None, mask: Tensor | None = None
    ) -> Any:
        """Run over the sequences.

        Args:
            sequences: (N, T, D).
            initial_state: h and C before the first step, (N, H) each; None starts from zeros.
            mask: (N, T) of bool; where False the state is held.

        Returns:
            h (N, T, H) with `return_sequences`, else (N, H), in the compute dtype; with `return_state` a
            tuple of that and the last h and C, (N, H) each, in the variables' dtype.

        Raises:
            ValueError: `initial_state` is not a pair.
        """
        h_0, C_0 = self._first_state(sequences, initial_state)
        if mask is None:  # Keras hands on an attached mask only to layers called with a single tensor
            mask = getattr(sequences, "_keras_mask", None)
        h, h_T, C_T = lstm_sequence(
            tf.transpose(sequences, [1, 2, 0]),
            tf.transpose(h_0),
            tf.transpose(C_0),
            *self.fused(),
            mask=None if mask is None else tf.transpose(mask),
            products=Products.of(self.variable_dtype, self.compute_dtype),
        )
        h_T, C_T = tf.transpose(h_T), tf.transpose(C_T)
        output = tf.transpose(h, [2, 0, 1]) if self.return_sequences else h_T
        output = tf.cast(output, self.compute_dtype)
        return (output, h_T, C_T) if self.return_state else output

    def fused(self) -> tuple[Tensor, Tensor]:
        """W (H+D, 4H) and b (4H,) for `lstm_sequence`: made once a call, outside the time loop."""
        return fuse(self.eight_weights(), TENSORFLOW)

    def eight_weights(self) -> Weights:
        """The eight variables, as the equations take them."""
        return Weights(**{name: getattr(self, name) for name in Weights._fields})

    def compute_mask(self, _sequences: Any, previous_mask: Any = None) -> Any:
        """The mask that goes with each output: a sequence keeps its own, a single state has none."""
        output_mask = previous_mask if self.return_sequences else None
        return (output_mask, None, None) if self.return_state else output_mask

    def compute_output_shape(self, sequences_shape: Shape, initial_state_shape: Any = None) -> Any:  # noqa: ARG002
        """The shapes that `call` returns for inputs of a shape (N, T, D)."""
        N, T, _ = sequences_shape
        output = (N, T, self.units) if self.return_sequences else (N, self.units)
        return (output, (N, self.units), (N, self.units)) if self.return_state else output

    def compute_output_spec(self, sequences: Any, initial_state: Any = None, mask: Any = None) -> Any:  # noqa: ARG002
        """The shapes and dtypes that `call` returns: the states keep the variables' dtype."""
        shapes = self.compute_output_shape(sequences.shape)
        if not self.return_state:
            return keras.KerasTensor(shapes, self.compute_dtype)
        dtypes = (self.compute_dtype, self.variable_dtype, self.variable_dtype)
        return tuple(keras.KerasTensor(*spec) for spec in zip(shapes, dtypes, strict=True))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {
            **super().get_config(),
            "units": self.units,
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "seed": self.seed,
        }

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Store the variables under the equations' names, where Keras would number them."""
        for name, variable in self.eight_weights()._asdict().items():
            store[name] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Read what `save_own_variables` wrote.

        Raises:
            ValueError: The file does not hold exactly the eight names.
        """
        if set(store.keys()) != set(Weights._fields):
            raise ValueError(
                f"layer {self.name!r} expects the variables {', '.join(Weights._fields)}; "
                f"the file holds {', '.join(sorted(store.keys())) or 'none'}"
            )
        for name, variable in self.eight_weights()._asdict().items():
            variable.assign(store[name])

    def _first_state(
        self, sequences: Tensor, initial_state: Sequence[Tensor] | None
    ) -> tuple[Tensor, Tensor]:
        if initial_state is None:
            zeros = tf.zeros([tf.shape(sequences)[0], self.units], self.variable_dtype)
            return zeros, zeros
        if not isinstance(initial_state, list | tuple) or len(initial_state) != 2:
            raise ValueError(f"initial_state must be a pair of h and C, (N, H) each, not {initial_state!r}")
        h_0, C_0 = (tf.cast(state, self.variable_dtype) for state in initial_state)
        return h_0, C_0


def _initial_matrix(H: int, recurrent_seed: int, input_seed: int) -> Any:
    recurrent = keras.initializers.Orthogonal(seed=recurrent_seed)
    glorot = keras.initializers.GlorotUniform(seed=input_seed)

    def initial(shape: tuple[int, int], dtype: Any = None) -> Tensor:
        rows, columns = shape
        return tf.concat([recurrent((H, columns), dtype), glorot((rows - H, columns), dtype)], 0)

    return initial


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
