"""The loop that writes: draw an id a stream, read it, draw the next.

Stream k draws from a generator of its own, seeded (seed, k), so what one stream writes does not depend on how
many are written beside it. An automaton says which ids may follow; it knows integers only.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from gen.sampler.choose import Choices, draw, probabilities
from gen.sampler.forward import Network, repeat_state

_DRAWS_AT_ONCE = 1024


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


def generate(
    network: Network,
    prompt: NDArray[np.int32],
    transitions: NDArray[np.int16],
    choices: Choices,
    *,
    streams: int = 1,
    seed: int = 0,
    progress: Callable[[], float] = lambda: 0.0,
) -> Iterator[NDArray[np.int32]]:
    """New ids, without end; the caller takes as many as it wants.

    Args:
        network: The model.
        prompt: Ids read first on every stream, at least one; `transitions` are followed from the first.
        transitions: `(S, V)`, see `gen.tokenizer.base.Tokenizer.transitions`.
        choices: How to choose.
        streams: N.
        seed: Stream k draws from the generator (seed, k).
        progress: The share of the text that is written, asked before each draw, for the temperature.

    Yields:
        `(N,)` ids.
    """
    logits, state = network.read(prompt, network.initial_state(1))
    logits, state = np.repeat(logits, streams, axis=0), repeat_state(state, streams)
    forbidden = transitions < 0
    restricted = bool(forbidden.any())
    places = np.full(streams, _follow(transitions, prompt))
    uniforms = _Uniforms(seed, streams)
    while True:
        if restricted:
            logits = np.where(forbidden[places], -np.inf, logits)
        p = probabilities(logits, choices.temperature_at(progress()), choices)
        ids = draw(p, uniforms.next())
        yield ids
        places = transitions[places, ids]
        logits, state = network.step(ids, state)


def _follow(transitions: NDArray[np.int16], ids: NDArray[np.int32]) -> int:
    place = 0
    for number in ids:
        place = int(transitions[place, number])
        if place < 0:
            raise ValueError("the prompt is not one that the transitions allow")
    return place
