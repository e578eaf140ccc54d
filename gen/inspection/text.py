"""A text to look into, and what can be counted in it: quotes, brackets, lines, words, sentences."""

from collections.abc import Callable, Iterator

import numpy as np

from gen.inspection.passage import MOST_TOKENS, Passage, Section
from gen.tokenizer.characters import CharacterTokenizer
from gen.writing.text import read_prompt, sayable

_OPENING, _CLOSING = "([{", ")]}"
_SENTENCE_ENDS = ".!?"


def text_passage(prompt: str, tokenizer: CharacterTokenizer, tell: Callable[[str], None]) -> Passage:
    """The beginning of what `--prompt` means.

    Args:
        prompt: A text, or after `@` a file of text.
        tokenizer: The model's vocabulary.
        tell: Called with what the user should know, a line at a time.

    Raises:
        GenError: There is no such file, or next to nothing in it.
    """
    whole = read_prompt(prompt)
    encoded = tokenizer.encode(sayable(whole[:MOST_TOKENS], tokenizer, tell))
    ids = encoded[:MOST_TOKENS]
    decode = tokenizer.stream_decoder()
    labels = [decode(number) for number in ids.tolist()]
    completes = np.array([label != "" for label in labels], bool)
    text = "".join(labels)
    # while a character is being spelled the counts are those of the character before
    read = np.cumsum(completes)
    return Passage(
        kind="text",
        start=tokenizer.start(),
        ids=ids,
        labels=labels,
        unit="character",
        completes=completes,
        sections=_lines(labels),
        counted={name: np.array([0, *count(text)], np.float64)[read] for name, count in TEXT_COUNTS.items()},
        whole=len(whole),
        is_cut=len(whole) > MOST_TOKENS or len(encoded) > MOST_TOKENS,
    )


def _lines(labels: list[str]) -> list[Section]:
    firsts = [0, *(place + 1 for place, label in enumerate(labels[:-1]) if label == "\n")]
    ends = [*firsts[1:], len(labels)]
    return [
        Section("".join(labels[first:end]).rstrip("\n"), first)
        for first, end in zip(firsts, ends, strict=True)
    ]


# each gives a number after every character


def _inside_quotes(text: str) -> Iterator[int]:
    """1 from an opening quotation mark on, 0 from the closing one on.

    A straight mark opens and closes by turns, but one that begins a paragraph opens in any case: a quotation
    of several paragraphs opens anew with each and closes with the last alone.
    """
    inside = False
    before = "\n\n"
    for character in text:
        if character == '"':
            inside = not inside or before == "\n\n"
        elif character in "“«":
            inside = True
        elif character in "”»":
            inside = False
        before = before[-1] + character
        yield int(inside)


def _bracket_depth(text: str) -> Iterator[int]:
    depth = 0
    for character in text:
        depth = max(0, depth + (character in _OPENING) - (character in _CLOSING))
        yield depth


def _line_position(text: str) -> Iterator[int]:
    return _since(text, lambda character: character == "\n")


def _word_position(text: str) -> Iterator[int]:
    return _since(text, lambda character: not (character.isalnum() or character in "'’_"))


def _sentence_position(text: str) -> Iterator[int]:
    return _since(text, lambda character: character in _SENTENCE_ENDS)


def _since(text: str, begins_anew: Callable[[str], bool]) -> Iterator[int]:
    count = 0
    for character in text:
        count = 0 if begins_anew(character) else count + 1
        yield count


def _paragraph_line(text: str) -> Iterator[int]:
    """Lines that ended since an empty one."""
    count, before = 0, ""
    for character in text:
        if character == "\n":
            count = 0 if before == "\n" else count + 1
        before = character
        yield count


def _indent(text: str) -> Iterator[int]:
    """Spaces and tabs that the line begins with."""
    count, leads = 0, True
    for character in text:
        if character == "\n":
            count, leads = 0, True
        elif leads and character in " \t":
            count += 1
        else:
            leads = False
        yield count


TEXT_COUNTS: dict[str, Callable[[str], Iterator[int]]] = {
    "inside quotes": _inside_quotes,
    "bracket depth": _bracket_depth,
    "line position": _line_position,
    "word position": _word_position,
    "sentence position": _sentence_position,
    "paragraph line": _paragraph_line,
    "indent": _indent,
}
