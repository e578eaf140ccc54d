import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import TokenizerError
from gen.tokenizer import characters
from gen.tokenizer.characters import BYTE_TOKENS, CharacterTokenizer

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
some_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
limits = st.integers(0, 6)


@contextmanager
def limit(size: int) -> Iterator[None]:
    with mock.patch.object(characters, "CHARACTER_LIMIT", size):
        yield


@given(some_text, any_text)
def test_decoding_gives_back_every_string_of_the_corpus(training: str, others: str) -> None:
    tokenizer = CharacterTokenizer.learn([training], [others])
    for text in (training, others, others + training, ""):
        assert tokenizer.decode(tokenizer.encode(text)) == text


@given(some_text, any_text, any_text, limits)
def test_with_byte_tokens_every_string_there_is_comes_back(
    training: str, others: str, foreign: str, size: int
) -> None:
    with limit(size):
        tokenizer = CharacterTokenizer.learn([training], [others])
    text = training + others + (foreign if tokenizer.has_bytes else "")
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert tokenizer.units(ids) == {"character": len(text)}
    own = set(tokenizer.characters)
    assert len(ids) == sum(1 if character in own else len(character.encode()) for character in text)


@given(some_text, any_text, any_text, limits)
def test_ids_are_the_places_of_the_characters_and_of_the_bytes_of_others(
    training: str, others: str, foreign: str, size: int
) -> None:
    with limit(size):
        tokenizer = CharacterTokenizer.learn([training], [others])
    places = {token: place for place, token in enumerate(tokenizer.tokens)}
    text = training + others + (foreign if tokenizer.has_bytes else "")
    spelled = [[c] if c in places else [f"<0x{byte:02X}>" for byte in c.encode()] for c in text]
    ids = tokenizer.encode(text)
    assert ids.dtype == np.int32
    assert ids.tolist() == [places[token] for tokens in spelled for token in tokens]


@pytest.mark.parametrize("edge", [0x80, 0x800, 0x10000, 0x110000])
def test_the_characters_where_utf8_grows_longer_are_spelled_right(edge: int) -> None:
    tokenizer = CharacterTokenizer.learn(["a"], ["b"])
    text = "".join(map(chr, range(edge - 2, min(edge + 2, 0x110000))))
    spelled = (tokenizer.encode(text) - len(tokenizer.characters)).astype(np.uint8).tobytes()
    assert spelled == text.encode()


@given(some_text, any_text)
def test_the_vocabulary_comes_from_the_training_part_and_bytes_only_where_needed(
    training: str, others: str
) -> None:
    tokenizer = CharacterTokenizer.learn([training], [others])
    assert list(tokenizer.characters) == sorted(set(training))
    assert tokenizer.has_bytes == bool(set(others) - set(training))
    assert tokenizer.tokens[len(tokenizer.characters) :] == (BYTE_TOKENS if tokenizer.has_bytes else ())


@given(some_text, limits)
def test_over_the_limit_the_most_frequent_characters_stay(training: str, size: int) -> None:
    with limit(size):
        tokenizer = CharacterTokenizer.learn([training])
    counts = Counter(training)
    kept = tokenizer.characters
    assert len(kept) == min(size, len(counts))
    assert list(kept) == sorted(kept)
    assert tokenizer.has_bytes == (len(kept) < len(counts))
    rarest_kept = min((counts[character] for character in kept), default=len(training))
    assert all(count <= rarest_kept for character, count in counts.items() if character not in kept)


@given(st.lists(any_text, max_size=5), some_text)
def test_the_vocabulary_does_not_depend_on_how_the_text_is_cut(pieces: list[str], last: str) -> None:
    whole = CharacterTokenizer.learn(["".join(pieces) + last])
    assert CharacterTokenizer.learn([*pieces, last]).tokens == whole.tokens


def test_counts_are_right_in_a_long_piece() -> None:
    with limit(1):
        tokenizer = CharacterTokenizer.learn(["a" * 70_000 + "b" * 70_001])
    assert tokenizer.characters == ("b",)


def test_65_characters_are_65_tokens() -> None:
    text = "".join(map(chr, range(32, 97)))
    assert len(CharacterTokenizer.learn([text * 3], [text]).tokens) == 65


def test_thousands_of_rare_characters_do_not_blow_the_vocabulary_up() -> None:
    common = "".join(map(chr, range(0x4E00, 0x4E00 + 2048)))
    rare = "".join(map(chr, range(0x1F300, 0x1F300 + 952)))
    tokenizer = CharacterTokenizer.learn([common * 2 + rare])
    assert len(tokenizer.tokens) == 2048 + 256
    assert "".join(tokenizer.characters) == common
    assert tokenizer.decode(tokenizer.encode(rare + common)) == rare + common


@given(some_text, any_text)
def test_what_the_vocabulary_cannot_say_is_counted_and_left_out(training: str, text: str) -> None:
    tokenizer = CharacterTokenizer.learn([training])
    expected = Counter(character for character in text if character not in set(training))
    assert tokenizer.unseen(text) == expected
    assert list(tokenizer.unseen(text)) == list(expected)
    assert tokenizer.without_unseen(text) == "".join(c for c in text if c in set(training))


