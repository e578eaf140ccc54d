"""From nats a token to what people compare: for text, bits a character."""

import math
from typing import Any

from gen.dataset.windows import TokenFile
from gen.tokenizer.base import Tokenizer

_COUNTED_AT_ONCE = 1 << 20


def predicted_characters(file: TokenFile, tokenizer: Tokenizer[Any], limit: int | None = None) -> int:
    """How many characters a full pass predicts: all but the first, whatever tokens spell them."""
    tokens = file.tokens if limit is None else min(limit, file.tokens)
    ids = file.map()
    return sum(
        tokenizer.count_units(ids[start : min(tokens, start + _COUNTED_AT_ONCE)].astype("i4"))
        for start in range(1, tokens, _COUNTED_AT_ONCE)
    )


def bits(tokens_a_unit: float, nats: float) -> float:
    """Bits a unit, from nats a token."""
    return tokens_a_unit * nats / math.log(2)
