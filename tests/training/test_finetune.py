import numpy as np
import pytest

from gen.checkpoint import Model, weight_shapes
from gen.config import ModelConfig
from gen.tokenizer import characters
from gen.tokenizer.characters import BYTE_TOKENS, CharacterTokenizer
from gen.training.finetune import carry_over, describe_gain
from tests.training.plain_network import Arrays, random_weights


def model_of(tokenizer: CharacterTokenizer) -> Model:
    config = ModelConfig(len(tokenizer.tokens), 3, 4, 2)
    weights = random_weights(weight_shapes(config), seed=1)
    return Model("text", config, tokenizer.to_json(), weights)


def fresh_weights(tokenizer: CharacterTokenizer) -> Arrays:
    return random_weights(weight_shapes(ModelConfig(len(tokenizer.tokens), 3, 4, 2)), seed=2)


@pytest.fixture
def few_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characters, "CHARACTER_LIMIT", 6)


@pytest.mark.usefixtures("few_characters")
@pytest.mark.parametrize("base_text", ["abcd", "bd"])
def test_known_tokens_keep_their_weights_wherever_they_now_stand(base_text: str) -> None:
    base = CharacterTokenizer.learn([base_text])
    extended = CharacterTokenizer.learn(["zzyaé€xw"], base=base)
    assert extended.has_bytes
    assert not base.has_bytes
    check_carried(base, extended)


@pytest.mark.usefixtures("few_characters")
def test_byte_tokens_shift_behind_the_new_characters_and_keep_their_weights() -> None:
    base = CharacterTokenizer.learn(["ab"], ["é"])
    extended = CharacterTokenizer.learn(["xyab"], base=base)
    assert base.has_bytes
    assert extended.ids["<0x41>"] == base.ids["<0x41>"] + 2
    check_carried(base, extended)


def check_carried(base: CharacterTokenizer, extended: CharacterTokenizer) -> None:
    model, fresh = model_of(base), fresh_weights(extended)
    carried = carry_over(model, base, extended, fresh)
    assert {name: values.shape for name, values in carried.items()} == {
        name: values.shape for name, values in fresh.items()
    }
    for token, place in extended.ids.items():
        if token in base.ids:
            old = base.ids[token]
            np.testing.assert_array_equal(carried["embedding"][place], model.weights["embedding"][old])
            np.testing.assert_array_equal(carried["output.W"][:, place], model.weights["output.W"][:, old])
            assert carried["output.b"][place] == model.weights["output.b"][old]
        else:
            np.testing.assert_array_equal(carried["embedding"][place], fresh["embedding"][place])
            np.testing.assert_array_equal(carried["output.W"][:, place], fresh["output.W"][:, place])
            assert carried["output.b"][place] == model.weights["output.b"].min()
    for name in fresh:
        if name.startswith("lstm."):
            np.testing.assert_array_equal(carried[name], model.weights[name])


def test_the_vocabulary_of_the_model_itself_changes_nothing() -> None:
    tokenizer = CharacterTokenizer.learn(["hello"])
    model = model_of(tokenizer)
    carried = carry_over(model, tokenizer, tokenizer, fresh_weights(tokenizer))
    for name, values in model.weights.items():
        np.testing.assert_array_equal(carried[name], values)
    assert describe_gain(tokenizer, tokenizer) == "The vocabulary gained nothing."
    spelling = CharacterTokenizer.learn(["hello"], ["é"])
    told = "The vocabulary gained nothing; any others are spelled in bytes."
    assert describe_gain(spelling, spelling) == told
    assert describe_gain(tokenizer, spelling) == told


def test_what_was_gained_is_named() -> None:
    base = CharacterTokenizer.learn(["ab"])
    gain = describe_gain(base, CharacterTokenizer(("a", "b", "é", "\n", *BYTE_TOKENS)))
    assert gain == "The vocabulary gained 2 tokens: 'é' '\\n'; any others are spelled in bytes."
    many = describe_gain(base, CharacterTokenizer.learn(["".join(map(chr, range(0x400, 0x41E)))], base=base))
    assert "gained 30 tokens: 'Ѐ' " in many
    assert many.endswith("'Г' and 10 more.")
