import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.checkpoint import Model, save_model, weight_shapes
from gen.config import ModelConfig, TrainingConfig
from gen.errors import CorpusError, GenError, ModelFileError, RunError
from gen.kinds import KINDS
from gen.tensor_file import load_tensors, save_tensors
from gen.tokenizer.characters import CharacterTokenizer
from gen.training import plan, resuming, setup
from gen.training.plan import Request
from gen.training.run import STATE_VERSION, Progress, RunFolder
from gen.training.setup import Given, Setup
from tests.training.plain_network import random_weights
from tests.training.tiny import state_tensors, words

TEXT = KINDS["text"].recipe
ASKED = Request(steps=20, units=8, batch_size=4, window=16, seed=3)


@pytest.fixture(autouse=True)
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus in the current folder, which is the test's own, and so is the cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "corpus.txt"
    path.write_text(words(200), "utf-8")
    return path


def begin(request: Request = ASKED, out: Path | None = Path("run"), **given: Any) -> Setup:
    return setup.begin(Given(request, **{"corpus": "corpus.txt", "out": out, **given}))


def config_of(ready: Setup) -> TrainingConfig:
    """What a run that began with this setup trains with."""
    config = plan.training_config(
        ready.request,
        TEXT,
        ready.dataset.training.tokens,
        ready.streams,
        ready.window,
        "float32",
        "float32",
        ready.parts,
    )
    return replace(config, steps=20, validate_every=2)


def put_state(ready: Setup, *, validated: bool = True, **progress: Any) -> Path:
    """What a run that began with this setup leaves in its folder."""
    config = config_of(ready)
    about = setup.describe(ready, config)
    tensors = state_tensors(ready.model, config)
    ready.folder.save_state(Progress(**progress), about, tensors, validated=validated)
    return ready.folder.path


def resume(out: Path | None, corpus: str | None = None, **asked: Any) -> Setup:
    return resume_given(out, Request(**asked), corpus=corpus)


def resume_given(out: Path | None, request: Request | None = None, **given: Any) -> Setup:
    return resuming.resume(Given(request or Request(), out=out, **given))


def assert_two_lines(error: GenError, *problem: str) -> None:
    assert all(part in error.problem for part in problem), error.problem
    for line in (error.problem, error.fix):
        assert line
        assert "\n" not in line


def test_a_run_of_another_release_keeps_what_it_held_out_and_tells_the_way_on(tmp_path: Path) -> None:
    ready = begin()
    path = put_state(ready, step=5) / "state.validated.safetensors"
    about, tensors = load_tensors(path, STATE_VERSION)
    del about["about"]["training"]["products"]
    save_tensors(path, tensors, about)
    with pytest.raises(RunError) as caught:
        resume(tmp_path / "run")
    assert_two_lines(caught.value, "another release", "products")
    assert "--init-from" in caught.value.fix
    model = Model("text", ready.model, {}, {}, {"digest": ready.dataset.digest})
    assert resuming.held_out_of_run(tmp_path / "run", model, pytest.fail) == ready.dataset.validation


def test_a_run_goes_on_with_what_it_began_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = begin()
    assert (ready.streams, ready.window, ready.model.units) == (4, 16, 8)
    assert any("10 %" in note for note in ready.notes)
    put_state(ready, step=5)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    again = resume(tmp_path / "run")
    assert again.saved is not None
    assert again.saved.progress.step == 5
    assert (again.dataset.digest, again.model, again.source) == (
        ready.dataset.digest,
        ready.model,
        ready.source,
    )
    assert (again.streams, again.window, again.parts) == (ready.streams, ready.window, ready.parts)
    assert again.request == ready.request


def test_flags_given_again_must_agree(corpus: Path) -> None:
    out = put_state(begin(), step=5)
    resume(out, "corpus.txt", units=8, seed=3, window=16)
    resume(out, str(corpus))
    for flag, asked in (
        ("--units", {"units": 9}),
        ("--seed", {"seed": 0}),
        ("--learning-rate", {"learning_rate": 0.1}),
    ):
        with pytest.raises(RunError) as caught:
            resume(out, **asked)
        assert_two_lines(caught.value, flag, "is not what the run began with")
    with pytest.raises(RunError) as caught:
        resume(out, "other.txt")
    assert_two_lines(caught.value, "--corpus other.txt")
    with pytest.raises(RunError) as caught:
        resume_given(out, encoding="latin-1")
    assert_two_lines(caught.value, "--encoding latin-1")


