"""What a model is measured against: an n-gram of the same training part, over the very same predictions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.dataset.sharded import OpenShards
from gen.dataset.token_file import TokenFile
from gen.evaluation.ngram import NGram
from gen.evaluation.passes import Score, pass_windows, total
from gen.evaluation.units import in_words, measures, predicted_units
from gen.tokenizer.base import Tokenizer

# scripts/bench_ngram.py: for a text within 0.003 nats of the best order
ORDER = 8
# bounds time and memory; what a corpus has beyond is not learned from
MAX_TOKENS = 2_000_000
# a validation that gains less, in nats a token, is taken for one that gained nothing
LEAST_GAIN_NATS = 0.001
_BEGINS_WITH_A_VOWEL = (8, 11, 18)


@dataclass(frozen=True)
class Reference:
    """What an n-gram reached.

    Attributes:
        order: How many tokens an n-gram has.
        learned_tokens: How many it was counted over.
        score: Over the predictions that the model is measured on.
        measures: The same as people compare it; by the tokenizer's names, the main one first.
    """

    order: int
    learned_tokens: int
    score: Score
    measures: dict[str, float]

    @property
    def name(self) -> str:
        """`an 8-gram`."""
        return f"{'an' if self.order in _BEGINS_WITH_A_VOWEL else 'a'} {self.order}-gram"

    def __str__(self) -> str:
        return (
            f"{self.name} of {self.learned_tokens:,} tokens, {self.score.nats_per_token:.4f} nats a token, "
            f"{in_words(self.measures)}"
        )

    def to_json(self) -> dict[str, Any]:
        """As logs, model files and `gen eval --json` have it."""
        return {
            "order": self.order,
            "learned_tokens": self.learned_tokens,
            "tokens": self.score.tokens,
            "nats_per_token": self.score.nats_per_token,
            "bits_per_token": self.score.bits_per_token,
            **self.measures,
        }

    def compared(self, measured: dict[str, float]) -> str:
        """A model's measures beside these, in words: `better than an 8-gram by 0.31 bits a character`."""
        unit, value = next(iter(self.measures.items()))
        gain = value - measured[unit]
        by = f"{abs(gain):.2f}"
        if not float(by):
            return f"as good as {self.name}"
        return f"{'better' if gain > 0 else 'worse'} than {self.name} by {by} {unit.replace('_per_', ' a ')}"


def ngram_reference(
    training: TokenFile,
    measured: TokenFile,
    tokenizer: Tokenizer[Any],
    *,
    limit: int | None = None,
    learn: int = MAX_TOKENS,
) -> Reference:
    """Count an n-gram over a training part and score it as `Evaluator.score` scores a model.

    Args:
        training: What to learn from.
        measured: What to predict.
        tokenizer: What the ids mean.
        limit: Predict only the first so many tokens, as in the pass.
        learn: How many tokens to learn from, at the most.
    """
    ids, begins = learned_part(training, tokenizer.variants(), learn)
    ngram = NGram(ids, begins, ORDER, len(tokenizer.tokens))
    score = total(
        Score(tokens, nats) for tokens, nats in ngram.nats_by_window(pass_windows(measured, limit).one_pass())
    )
    units = predicted_units(measured, tokenizer, limit)
    return Reference(ORDER, len(ids), score, measures(tokenizer, score.nats, units))


def learned_part(
    file: TokenFile, variants: NDArray[np.int32], limit: int
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The ids to count, at most so many, and where the pieces among them begin.

    Of a text the last, which are nearest to what it holds out. Pieces are taken as they are, then in their
    other variants, which training reads too, those that change them least first.
    """
    if not file.pieces:
        return OpenShards(file.shards)[-limit:], np.zeros(1, np.int64)
    taken: list[NDArray[Any]] = []
    left = limit
    for piece in _in_variants(file, variants):
        if not left:
            break
        taken.append(piece[:left])
        left -= len(taken[-1])
    return np.concatenate(taken), np.cumsum([0, *(len(piece) for piece in taken[:-1])])


def _in_variants(file: TokenFile, variants: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
    unchanged = np.argmax((variants == np.arange(variants.shape[1])).all(axis=1))
    changes = np.abs(np.arange(len(variants)) - unchanged)
    for row in np.argsort(changes, kind="stable"):
        for shard in file.shards:
            ids = OpenShards([shard])
            for begin, end, (first, last) in zip(*shard.bounds(), shard.piece_table()[:, 1:], strict=True):
                if first <= row <= last and begin < end:
                    yield variants[row][ids[begin:end]]


def trend(nats: float, best_before: float | None) -> str:
    """Whether a validation, in nats a token, says that training still helps; nothing at the first.

    It does where this is the best validation so far, by more than `LEAST_GAIN_NATS`.
    """
    if best_before is None:
        return ""
    return "still improving" if best_before - nats > LEAST_GAIN_NATS else "no longer improving"
