import json

import numpy as np
import pytest

from gen.config import MAX_VOCABULARY
from gen.errors import TokenizerError
from gen.tokenizer.base import Ids, Tokenizer


class WordTokenizer(Tokenizer[list[str]]):
    """What a child has to write: two methods and its name."""

    name = "words"
    version = 3

    def encode(self, document: list[str]) -> Ids:
        return np.array([self.ids[word] for word in document], np.int32)

    def decode(self, ids: Ids) -> list[str]:
        return [self.tokens[number] for number in ids]


def test_a_child_with_two_methods_is_a_tokenizer() -> None:
    words = WordTokenizer(["to", "be", "or", "not"])
    document = ["to", "be", "or", "not", "to", "be"]
    assert words.decode(words.encode(document)) == document
    assert words.encode(document).tolist() == [0, 1, 2, 3, 0, 1]
    assert words.transitions().shape == (1, 4)
    assert not words.transitions().any()
    assert words.unseen(document).total() == 0
    assert words.without_unseen(document) == document
    assert words.units(words.encode(document)) == {}
    assert words.start().tolist() == [0]


def test_the_vocabulary_travels_as_json() -> None:
    words = WordTokenizer(["to", "bé", "\n"])
    read = WordTokenizer.from_json(json.loads(json.dumps(words.to_json())))
    assert read.tokens == words.tokens
    assert read.ids == {"to": 0, "bé": 1, "\n": 2}


@pytest.mark.parametrize("tokens", [[], ["a", "b", "a"], [str(n) for n in range(MAX_VOCABULARY + 1)]])
def test_a_vocabulary_that_is_empty_too_large_or_has_a_token_twice_is_refused(tokens: list[str]) -> None:
    with pytest.raises(TokenizerError):
        WordTokenizer(tokens)


def test_the_largest_vocabulary_is_accepted() -> None:
    assert len(WordTokenizer([str(n) for n in range(MAX_VOCABULARY)]).tokens) == MAX_VOCABULARY


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"name": "characters"}, "words"),
        ({"version": 4}, "version 4"),
        ({"version": None}, "version None"),
        ({"tokens": "abc"}, "list"),
        ({"tokens": None}, "list"),
        ({"tokens": ["a", 1]}, "list"),
        ({"tokens": ["a", ""]}, "list"),
        ({"tokens": ["a", "a"]}, "twice"),
    ],
)
def test_damaged_or_newer_json_is_refused_with_what_is_wrong(damage: dict[str, object], said: str) -> None:
    with pytest.raises(TokenizerError) as caught:
        WordTokenizer.from_json(WordTokenizer(["a", "b"]).to_json() | damage)
    assert said in caught.value.problem
    assert caught.value.fix


@pytest.mark.parametrize("fields", [None, [], "words", 3, {}])
def test_json_that_is_no_vocabulary_at_all_is_refused(fields: object) -> None:
    with pytest.raises(TokenizerError):
        WordTokenizer.from_json(fields)