def test_options_given_again_as_they_were_chosen_are_accepted() -> None:
    ready = begin(Request(steps=20, batch_size=64, precision="auto"))
    out = put_state(ready, step=5)
    saved = config_of(ready)
    chosen: dict[str, Any] = {
        "units": ready.model.units,
        "layers": ready.model.layers,
        "window": ready.window,
        "dropout": saved.dropout,
        "learning_rate": saved.learning_rate,
        "precision": "float32",
        "seed": 0,
    }
    resume(out, **chosen)
    assert ready.streams != 64
    for batch_size in (ready.streams, 64):
        resume(out, batch_size=batch_size)
    for precision in ("auto", "float32"):
        resume(out, precision=precision)
    resume(out, steps=20)
    for name, value in {**chosen, "batch_size": 64, "steps": 20}.items():
        other = "bfloat16" if name == "precision" else value + 1
        with pytest.raises(RunError) as caught:
            resume(out, **{name: other})
        assert_two_lines(caught.value, f"--{name.replace('_', '-')} {other} is not what the run began with")
    with pytest.raises(RunError) as caught:
        resume(out, minutes=3.0)
    assert_two_lines(caught.value, "--minutes 3.0 is not what the run began with (not given)")


def test_a_changed_corpus_is_not_resumed(corpus: Path) -> None:
    out = put_state(begin(), step=5)
    text = corpus.read_text()
    corpus.write_text(text.replace("cat", "rat", 1))
    with pytest.raises(RunError) as caught:
        resume(out)
    assert_two_lines(caught.value, "corpus.txt", "is not what the run in run began with")
    corpus.unlink()
    with pytest.raises(CorpusError) as gone:
        resume(out)
    assert_two_lines(gone.value, "corpus.txt")
    corpus.write_text(text)
    resume(out)


@pytest.mark.parametrize(
    "progress",
    [{"step": 20, "best_nats": 1.0, "best_step": 20}, {"step": 12, "best_nats": 1.0, "best_step": 8}],
)
def test_a_finished_run_says_how_to_train_further(progress: dict[str, Any]) -> None:
    out = put_state(begin(), **progress)
    with pytest.raises(RunError) as caught:
        resume(out)
    assert_two_lines(caught.value, "finished", f"{progress['step']} of 20")
    assert "--init-from run" in caught.value.fix


def test_a_run_that_was_interrupted_before_its_last_chance_goes_on() -> None:
    out = put_state(begin(), step=13, best_nats=1.0, best_step=9)
    resume(out)


def test_folders_that_are_no_run() -> None:
    Path("empty").mkdir()
    for out, named in ((None, "--resume"), (Path("nowhere"), "nowhere"), (Path("empty"), "empty")):
        with pytest.raises(RunError) as caught:
            resume(out)
        assert_two_lines(caught.value, named)


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


def test_a_damaged_state_is_told() -> None:
    ready = begin()
    put_state(ready, step=3)
    put_state(ready, step=7, validated=False)
    RunFolder(Path("run")).state.write_bytes(b"")
    again = resume(Path("run"))
    assert again.saved is not None
    assert again.saved.progress.step == 3
    assert any("step 3" in note for note in again.notes)


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


def test_what_a_run_held_out_is_found_again(corpus: Path) -> None:
    ready = begin()
    out = put_state(ready, step=5)
    model = Model(
        "text", ready.model, ready.dataset.tokenizer.to_json(), {}, {"digest": ready.dataset.digest}
    )
    ids = resuming.held_out_of_run(out, model, pytest.fail)
    text = corpus.read_text()
    assert ready.dataset.tokenizer.decode(ids.map().astype(np.int32)) == text[len(text) * 9 // 10 :]
    shutil.copytree(out, "moved")
    assert resuming.held_out_of_run(Path("moved"), model, pytest.fail) == ids

    Path("elsewhere").mkdir()
    of_another = replace(model, corpus={"digest": "of another"})
    without = replace(model, corpus={})
    for folder, asked in (
        ("elsewhere", model),
        ("elsewhere", without),
        ("run", of_another),
        ("run", without),
    ):
        with pytest.raises(RunError) as caught:
            resuming.held_out_of_run(Path(folder), asked, pytest.fail)
        assert_two_lines(caught.value, "does not lie in the folder of its run")
        assert "--corpus FILE" in caught.value.fix
    corpus.write_text(text + "more")
    assert resuming.held_out_of_run(out, model, pytest.fail) == ids
    shutil.rmtree("cache")
    told: list[str] = []
    with pytest.raises(RunError) as caught:
        resuming.held_out_of_run(out, model, told.append)
    assert [str(corpus) in line for line in told] == [True]
    assert_two_lines(caught.value, "corpus.txt", "is not what the run in run began with")


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


def test_a_corpus_that_is_gone_when_resuming_is_to_be_put_back() -> None:
    ready = begin()
    out = put_state(ready, step=2)
    Path("corpus.txt").rename("elsewhere.txt")
    with pytest.raises(CorpusError) as caught:
        resume(out)
    assert_two_lines(caught.value, "corpus.txt")
    assert caught.value.fix.endswith("corpus.txt")


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
