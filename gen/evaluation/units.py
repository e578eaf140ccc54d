"""From nats a token to what people compare: bits a character, nats a note, nats a beat."""

import math
from collections import Counter
from itertools import pairwise
from typing import Any

from gen.dataset.sharded import OpenShards
from gen.dataset.token_file import TokenFile
from gen.tokenizer.base import Tokenizer

_COUNTED_AT_ONCE = 1 << 20


def predicted_units(file: TokenFile, tokenizer: Tokenizer[Any], limit: int | None = None) -> dict[str, float]:
    """What a full pass predicts, in the units of the tokenizer; a text's first token is not predicted.

    Args:
        file: The ids.
        tokenizer: What they mean.
        limit: As in the pass: only so many tokens from the beginning.
    """
    if file.pieces:
        begins, ends = file.bounds(limit)
        bounds = [*begins.tolist(), int(ends[-1])]
    else:
        tokens = file.tokens if limit is None else min(limit, file.tokens)
        bounds = [*range(1, tokens, _COUNTED_AT_ONCE), tokens]
    ids = OpenShards(file.shards)
    counted: Counter[str] = Counter()
    for first, last in pairwise(bounds):
        for name, number in tokenizer.units(ids[first:last].astype("i4")).items():
            counted[name] += number  # type: ignore[assignment]  # beats are no whole numbers
    return dict(counted)


def measures(tokenizer: Tokenizer[Any], nats: float, units: dict[str, float]) -> dict[str, float]:
    """The measures that the tokenizer names, such as `bits_per_character`.

    Args:
        tokenizer: Names them.
        nats: Of all predictions together.
        units: What was predicted, from `predicted_units`.
    """
    found = {}
    for name in tokenizer.measures:
        scale, unit = name.split("_per_")
        found[name] = nats / (math.log(2) if scale == "bits" else 1) / max(1, units[unit])
    return found


def in_words(measured: dict[str, float]) -> str:
    """Measures for the user: `2.128 bits a character`."""
    return ", ".join(f"{value:.3f} {name.replace('_per_', ' a ')}" for name, value in measured.items())
