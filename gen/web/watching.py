"""What is seen of a model while it writes: how surprising each token was, and what the gates did."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gen.errors import GenError
from gen.inspection.trace import NamedWeights, Trace, log_softmax, read
from gen.sampler.forward import Array
from gen.tokenizer.base import Ids
from gen.web.models import Opened

LEVELS = 63  # as on the page of `gen inspect`
_READ_AT_ONCE = 64
_GATES = ("f", "i", "o")

Told = dict[str, list[list[int]]]


class Surprise:
    """Bits of what is drawn on N streams, by the model's own distribution: temperature 1, nothing forbidden.

    Args:
        streams: N.

    Attributes:
        drawn: The ids of stream 0 that nobody has taken yet.
    """

    def __init__(self, streams: int) -> None:
        self._bits = np.zeros(streams)
        self._rows = np.arange(streams)
        self.drawn: list[int] = []

    def watch(self, logits: Array, ids: NDArray[np.int32]) -> None:
        """See `gen.sampler.generate.Watch`."""
        self._bits -= log_softmax(logits.astype(np.float64))[self._rows, ids] / math.log(2)
        self.drawn.append(int(ids[0]))

    def take(self, stream: int) -> float:
        """The bits of a stream since they were taken last."""
        bits = float(self._bits[stream])
        self._bits[stream] = 0.0
        return round(bits, 3)

    def take_drawn(self) -> list[int]:
        """The ids of stream 0 since they were taken last."""
        drawn, self.drawn = self.drawn, []
        return drawn


class Gates:
    """The gates of a layer while it reads what is written.

    Args:
        opened: The model.
        layer: From 0; None for the last.
        units: Which units; None for the mean of all.

    Raises:
        GenError: There is no such layer or unit.
    """

    def __init__(self, opened: Opened, layer: int | None, units: Sequence[int] | None) -> None:
        config = opened.model.config
        self._config, self._weights = config, opened.model.weights
        self._layer = config.layers - 1 if layer is None else layer
        self._units = None if units is None else list(units)
        self._before: Trace | None = None
        if self._layer >= config.layers:
            raise GenError(
                f"The model has no layer {layer}.", f"Its layers are counted from 0 to {config.layers - 1}."
            )
        if units is not None and max(units) >= config.units:
            raise GenError(
                f"The model has no unit {max(units)}.", f"Its units are counted from 0 to {config.units - 1}."
            )

    def read_prompt(self, ids: Ids) -> Iterator[None]:
        """Read ids of which nothing is told, a part at a time."""
        for start in range(0, len(ids), _READ_AT_ONCE):
            self._read(ids[start : start + _READ_AT_ONCE])
            yield

    def read(self, ids: Sequence[int]) -> Told:
        """The gates after each id in turn, from 0 to `LEVELS`; of each gate a list of units by token."""
        self._read(np.array(ids, np.int32))
        assert self._before is not None
        step = self._before.layers[self._layer]
        told = {}
        for name in _GATES:
            values = getattr(step, name)
            chosen = values.mean(axis=1, keepdims=True) if self._units is None else values[:, self._units]
            told[name] = np.rint(chosen * LEVELS).astype(int).tolist()
        return told

    def _read(self, ids: Ids) -> None:
        weights: NamedWeights = {**self._weights}
        self._before = read(self._config, weights, ids, self._before)
