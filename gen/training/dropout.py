"""Dropout without a generator: each mask is a function of (seed, step, global stream, site).

There is no generator state to lose, so a resumed run drops the very same values; and a stream's mask is the
same however the batch is split over parts, processes or machines. Source of dropout between, not within,
recurrent layers: Zaremba, Sutskever and Vinyals, "Recurrent Neural Network Regularization" (2014).
"""

from gen.model.backend import import_tensorflow
from gen.model.products import Tensor

tf = import_tensorflow()

_LEVELS = 256  # one random byte a value: a fourth of the random numbers, and a rate in 256ths
_SITES = 1 << 8


class Dropout:
    """The masks of one training step.

    Args:
        rate: Share of values to drop, rounded to 256ths.
        seed: The run's.
        step: The step's number, a scalar int64 tensor.
        first_stream: The global number of the first stream in what is dropped from.
    """

    def __init__(self, rate: float, seed: int, step: Tensor, first_stream: int) -> None:
        self._dropped = round(rate * _LEVELS)
        self._seed = seed
        self._step = step
        self._first_stream = first_stream

    def __call__(self, values: Tensor, site: int) -> Tensor:
        """Values with some dropped and the rest scaled up, so that the mean stays.

        Shapes:
            values: `(T, D, N)`, with static D and N.
        """
        if not self._dropped:
            return values
        bytes_by_stream = [
            self._bytes(tf.shape(values)[0], values.shape[1], self._first_stream + stream, site)
            for stream in range(values.shape[2])
        ]
        kept = tf.stack(bytes_by_stream, axis=2) >= tf.constant(self._dropped, tf.uint8)
        scale = _LEVELS / (_LEVELS - self._dropped)
        return tf.where(kept, values * tf.constant(scale, values.dtype), tf.zeros((), values.dtype))

    def _bytes(self, time_steps: Tensor, size: int, stream: int, site: int) -> Tensor:
        words = -(-size // 4)
        # 2^32 streams a step; the seed keeps 55 of its bits beside the site
        seed = (
            tf.constant(self._seed % (1 << 55) * _SITES + site, tf.int64),
            self._step * (1 << 32) + stream,
        )
        drawn = tf.random.stateless_uniform(
            (time_steps, words), tf.stack(seed), minval=None, maxval=None, dtype=tf.int32
        )
        return tf.reshape(tf.bitcast(drawn, tf.uint8), (time_steps, words * 4))[:, :size]
