"""The loop that writes: draw an id a stream, read it, draw the next.

Stream k draws from a generator of its own, seeded (seed, k), so what one stream writes does not depend on how
many are written beside it. A grammar says which ids may follow; all that is known here is integers.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gen.sampler.choose import Choices, draw, probabilities
from gen.sampler.forward import Array, Network, repeat_state
from gen.sampler.memory import Known, Memory

_DRAWS_AT_ONCE = 1024
_READ_AT_ONCE = 256

Watch = Callable[[Array, NDArray[np.int32]], None]
"""Called with the logits `(N, V)` of a step, before anything is forbidden, and the ids `(N,)` drawn."""


class Grammar(Protocol):
    """What may follow, on N streams; see `gen.tokenizer.base.Grammar`."""

    def allowed(self) -> NDArray[np.bool_] | None:
        """Which ids may come next, `(N, V)`; None where all may."""

    def follow(self, ids: NDArray[np.int32]) -> None:
        """Move on by one id a stream, `(N,)`."""


class _Uniforms:
    """Draws from [0, 1) for N streams, taken from each stream's generator in blocks."""

    def __init__(self, seed: int, streams: int) -> None:
        self._generators = [np.random.default_rng((seed, stream)) for stream in range(streams)]
        self._block = np.empty((0, streams))
        self._used = 0

    def next(self) -> NDArray[np.float64]:
        if self._used == len(self._block):
            self._block = np.stack([each.random(_DRAWS_AT_ONCE) for each in self._generators], axis=1)
            self._used = 0
        drawn: NDArray[np.float64] = self._block[self._used]
        self._used += 1
        return drawn


def read_in_parts(
    network: Network, prompt: NDArray[np.int32], memory: Memory | None = None
) -> Iterator[Known]:
    """Read ids, at least one, a part at a time, so that a caller can do something else between.

    Args:
        network: The model.
        prompt: What to read.
        memory: Of this network: what it has of the prompt's beginning is not read again.

    Yields:
        What is known after each part; the last is what is known after the whole prompt.
    """
    first, known = (0, None) if memory is None else memory.recall(prompt)
    state = network.initial_state(1) if known is None else known.state
    for start in range(first, len(prompt), _READ_AT_ONCE):
        logits, state = network.read(prompt[start : start + _READ_AT_ONCE], state)
        known = Known(logits, state)
        yield known
    assert known is not None, "there is nothing to read"
    if memory is not None:
        memory.keep(prompt, known)
    if first == len(prompt):
        yield known


def generate(
    network: Network,
    prompt: NDArray[np.int32],
    grammar: Grammar,
    choices: Choices,
    *,
    streams: int = 1,
    seed: int = 0,
    progress: Callable[[], NDArray[np.float64]] | None = None,
    known: Known | None = None,
    watch: Watch | None = None,
) -> Iterator[NDArray[np.int32]]:
    """New ids, without end; the caller takes as many as it wants.

    Args:
        network: The model.
        prompt: Ids read first on every stream, at least one.
        grammar: What may follow, for N streams; it follows the prompt first.
        choices: How to choose.
        streams: N.
        seed: Stream k draws from the generator (seed, k).
        progress: The share of each text that is written, `(N,)`, asked before each draw where the
            temperature changes; None leaves it at its first.
        known: What `read_in_parts` said last of the prompt, where it has been read; None reads it here.
        watch: Called at each step.

    Yields:
        `(N,)` ids.

    Raises:
        ValueError: The grammar forbids the prompt.
    """
    for number in prompt:
        grammar.follow(np.full(streams, number, np.int32))
    logits, state = network.read(prompt, network.initial_state(1)) if known is None else known
    logits, state = np.repeat(logits, streams, axis=0), repeat_state(state, streams)
    uniforms = _Uniforms(seed, streams)
    if choices.steady:
        progress = None
    while True:
        may = logits
        if (allowed := grammar.allowed()) is not None:
            may = np.where(allowed, logits, -np.inf)
        temperature = choices.temperature[0] if progress is None else choices.temperature_at(progress())
        ids = draw(probabilities(may, temperature, choices), uniforms.next())
        if watch is not None:
            watch(logits, ids)
        yield ids
        grammar.follow(ids)
        logits, state = network.step(ids, state)
