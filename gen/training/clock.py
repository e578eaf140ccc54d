"""What products and steps cost on this machine, measured before training and then undone."""

import time
from functools import partial
from operator import lt

from gen.config import Precision
from gen.dataset.pieces import windows_of
from gen.dataset.token_file import TokenFile
from gen.model.backend import import_tensorflow
from gen.training.step import TrainingStep

tf = import_tensorflow()

_WARM_UP = 2
_MIN_STEPS = 5
_MEASURED_S = 0.5
_SHARE_OF_BUDGET = 0.015
MEASURED_UNITS = 256


def step_seconds(step: TrainingStep, file: TokenFile, streams: int, window: int, budget_s: float) -> float:
    """Seconds a step takes, roughly and soon; the network and the optimiser are then as before."""
    weights, moments = step.network.weights(), step.optimizer_state()
    windows = windows_of(file, streams, window).narrowed(step.world.block(streams))
    state = step.network.initial_state(windows.block[1] - windows.block[0])
    for _ in range(_WARM_UP):
        state = step(windows.next(), state, 0, 0.0).state
    enough_s = min(_MEASURED_S, _SHARE_OF_BUDGET * budget_s)
    done, measured_s = 0, 0.0
    # of many workers each takes as many steps as the chief
    while done < _MIN_STEPS or step.world.decided(partial(lt, measured_s, enough_s)):
        started = time.perf_counter()
        state = step(windows.next(), state, 0, 0.0).state
        measured_s += time.perf_counter() - started
        done += 1
    step.network.assign(weights)
    step.assign_optimizer_state(moments)
    return measured_s / done


def faster_products(streams: int, units: int) -> Precision:
    """The faster dtype for the products of a step on this machine, measured in a few hundredths of a second.

    Small products take as long in either, and a choice between equals would differ from run to run: they are
    done in float32.
    """
    if units < MEASURED_UNITS:
        return "float32"
    # turn by turn, and the quickest of each: on a busy machine all others measure the neighbours
    times = [
        (_product_s("float32", streams, units), _product_s("bfloat16", streams, units)) for _ in range(20)
    ]
    float32_s, bfloat16_s = (min(of) for of in zip(*times, strict=True))
    return "bfloat16" if bfloat16_s < 0.9 * float32_s else "float32"


def _product_s(dtype: str, streams: int, units: int) -> float:
    W = tf.cast(tf.random.stateless_uniform((4 * units, units), (0, 1)), dtype)
    h = tf.cast(tf.random.stateless_uniform((units, streams), (0, 2)), dtype)
    started = time.perf_counter()
    tf.matmul(W, h).numpy()
    return time.perf_counter() - started