def test_with_byte_tokens_nothing_is_unseen() -> None:
    tokenizer = CharacterTokenizer.learn(["ab"], ["é"])
    assert not tokenizer.unseen("ab€😀")
    assert tokenizer.without_unseen("ab€😀") == "ab€😀"


def test_encoding_the_unseen_names_the_first_five() -> None:
    with pytest.raises(TokenizerError) as caught:
        CharacterTokenizer.learn(["ab"]).encode("azbyxwzvut")
    assert "'z' (U+007A), 'y' (U+0079), 'x' (U+0078), 'w' (U+0077), 'v' (U+0076)" in caught.value.problem
    assert "and 2 more" in caught.value.problem
    assert "'u'" not in caught.value.problem


@given(any_text, limits)
def test_a_stream_gives_each_character_when_its_last_byte_arrives(text: str, size: int) -> None:
    with limit(size):
        tokenizer = CharacterTokenizer.learn([text + "x"], ["é"])
    decode = tokenizer.stream_decoder()
    own = set(tokenizer.characters)
    for character in text:
        ids = tokenizer.encode(character).tolist()
        assert [decode(number) for number in ids] == [""] * (len(ids) - 1) + [character]
        assert (len(ids) == 1) == (character in own or character < "\x80")


def test_two_streams_do_not_share_what_is_half_spelled() -> None:
    tokenizer = CharacterTokenizer.learn(["a"], ["é"])
    first, second = tokenizer.stream_decoder(), tokenizer.stream_decoder()
    lead, last = tokenizer.encode("é").tolist()
    assert first(lead) == ""
    assert second(0) == "a"
    assert first(last) == "é"


@pytest.mark.parametrize("spelled", [b"\x80", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80"])
def test_bytes_that_spell_no_character_are_refused(spelled: bytes) -> None:
    tokenizer = CharacterTokenizer.learn(["abc"], ["é"])
    ids = np.concatenate([tokenizer.encode("ab"), np.frombuffer(spelled, np.uint8).astype(np.int32) + 3])
    with pytest.raises(TokenizerError, match="at byte 2"):
        tokenizer.decode(ids)


def test_text_begins_after_a_line_break_where_there_is_one() -> None:
    tokenizer = CharacterTokenizer.learn(["\tb\na"])
    assert tokenizer.decode(tokenizer.start()) == "\n"
    assert CharacterTokenizer.learn(["ba"]).start().tolist() == [0]


@given(some_text, any_text, some_text, any_text, limits)
def test_extending_a_vocabulary_keeps_the_ids_of_its_characters(
    training: str, others: str, more: str, more_others: str, size: int
) -> None:
    with limit(size):
        base = CharacterTokenizer.learn([training], [others])
        grown = CharacterTokenizer.learn([more], [more_others], base=base)
    kept = len(base.characters)
    assert grown.characters[:kept] == base.characters
    assert set(grown.characters[kept:]) <= set(more) - set(base.characters)
    assert len(grown.characters) <= max(kept, size)
    assert grown.has_bytes >= base.has_bytes
    assert grown.decode(grown.encode(more + more_others)) == more + more_others


@settings(max_examples=50)
@given(some_text, any_text, limits)
def test_the_vocabulary_travels_as_json(training: str, others: str, size: int) -> None:
    with limit(size):
        tokenizer = CharacterTokenizer.learn([training], [others])
    read = CharacterTokenizer.from_json(json.loads(json.dumps(tokenizer.to_json())))
    assert read.tokens == tokenizer.tokens
    assert read.has_bytes == tokenizer.has_bytes
    assert read.encode(training + others).tolist() == tokenizer.encode(training + others).tolist()


@pytest.mark.parametrize(
    "tokens",
    [
        ["a", "bc"],
        ["a", *BYTE_TOKENS[:-1]],
        [*BYTE_TOKENS, "a"],
        ["a", *BYTE_TOKENS[1:], BYTE_TOKENS[0]],
        ["\ud800"],
        json.loads('["a", "\\udfff"]'),
        [],
    ],
)
def test_a_vocabulary_of_other_things_than_characters_is_refused(tokens: list[str]) -> None:
    with pytest.raises(TokenizerError):
        CharacterTokenizer.from_json({"name": "characters", "version": 1, "tokens": tokens})


@pytest.mark.parametrize("damage", [{"version": 2}, {"name": "notes"}, {"tokens": None}])
def test_json_of_a_newer_release_or_another_tokenizer_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(TokenizerError):
        CharacterTokenizer.from_json(CharacterTokenizer.learn(["ab"]).to_json() | damage)


@pytest.mark.parametrize("text", ["\ud800", "ab\udfff", "\udc80c"])
def test_half_a_surrogate_pair_is_refused_with_its_place(text: str) -> None:
    def learn_one(piece: str) -> CharacterTokenizer:
        return CharacterTokenizer.learn([piece])

    tokenizer = CharacterTokenizer.learn(["abc"], ["é"])
    place = next(number for number, character in enumerate(text) if character >= "\ud800")
    for use in (tokenizer.encode, CharacterTokenizer.learn(["abc"]).unseen, learn_one):
        with pytest.raises(TokenizerError, match=f"at character {place}"):
            use(text)
