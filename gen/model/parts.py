"""A window read in independent parts of the batch, one a core: how training and evaluation both read.

Parts that share nothing but the weights run side by side in one graph, each walking its own time loop on one
thread. On two cores that is faster than both cores working on each small product together.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from gen.model.backend import import_tensorflow
from gen.model.network import Dropout, Network, State, no_dropout
from gen.model.products import Tensor

tf = import_tensorflow()


class Reading(NamedTuple):
    """What was found in a window, summed over what counts.

    Attributes:
        nats: Negative log likelihood of what came, a scalar.
        entropy: Of the predictions, in nats, a scalar: how unsure of itself the network was.
        state: The state after.
    """

    nats: Tensor
    entropy: Tensor
    state: State


def read_window(
    network: Network,
    ids: Tensor,
    weights: Tensor,
    fresh: Tensor,
    state: State,
    parts: int,
    dropout_from: Callable[[int], Dropout] = lambda _first_stream: no_dropout,
) -> Reading:
    """Score the predictions of a window.

    Shapes:
        ids `(N, T + 1)`, weights `(N, T)`, fresh `(N,)` as in `gen.dataset.windows.Window`, N static; state
        as in `Network.forward`.

    Args:
        network: Its weights are fused once, for all parts.
        ids: What is read and, one step later, predicted.
        weights: What counts.
        fresh: Whose state is cleared first.
        state: The state before the window.
        parts: How many parts; no more than there are streams are made.
        dropout_from: The dropout of a part, given the number of its first stream.
    """
    fused = network.fuse()
    cleared = fresh[:, None]
    state = [(tf.where(cleared, 0.0, h), tf.where(cleared, 0.0, C)) for h, C in state]
    nats, entropies, states = [], [], []
    for first, last in part_bounds(ids.shape[0], parts):
        part_state = [(h[first:last], C[first:last]) for h, C in state]
        part_ids = ids[first:last]
        logits, after = network.forward(part_ids[:, :-1], part_state, fused, dropout_from(first))
        part_weights = tf.transpose(weights[first:last])
        nats.append(_summed_nats(logits, tf.transpose(part_ids[:, 1:]), part_weights))
        entropies.append(_summed_entropy(logits, part_weights))
        states.append(after)
    return Reading(tf.add_n(nats), tf.add_n(entropies), _joined(states))


def part_bounds(streams: int, parts: int) -> list[tuple[int, int]]:
    """The first and last (exclusive) stream of each part, in sizes that differ by one at the most."""
    return list(pairwise(np.linspace(0, streams, min(parts, streams) + 1).astype(int).tolist()))


def _joined(states: list[State]) -> State:
    return [
        (tf.concat([h for h, _ in layer], axis=0), tf.concat([C for _, C in layer], axis=0))
        for layer in zip(*states, strict=True)
    ]


def _summed_nats(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits) * weights)


def _summed_entropy(logits: Tensor, weights: Tensor) -> Tensor:
    log_probabilities = tf.nn.log_softmax(logits)
    entropy = -tf.reduce_sum(tf.exp(log_probabilities) * log_probabilities, axis=-1)
    return tf.reduce_sum(entropy * weights)
