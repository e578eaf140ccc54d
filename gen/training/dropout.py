"""Dropout without a generator: each mask is a function of (seed, step, global stream, site).

There is no generator state to lose, so a resumed run drops the very same values; and a stream's mask is the
same however the batch is split over parts, processes or machines. Source of dropout between, not within,
recurrent layers: Zaremba, Sutskever and Vinyals, "Recurrent Neural Network Regularization" (2014).
"""

from gen.model.backend import import_tensorflow
from gen.model.products import Tensor

tf = import_tensorflow()

_LEVELS = 256  # one random byte a value: a fourth of the random numbers, and a rate in 256ths
_BYTES_A_WORD = 4
_SITES = 1 << 8


class Dropout:
    """The masks of one training step.

    Args:
        rate: Share of values to drop, rounded to 256ths.
        input_rate: The same at site 0, where the embedding enters; None is `rate`.
        seed: The run's.
        step: The step's number, a scalar int64 tensor.
        first_stream: The global number of the first stream in what is dropped from.
    """

    def __init__(
        self, rate: float, input_rate: float | None, seed: int, step: Tensor, first_stream: int
    ) -> None:
        self._dropped = round(rate * _LEVELS)
        self._input_dropped = self._dropped if input_rate is None else round(input_rate * _LEVELS)
        self._seed = seed
        self._step = step
        self._first_stream = first_stream

    def __call__(self, values: Tensor, site: int) -> Tensor:
        """Values with some dropped and the rest scaled up, so that the mean stays.

        Shapes:
            values: `(T, D, N)`, with static D and N.
        """
        dropped = self._input_dropped if site == 0 else self._dropped
        if not dropped:
            return values
        words_by_stream = [
            self._words(tf.shape(values)[0], values.shape[1], self._first_stream + stream, site)
            for stream in range(values.shape[2])
        ]
        words = tf.stack(words_by_stream, axis=2)
        # streams are joined as words and cut into bytes afterwards: a fourth of the values to move
        kept = tf.concat([_byte(words, place) >= dropped for place in range(_BYTES_A_WORD)], axis=1)
        kept = kept[:, : values.shape[1]]
        scale = _LEVELS / (_LEVELS - dropped)
        return tf.where(kept, values * tf.constant(scale, values.dtype), tf.zeros((), values.dtype))

    def _words(self, time_steps: Tensor, size: int, stream: int, site: int) -> Tensor:
        # 2^32 streams a step; the seed keeps 55 of its bits beside the site
        seed = (
            tf.constant(self._seed % (1 << 55) * _SITES + site, tf.int64),
            self._step * (1 << 32) + stream,
        )
        shape = (time_steps, -(-size // _BYTES_A_WORD))
        return tf.random.stateless_uniform(shape, tf.stack(seed), minval=None, maxval=None, dtype=tf.int32)


def _byte(words: Tensor, place: int) -> Tensor:
    return tf.bitwise.bitwise_and(tf.bitwise.right_shift(words, 8 * place), _LEVELS - 1)
