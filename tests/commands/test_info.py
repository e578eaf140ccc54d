import json
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.calling import assert_users_mistake, call
from tests.tiny import contents, put_model, sign, tiny_model

Capsys = pytest.CaptureFixture[str]


def test_json_is_one_object_on_stdout_and_nothing_else(model: Path, capsys: Capsys) -> None:
    outcome = call(capsys, "info", model, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert len(outcome.out.splitlines()) == 1
    facts = json.loads(outcome.out)
    made = tiny_model()
    assert facts["file"] == str(model)
    assert facts["bytes"] == model.stat().st_size
    assert facts["kind"] == "text"
    assert facts["model"] == made.config.to_json()
    assert facts["parameters"] == sum(math.prod(array.shape) for array in made.weights.values())
    assert facts["corpus"] == made.corpus
    assert facts["training"] == made.training
    assert facts["vocabulary"] == made.tokenizer["tokens"]


def test_people_see_what_it_learned_from_its_licence_sizes_and_result(model: Path, capsys: Capsys) -> None:
    outcome = call(capsys, "info", model)
    assert (outcome.code, outcome.err) == (0, "")
    table = {line[:12].strip(): line[13:] for line in outcome.out.splitlines()}
    assert table["file"] == f"model.safetensors ({model.stat().st_size:,} bytes)"
    assert table["corpus"] == "letters, 1,234 tokens"
    assert table["licence"] == "CC0"
    assert table["network"] == "embedding 5, 2 x 8 units"
    assert table["vocabulary"] == "31 tokens"
    assert table["trained"] == "7 of 9 steps, float32"
    assert table["validation"].startswith("1.5000 nats a token")


def test_a_licence_that_is_not_stated_is_not_made_up(model: Path, capsys: Capsys) -> None:
    bare = tiny_model()
    bare.corpus.clear()
    bare.training.clear()
    outcome = call(capsys, "info", put_model(Path("bare.safetensors"), bare))
    assert outcome.code == 0
    assert "not stated" in outcome.out
    assert "unknown" in outcome.out


def test_a_run_folder_and_the_newest_run_are_their_best_model(model: Path, capsys: Capsys) -> None:
    put_model(Path("checkpoints/run/best.safetensors"))
    for place in ([], ["checkpoints/run"]):
        facts = json.loads(call(capsys, "info", *place, "--json").out)
        assert facts["file"] == str(Path("checkpoints/run/best.safetensors"))


def test_what_cannot_be_opened_is_the_users_to_mend(model: Path, capsys: Capsys) -> None:
    assert_users_mistake(call(capsys, "info", "missing"), "missing")
    model.write_bytes(model.read_bytes()[:-1])
    assert_users_mistake(call(capsys, "info", model, "--json"), "model.safetensors")


@pytest.mark.parametrize("kind", ["smells", "music"])
def test_a_model_of_a_newer_release_is_the_users_to_mend(model: Path, capsys: Capsys, kind: str) -> None:
    model.write_bytes(model.read_bytes().replace(b'\\"text\\"', f'\\"{kind}\\"'.encode().ljust(8)))
    assert call(capsys, "info", model).code == 1


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from(["name", "licence", "training_tokens"]), anything),
    st.dictionaries(
        st.sampled_from(
            [
                "step",
                "config",
                "validation_nats_per_token",
                "validation_bits_per_character",
                "validation_tokens",
            ]
        ),
        anything,
    ),
)
def test_whatever_a_file_says_of_its_training_is_shown_without_a_traceback(
    model: Path, capsys: Capsys, corpus: dict[str, object], training: dict[str, object]
) -> None:
    told = tiny_model()
    told.corpus.clear()
    told.corpus.update(corpus)
    told.training.clear()
    told.training.update(training)
    put_model(model, told)
    for options in ([], ["--json"]):
        assert call(capsys, "info", model, *options).code == 0


def test_what_a_file_claims_cannot_drive_the_terminal(model: Path, capsys: Capsys) -> None:
    lines = call(capsys, "info", put_model(model, tiny_model())).out.count("\n")
    hostile = tiny_model()
    hostile.corpus.update({"name": "a\x1b[2Jb\nlicence CC0", "licence": "\udcff\u202e"})
    outcome = call(capsys, "info", put_model(model, hostile))
    assert len(outcome.out.splitlines()) == lines
    assert "a?[2Jb?licence CC0" in outcome.out
    assert all(character.isprintable() for line in outcome.out.splitlines() for character in line)


@pytest.mark.parametrize("claimed", [-5, -0.5, True, 10**18, 1e308, "12", None, [1]])
def test_a_number_that_cannot_be_is_not_shown_as_one(model: Path, capsys: Capsys, claimed: object) -> None:
    told = tiny_model()
    told.corpus["training_tokens"] = claimed
    told.training.update(
        {"step": claimed, "validation_nats_per_token": claimed, "validation_tokens": claimed}
    )
    outcome = call(capsys, "info", put_model(model, told))
    assert outcome.code == 0
    assert "letters, unknown tokens" in outcome.out
    assert "unknown of 9 steps" in outcome.out
    assert "unknown nats a token" in outcome.out


def test_words_without_end_are_cut(model: Path, capsys: Capsys) -> None:
    told = tiny_model()
    told.corpus["licence"] = "x" * 1_000_000
    outcome = call(capsys, "info", put_model(model, told))
    assert outcome.code == 0
    assert "x" * 1_000 in outcome.out
    assert len(outcome.out) < 20_000
    about, tensors = contents(model)
    for change in ({"kind": "y" * 1_000_000}, {"config": {"units": "z" * 1_000_000}}):
        outcome = call(capsys, "info", sign(model, about | change, tensors))
        assert_users_mistake(outcome)
        assert len(outcome.err) < 20_000
