"""New text from a model, as it is made."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gen.errors import CorpusError, GenError
from gen.export.text import TextOutput
from gen.sampler.choose import Choices
from gen.sampler.forward import Network
from gen.sampler.generate import Watch, generate, read_in_parts
from gen.sampler.memory import Memory
from gen.tokenizer.characters import CharacterTokenizer
from gen.writing.request import Request

DEFAULT_LENGTH = 500
PREVIEW_LENGTH = 160
PREVIEW_TEMPERATURE = 0.8
_NAMED = 10
_OF_MUSIC = ("bars", "key", "metre", "tempo", "program", "pitch_range", "picture", "soundfont")


def sample_text(
    network: Network,
    tokenizer: CharacterTokenizer,
    request: Request,
    about: dict[str, Any],  # noqa: ARG001 - a text has no place for where it comes from
    tell: Callable[[str], None],
) -> None:
    """Write what `gen sample` was asked for.

    Args:
        network: The model.
        tokenizer: Its vocabulary.
        request: What was asked for.
        about: The model, as JSON.
        tell: Called with what the user should know, a line at a time.

    Raises:
        GenError: An option is for music, or there is no place to write to.
    """
    request.refuse(_OF_MUSIC, "is for models of music, and this one writes text")
    output = TextOutput(request.out, request.count)
    prompt = sayable(read_prompt(request.prompt), tokenizer, tell)
    length = DEFAULT_LENGTH if request.length is None else request.length
    pieces = write_text(
        network,
        tokenizer,
        prompt,
        request.choices,
        length=length,
        count=request.count,
        seed=request.seed,
    )
    output.write(prompt, pieces, tell)


def preview_text(network: Network, tokenizer: CharacterTokenizer) -> str:
    """A short sample, with the same draws each time, so that two of a run differ by the weights alone."""
    choices = Choices((PREVIEW_TEMPERATURE, PREVIEW_TEMPERATURE))
    return "".join(piece for (piece,) in write_text(network, tokenizer, "", choices, length=PREVIEW_LENGTH))


def write_text(
    network: Network,
    tokenizer: CharacterTokenizer,
    prompt: str,
    choices: Choices,
    *,
    length: int,
    count: int = 1,
    seed: int = 0,
    watch: Watch | None = None,
    memory: Memory | None = None,
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
        watch: Called at each step.
        memory: Of this network.

    Yields:
        For each text the characters that a step added: one, or none where a part of the prompt is read, a
        character is being spelled or the text is complete.

    Raises:
        TokenizerError: The prompt has characters that the vocabulary cannot say.
    """
    written = [0] * count
    decoders = [tokenizer.stream_decoder() for _ in range(count)]
    to_read = np.concatenate([tokenizer.start(), tokenizer.encode(prompt)])
    known = None
    for after_part in read_in_parts(network, to_read, memory):
        known = after_part
        yield [""] * count
    ids = generate(
        network,
        to_read,
        tokenizer.grammar(count),
        choices,
        streams=count,
        seed=seed,
        progress=lambda: np.array(written) / max(1, length - 1),
        known=known,
        watch=watch,
    )
    while min(written) < length:
        added = [decode(number) for decode, number in zip(decoders, next(ids).tolist(), strict=True)]
        added = [text if done < length else "" for text, done in zip(added, written, strict=True)]
        written = [done + len(text) for done, text in zip(written, added, strict=True)]
        yield added


def read_prompt(prompt: str) -> str:
    """The text that `--prompt` means: what was typed, or after `@` what a file holds.

    Raises:
        GenError: There is no such file of text.
    """
    if not prompt.startswith("@"):
        return prompt
    if not prompt[1:] or Path(prompt[1:]).is_dir():
        raise GenError(
            f"{prompt!r} names no file to take a prompt from.", "Name one file of text after --prompt @."
        )
    from gen.corpus.locate import locate
    from gen.corpus.text import iterate_text

    try:
        return "".join(iterate_text(locate(prompt[1:], tokenizer="characters").files))
    except CorpusError as error:
        raise GenError(error.problem, "Name a file of text in UTF-8 after --prompt @.") from error


def sayable(prompt: str, tokenizer: CharacterTokenizer, tell: Callable[[str], None]) -> str:
    """The prompt less what the vocabulary has no token for, which is named."""
    unseen = tokenizer.unseen(prompt)
    if not unseen:
        return prompt
    named = ", ".join(map(repr, list(unseen)[:_NAMED]))
    more = f" and {len(unseen) - _NAMED} more" if len(unseen) > _NAMED else ""
    tell(f"Left out of the prompt, for the model never saw them: {named}{more}")
    return tokenizer.without_unseen(prompt)
