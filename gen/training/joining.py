"""How the workers meet, before the first operation: TensorFlow joins them then or never."""

import signal
from socket import socket
from typing import TYPE_CHECKING, Any

from gen.errors import TrainingError
from gen.model.backend import import_tensorflow, quiet_import_for_parts, quiet_modules
from gen.training.cluster import Cluster
from gen.training.rendezvous import gather

if TYPE_CHECKING:
    from gen.training.world import World


def connect(cluster: Cluster, parts: int, server: socket | None = None) -> "World":
    """Import TensorFlow for work in so many parts, and meet the other workers; they are waited for.

    Args:
        cluster: All of them.
        parts: How many.
        server: Where the chief has listened for the others until now, if it has; see `gather`.

    Raises:
        TrainingError: They cannot be met.
    """
    # first, for it takes seconds: TensorFlow is to find that all go on at once
    quiet_modules()
    gather(cluster, server)
    strategies: list[Any] = []
    failures: list[Exception] = []

    def join() -> None:
        tf = import_tensorflow()
        if cluster.size == 1:
            if len(tf.config.list_physical_devices("GPU")) > 1:
                strategies.append(tf.distribute.MirroredStrategy())
            return
        try:
            strategies.append(_joined(cluster))
        except (tf.errors.OpError, RuntimeError) as error:
            failures.append(error)

    quiet_import_for_parts(parts, join, cluster.neighbours)
    if failures:
        raise TrainingError(
            f"{cluster.name(cluster.rank)} cannot meet the others.",
            "See that every address can be reached from every machine, and that its port is free.",
        ) from failures[0]
    from gen.training.world import World

    return World(cluster, strategies[0] if strategies else None)


def _joined(cluster: Cluster) -> Any:
    tf = import_tensorflow()
    spec = tf.train.ClusterSpec({"worker": list(cluster.addresses)})
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        spec, task_type="worker", task_id=cluster.rank, rpc_layer="grpc"
    )
    # should one of them have ended just now, TensorFlow would wait for it whatever Ctrl-C says
    handler = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
    finally:
        signal.signal(signal.SIGINT, handler)
