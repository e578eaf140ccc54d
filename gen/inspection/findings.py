"""All that a look inside finds, as numbers: for JSON, for `.npz`, and for whoever draws it."""

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.config import ModelConfig
from gen.errors import GenError
from gen.inspection.gradient import Fading, fading, half_distance, plain_rnn
from gen.inspection.passage import Passage, of_units
from gen.inspection.trace import Foretold, NamedWeights, foretell, read
from gen.inspection.tracking import Tracking, track
from gen.model.cell import Step

GUESSES = 5
_DIGITS = 7


@dataclass(frozen=True)
class Findings:
    """What was found in one layer of a model while it read a passage.

    Attributes:
        model: The model's file.
        corpus: What the file says of what it learned from.
        config: The shape of the network.
        layer: Which layer, as the model file counts: from 0.
        passage: What was read.
        tokens: The vocabulary.
        step: The six quantities after each token of the passage, `(T, H)` each.
        foretold: Of each token of the passage, from those before it.
        tracking: How units follow counts, by the counts' names.
        fading: The gradient by distance, of all layers.
    """

    model: str
    corpus: dict[str, Any]
    config: ModelConfig
    layer: int
    passage: Passage
    tokens: tuple[str, ...]
    step: Step
    foretold: Foretold
    tracking: dict[str, Tracking]
    fading: Fading

    @property
    def unit_bits(self) -> NDArray[np.float64]:
        """The surprise of each character or note."""
        return of_units(self.passage, self.foretold.bits)

    @property
    def section_bits(self) -> list[float | None]:
        """Bits a character or note, line by line or bar by bar; None where none is complete."""
        passage, found = self.passage, []
        for (_, first), end in zip(passage.sections, passage.section_ends(), strict=True):
            units = int(passage.completes[first:end].sum())
            found.append(float(self.foretold.bits[first:end].sum()) / units if units else None)
        return found

    def to_json(self) -> dict[str, Any]:
        """Everything but the six quantities of each unit, ready for JSON."""
        passage, bits = self.passage, self.foretold.bits
        told: dict[str, Any] = _jsonable(
            {
                "model": self.model,
                "kind": passage.kind,
                "layer": self.layer,
                "layers": self.config.layers,
                "units": self.config.units,
                "read_tokens": len(passage.ids),
                f"prompt_{passage.measure}": passage.whole,
                f"{passage.unit}s": int(passage.completes.sum()),
                "bits_total": float(bits.sum()),
                f"bits_per_{passage.unit}": self.bits_per_unit,
                "tokens": list(passage.labels),
                "bits": bits,
                f"{passage.unit}_bits": self.unit_bits,
                "guesses": [[self.tokens[number] for number in row] for row in self.foretold.guesses],
                "guess_probabilities": self.foretold.shares,
                "sections": [
                    {"name": section.name, "first_token": section.first, f"bits_per_{passage.unit}": value}
                    for section, value in zip(passage.sections, self.section_bits, strict=True)
                ],
                "counted": passage.counted,
                "trackers": {
                    name: [tracker(tracking, unit) for unit in tracking.best()]
                    for name, tracking in self.tracking.items()
                },
                "gradient": self.gradient_json(),
            }
        )
        return told

    @property
    def bits_per_unit(self) -> float | None:
        """The mean surprise of a character or note; None where none is complete."""
        units = int(self.passage.completes.sum())
        return float(self.foretold.bits.sum()) / units if units else None

    def gradient_json(self) -> dict[str, Any]:
        """Norms by distance, and what the mean unit's and the most lasting unit's forget gates keep.

        Of h, C and the gates those of the layer.
        """
        norms = {"h": self.fading.h[self.layer], "C": self.fading.C[self.layer], "input": self.fading.x}
        return {
            "positions": self.fading.positions,
            **norms,
            "kept_mean": self.fading.kept[self.layer].mean(axis=1),
            "kept_most": self.fading.kept[self.layer].max(axis=1),
            "half_distance": {name: half_distance(values) for name, values in norms.items()},
            "plain_rnn": plain_rnn(),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays behind the pictures, by name; `about` is `to_json` as a string."""
        return {
            "about": np.array(json.dumps(self.to_json())),
            "ids": self.passage.ids,
            **self.step._asdict(),
            "bits": self.foretold.bits,
            f"{self.passage.unit}_bits": self.unit_bits,
            "guesses": self.foretold.guesses,
            "guess_probabilities": self.foretold.shares,
            **{f"counted/{name}": counts for name, counts in self.passage.counted.items()},
            **{f"correlation/{name}": tracking.r for name, tracking in self.tracking.items()},
            "gradient/h": self.fading.h,
            "gradient/C": self.fading.C,
            "gradient/input": self.fading.x,
            "gradient/kept": self.fading.kept,
        }


def tracker(tracking: Tracking, unit: int) -> dict[str, Any]:
    """How one unit follows a count."""
    halves = (tracking.first_half, tracking.second_half)
    first, second = (None if half is None else float(half[unit]) for half in halves)
    return {"unit": unit, "r": float(tracking.r[unit]), "first_half": first, "second_half": second}


def look_inside(
    model: str,
    corpus: dict[str, Any],
    config: ModelConfig,
    weights: NamedWeights,
    tokens: tuple[str, ...],
    passage: Passage,
    layer: int | None,
) -> Findings:
    """Read a passage and find all there is to find in one layer.

    Args:
        model: The model's file.
        corpus: What the file says of what it learned from.
        config: The shape of the network.
        weights: By their names in the file.
        tokens: The vocabulary.
        passage: What to read.
        layer: From 0; None for the last.

    Raises:
        GenError: There is no such layer.
    """
    chosen = config.layers - 1 if layer is None else layer
    if not 0 <= chosen < config.layers:
        only = "its only layer is 0" if config.layers == 1 else f"its layers are 0 to {config.layers - 1}"
        raise GenError(f"The model has no layer {layer}: {only}.", "Name one of these, or leave --layer out.")
    before = len(passage.start)
    trace = read(config, weights, np.concatenate([passage.start, passage.ids]))
    told = foretell(trace, weights, GUESSES)
    step = Step(*(quantity[before:] for quantity in trace.layers[chosen]))
    return Findings(
        model=model,
        corpus=corpus,
        config=config,
        layer=chosen,
        passage=passage,
        tokens=tokens,
        step=step,
        foretold=told.since(before - 1),
        tracking=track(step.C, passage.counted),
        fading=fading(trace, weights),
    )


def _jsonable(value: Any) -> Any:
    """Lists for arrays, and rounded numbers; what is no number is None, for which JSON has a word."""
    if isinstance(value, dict):
        return {name: _jsonable(inner) for name, inner in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list):
        return [_jsonable(inner) for inner in value]
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value
