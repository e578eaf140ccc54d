"""A new run from a model's weights: tokens it knows keep them, tokens it gains begin anew."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.checkpoint import Model
from gen.tokenizer.base import Tokenizer
from gen.tokenizer.characters import BYTE_TOKENS

_BY_TOKEN = {"embedding": 0, "output.W": 1, "output.b": 0}  # the axis that runs over the vocabulary
_NAMED = 20


def carry_over(
    model: Model, base: Tokenizer[Any], tokenizer: Tokenizer[Any], fresh: dict[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """The weights of `model` for a vocabulary that extends its own.

    Args:
        model: Where the weights come from.
        base: Its tokenizer.
        tokenizer: The extended one.
        fresh: Weights of the new network, kept for the tokens that `model` does not have. A gained token's
            output bias becomes the lowest of `model`: it is as unlikely as the rarest until it is learned.
    """
    known = [token for token in tokenizer.tokens if token in base.ids]
    places = np.array([tokenizer.ids[token] for token in known])
    sources = np.array([base.ids[token] for token in known])
    weights = {}
    for name, values in fresh.items():
        if name not in _BY_TOKEN:
            weights[name] = model.weights[name]
            continue
        axis = _BY_TOKEN[name]
        extended = np.full_like(values, model.weights[name].min()) if name == "output.b" else values.copy()
        extended[(slice(None),) * axis + (places,)] = model.weights[name].take(sources, axis)
        weights[name] = extended
    return weights


def describe_gain(base: Tokenizer[Any], tokenizer: Tokenizer[Any]) -> str:
    """What the vocabulary gained, for the user."""
    gained = [token for token in tokenizer.tokens if token not in base.ids and token not in BYTE_TOKENS]
    spelled = BYTE_TOKENS[0] in tokenizer.ids
    rest = "; any others are spelled in bytes" if spelled else ""
    if not gained:
        return f"The vocabulary gained nothing{rest}."
    named = " ".join(repr(token) for token in gained[:_NAMED])
    more = f" and {len(gained) - _NAMED} more" if len(gained) > _NAMED else ""
    return f"The vocabulary gained {len(gained)} tokens: {named}{more}{rest}."
