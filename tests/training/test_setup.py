from dataclasses import replace
from pathlib import Path

import pytest

from gen.checkpoint import Model, save_model, weight_shapes
from gen.config import ModelConfig
from gen.errors import CorpusError, ModelFileError, RunError
from gen.tokenizer.characters import CharacterTokenizer
from gen.training import plan
from gen.training.plan import Request
from tests.training.beginning import assert_two_lines, begin, put_corpus, put_state, resume_given
from tests.training.plain_network import random_weights


@pytest.fixture(autouse=True)
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return put_corpus(tmp_path, monkeypatch)


def test_a_folder_that_holds_a_run_is_not_begun_again() -> None:
    begin()
    out = put_state(begin(), step=5)
    with pytest.raises(RunError) as caught:
        begin(out=out)
    assert_two_lines(caught.value, "run holds a run already")
    assert "--resume --out run" in caught.value.fix


def test_a_file_is_no_place_for_a_run(corpus: Path) -> None:
    with pytest.raises(RunError) as caught:
        begin(out=corpus)
    assert_two_lines(caught.value, "corpus.txt is a file")


def test_what_cannot_be_held_out_is_an_error(corpus: Path) -> None:
    corpus.write_text("abcdefghij")
    with pytest.raises(CorpusError) as caught:
        begin()
    assert_two_lines(caught.value, "held out")
    assert not Path("run").exists()


def test_a_validation_that_reads_a_part_of_what_is_held_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    held_out = begin().dataset.validation.tokens
    for limit, told in ((held_out, False), (held_out - 1, True)):
        monkeypatch.setattr(plan, "MAX_VALIDATION_TOKENS", limit)
        assert any(f"reads the first {limit:,} of the tokens" in note for note in begin().notes) == told


def test_without_a_place_a_run_gets_a_folder_of_its_own() -> None:
    first, second = begin(out=None), begin(out=None)
    assert first.folder.path.parent == Path("checkpoints")
    assert first.folder.path.name.startswith("corpus-")
    assert first.folder.path != second.folder.path
    for ready in (first, second):
        assert ready.folder.path.is_dir()
        assert not ready.folder.holds_run()


def put_base(letters: str) -> tuple[Path, CharacterTokenizer]:
    tokenizer = CharacterTokenizer.learn([letters])
    config = ModelConfig(len(tokenizer.tokens), 5, 6, 2)
    model = Model("text", config, tokenizer.to_json(), random_weights(weight_shapes(config), seed=1))
    save_model(Path("base.safetensors"), model)
    return Path("base.safetensors"), tokenizer


def test_fine_tuning_takes_shape_and_vocabulary_from_the_model(corpus: Path) -> None:
    base, tokenizer = put_base("zyx \nabcdefghijklmno")
    ready = begin(Request(steps=20), init_from=base)
    assert ready.base is not None
    assert ready.dataset.tokenizer.tokens[: len(tokenizer.tokens)] == tokenizer.tokens
    new = sorted(set(corpus.read_text()) - set(tokenizer.tokens))
    assert ready.dataset.tokenizer.tokens[len(tokenizer.tokens) :] == tuple(new)
    assert ready.model == replace(ready.base.config, vocabulary_size=len(tokenizer.tokens) + len(new))
    told = [note for note in ready.notes if "gained" in note]
    assert told == [f"The vocabulary gained {len(new)} tokens: {' '.join(map(repr, new))}."]
    out = put_state(ready, step=5)
    for init_from in (None, base, base.resolve()):
        again = resume_given(out, init_from=init_from)
        assert again.dataset.tokenizer.tokens == ready.dataset.tokenizer.tokens
    with pytest.raises(RunError) as caught:
        resume_given(out, init_from=Path("other.safetensors"))
    assert_two_lines(caught.value, "--init-from other.safetensors is not what the run began with")


def test_a_model_of_another_shape_is_refused() -> None:
    base, _ = put_base("abc")
    begin(Request(units=6, layers=2), init_from=base)
    for flag, asked in (("--units 7", Request(units=7)), ("--layers 1", Request(layers=1))):
        with pytest.raises(RunError) as caught:
            begin(asked, init_from=base)
        assert_two_lines(caught.value, flag)
    with pytest.raises(ModelFileError):
        begin(init_from=Path("nowhere.safetensors"))


def test_a_place_below_a_file_cannot_be_a_run_and_is_refused_at_once() -> None:
    with pytest.raises(RunError) as caught:
        begin(out=Path("corpus.txt/run"))
    assert_two_lines(caught.value, "corpus.txt is a file")


def test_the_licence_of_what_a_model_had_learned_goes_on_with_what_it_learns_further() -> None:
    tokenizer = CharacterTokenizer.learn([Path("corpus.txt").read_text()])
    config = ModelConfig(len(tokenizer.tokens), 4, 8, 1)
    for licence, expected in (
        ("no commercial use", "not stated; and of what it was started from: no commercial use"),
        (None, None),
    ):
        weights = random_weights(weight_shapes(config), 0)
        base = Model("text", config, tokenizer.to_json(), weights, {"licence": licence}, {})
        save_model(Path("base.safetensors"), base)
        ready = begin(Request(steps=20), init_from=Path("base.safetensors"))
        assert ready.source.licence == expected
