"""All processes and devices that train one model: who has which streams, and what they tell each other.

A process alone, on its processor or its one GPU, is a world of one: it tells nobody anything, and computes
what it would without this module. Several GPUs in one machine are TensorFlow's `MirroredStrategy`, several
processes its `MultiWorkerMirroredStrategy`. Between updates everything is told by one operation, a sum of
whole numbers over the workers, in which each place is filled by one worker alone and is zero for all others:
so bits arrive as they were sent, from one to all or from each to all.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gen.config import Precision
from gen.errors import RunError, WorkerLostError
from gen.model.backend import import_tensorflow
from gen.model.parts import part_bounds
from gen.model.products import Tensor
from gen.training.cluster import ALONE, Cluster

tf = import_tensorflow()

Json = TypeVar("Json")

# JSON is sent in so many bytes or a multiple: TensorFlow compiles a sum for each size
_JSON_BYTES = 1 << 12


class World:
    """The processes and devices that share a batch.

    Args:
        cluster: The processes.
        strategy: What joins them and their devices; None takes the one that is current.

    Attributes:
        cluster: The processes.
        strategy: What joins them.
        replicas: Devices in all, each with a block of the streams.
        local_replicas: Those of this process.
    """

    def __init__(self, cluster: Cluster = ALONE, strategy: Any = None) -> None:
        self.cluster = cluster
        self.strategy = strategy or tf.distribute.get_strategy()
        self.replicas = int(self.strategy.num_replicas_in_sync)
        self.local_replicas = self.replicas // cluster.size
        self._merge = tf.function(self._sum_over_workers, autograph=False)

    @property
    def is_chief(self) -> bool:
        """Whether this process decides, saves and tells."""
        return self.cluster.is_chief

    def blocks(self, streams: int) -> list[tuple[int, int]]:
        """The first and last (exclusive) stream of each of this process's devices.

        Raises:
            RunError: There are more devices than streams.
        """
        if streams < self.replicas:
            raise RunError(
                f"{streams} streams are fewer than the {self.replicas} processes or devices that share them.",
                "Give a larger --batch-size (a small corpus fills few), or train with fewer.",
            )
        first = self.cluster.rank * self.local_replicas
        return part_bounds(streams, self.replicas)[first : first + self.local_replicas]

    def block(self, streams: int) -> tuple[int, int]:
        """The first and last (exclusive) stream of this process.

        Raises:
            RunError: There are more devices than streams.
        """
        blocks = self.blocks(streams)
        return blocks[0][0], blocks[-1][1]

    def share(self, streams: int) -> tuple[int, int]:
        """As `block`, of streams that need no device each: some processes may have none."""
        bounds = list(pairwise(np.linspace(0, streams, self.cluster.size + 1).astype(int).tolist()))
        return bounds[self.cluster.rank]

    def local_replica(self) -> int:
        """The number of this device among those of its process; to be called within `strategy.run`."""
        if self.local_replicas == 1:
            return 0
        number = tf.get_static_value(tf.distribute.get_replica_context().replica_id_in_sync_group)
        return int(number) % self.local_replicas

    def summed(
        self, numbers: Tensor, gradients: list[Tensor], dtype: Precision = "float32"
    ) -> tuple[Tensor, list[Tensor]]:
        """Tensors of this device, each summed over all devices; to be called within `strategy.run`.

        All travel in one message: many small ones would each wait for the slowest.

        Args:
            numbers: A few in float32, `(count,)`, which are summed as such whatever `dtype` is.
            gradients: In float32, of any shapes.
            dtype: What these are rounded to on their way, and after each addition.
        """
        if self.replicas == 1:
            return numbers, gradients
        sent = [numbers if dtype == "float32" else self._as_bytes(numbers), *gradients]
        flat = tf.concat([tf.cast(tf.reshape(tensor, (-1,)), dtype) for tensor in sent], axis=0)
        flat = tf.distribute.get_replica_context().all_reduce("SUM", flat)
        first, *parts = tf.split(flat, [tensor.shape.num_elements() for tensor in sent])
        received = [
            tf.reshape(tf.cast(part, tf.float32), gradient.shape)
            for part, gradient in zip(parts, gradients, strict=True)
        ]
        return first if dtype == "float32" else self._from_bytes(first), received

    def _as_bytes(self, numbers: Tensor) -> Tensor:
        """Numbers in float32 as bytes, in this device's row of a table, `(replicas, 4 count)`.

        Every dtype holds a byte exactly, and to each only zeros are added.
        """
        own = self.cluster.rank * self.local_replicas + self.local_replica()
        row = tf.reshape(tf.bitcast(numbers, tf.uint8), (1, -1))
        return tf.pad(row, [[own, self.replicas - 1 - own], [0, 0]])

    def _from_bytes(self, table: Tensor) -> Tensor:
        """The numbers of all devices, of which each has filled its row by `_as_bytes`, summed."""
        rows = tf.reshape(tf.cast(table, tf.uint8), (self.replicas, -1, 4))
        return tf.reduce_sum(tf.bitcast(rows, tf.float32), axis=0)

    def decided(self, decide: Callable[[], Json]) -> Json:
        """What the chief decides, at every worker; only the chief is asked. It must be ready for JSON."""
        if self.cluster.size == 1:
            return decide()
        text = json.dumps(decide()).encode() if self.is_chief else b""
        length = int(self.merged({"length": np.array([len(text)], np.int32)})["length"][0])
        padded = np.zeros(-(-length // _JSON_BYTES) * _JSON_BYTES, np.uint8)
        padded[: len(text)] = np.frombuffer(text, np.uint8)
        said: Json = json.loads(self.merged({"text": padded})["text"].tobytes()[:length])
        return said

    def gathered(self, values: Sequence[float]) -> NDArray[np.float64]:
        """The values of each worker, at every worker: `(workers, values)`, exact."""
        table = np.zeros((self.cluster.size, len(values)))
        table[self.cluster.rank] = values
        return self.merged({"table": table})["table"]

    def copied(self, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """The chief's arrays, at every worker; the others give arrays of the same shapes."""
        if not self.is_chief:
            arrays = {name: np.zeros_like(array) for name, array in arrays.items()}
        return self.merged(arrays)

    def merged(self, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Arrays of which one worker has filled each element and all others left it zero, bit for bit.

        Raises:
            WorkerLostError: A worker is gone.
        """
        if self.cluster.size == 1:
            return arrays
        # the bytes of all, as whole numbers: zeros add nothing to them, and not even a sign is lost
        sent = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays.values())
        words = np.frombuffer(sent + bytes(-len(sent) % 4), np.int32)
        with self.in_touch():
            received = self._merge(tf.constant(words)).numpy().tobytes()
        merged, start = {}, 0
        for name, array in arrays.items():
            merged[name] = np.frombuffer(received[start : start + array.nbytes], array.dtype)
            merged[name] = merged[name].reshape(array.shape)
            start += array.nbytes
        return merged

    @contextmanager
    def in_touch(self) -> Iterator[None]:
        """Turn what TensorFlow says, when it cannot reach another worker, into the user's error.

        Raises:
            WorkerLostError: A worker is gone.
        """
        errors = tf.errors
        lost = (
            errors.UnavailableError,
            errors.AbortedError,
            errors.CancelledError,
            errors.DeadlineExceededError,
        )
        try:
            yield
        except lost as error:
            if self.cluster.size == 1:
                raise
            named = re.search(
                r"stopped sending heartbeats.*?/task:(\d+)", str(error), re.DOTALL
            ) or re.search(r"remote target \S*/task:(\d+)", str(error))
            who = "Another worker" if named is None else self.cluster.name(int(named[1]))
            raise WorkerLostError(
                f"{who} is gone, and the others cannot go on without it.",
                "See what ended it; then start all of them again, with --resume if a state was saved.",
            ) from error

    def _sum_over_workers(self, words: Tensor) -> Tensor:

        def one() -> Tensor:
            # each device sums a copy of its own; of a process's devices the first gives what it has to say
            own = tf.identity(words) if self.local_replica() == 0 else tf.zeros_like(words)
            return tf.distribute.get_replica_context().all_reduce("SUM", own)

        return self.strategy.experimental_local_results(self.strategy.run(one))[0]
