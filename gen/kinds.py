"""The one table where text and music part: who reads a kind's files, its tokenizer, who writes it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.corpus.split import TextParts
from gen.errors import ModelFileError
from gen.sampler.choose import Choices
from gen.sampler.forward import Network
from gen.sampler.generate import generate
from gen.tokenizer.base import Tokenizer
from gen.tokenizer.characters import CharacterTokenizer


@dataclass(frozen=True)
class Kind:
    """One kind of corpus.

    Attributes:
        name: As the model file has it.
        version: Of how its files are read and split; cached ids of another version are made anew.
        parts: Opens a located corpus: its training and its validation documents.
        tokenizer: Between its documents and ids.
        write: Writes new documents with a model.
    """

    name: str
    version: int
    parts: Callable[..., TextParts]
    tokenizer: type[Any]
    write: Callable[..., Iterator[list[str]]]


def write_text(
    network: Network,
    tokenizer: CharacterTokenizer,
    prompt: str,
    choices: Choices,
    *,
    length: int,
    count: int = 1,
    seed: int = 0,
) -> Iterator[list[str]]:
    """New text, as it is made.

    Args:
        network: The model.
        tokenizer: Its vocabulary.
        prompt: What to go on from.
        choices: How to choose.
        length: Characters of each text, the prompt not counted.
        count: How many texts.
        seed: Text k draws from the generator (seed, k).

    Yields:
        For each text the characters that a step added: one, or none where a character is being spelled or the
        text is complete.

    Raises:
        TokenizerError: The prompt has characters that the vocabulary cannot say.
    """
    written = [0] * count
    decoders = [tokenizer.stream_decoder() for _ in range(count)]
    ids = generate(
        network,
        np.concatenate([tokenizer.start(), tokenizer.encode(prompt)]),
        tokenizer.grammar(count),
        choices,
        streams=count,
        seed=seed,
        progress=lambda: np.array(written) / max(1, length - 1),
    )
    while min(written) < length:
        added = [decode(number) for decode, number in zip(decoders, next(ids).tolist(), strict=True)]
        added = [text if done < length else "" for text, done in zip(added, written, strict=True)]
        written = [done + len(text) for done, text in zip(written, added, strict=True)]
        yield added


KINDS = {"text": Kind("text", 1, TextParts, CharacterTokenizer, write_text)}


def kind_named(name: str) -> Kind:
    """The kind that a model file names.

    Raises:
        ModelFileError: This release has no such kind.
    """
    if name not in KINDS:
        raise ModelFileError(
            f"The model is of kind {name!r}; this release knows {', '.join(KINDS)}.",
            "Install a newer release of gen.",
        )
    return KINDS[name]


def tokenizer_of(kind: str, fields: dict[str, Any]) -> Tokenizer[Any]:
    """The tokenizer of a model, from its file.

    Raises:
        ModelFileError: This release has no such kind.
        TokenizerError: The vocabulary is damaged.
    """
    tokenizer: Tokenizer[Any] = kind_named(kind).tokenizer.from_json(fields)
    return tokenizer
