import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.checkpoint import Model
from gen.errors import CorpusError, RunError
from gen.tensor_file import load_tensors, save_tensors
from gen.training import resuming
from gen.training.plan import Request
from gen.training.run import STATE_VERSION, RunFolder
from gen.training.setup import Setup
from tests.training.beginning import (
    ASKED,
    assert_two_lines,
    begin,
    config_of,
    put_corpus,
    put_state,
    resume_given,
)


@pytest.fixture(autouse=True)
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return put_corpus(tmp_path, monkeypatch)


def resume(out: Path | None, corpus: str | None = None, **asked: Any) -> Setup:
    return resume_given(out, Request(**asked), corpus=corpus)


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


def test_a_run_of_before_gradients_could_be_rounded_goes_on_with_them_in_float32(tmp_path: Path) -> None:
    path = put_state(begin(), step=5) / "state.validated.safetensors"
    about, tensors = load_tensors(path, STATE_VERSION)
    for section in ("training", "request"):
        del about["about"][section]["gradients"]
    save_tensors(path, tensors, about)
    for asked in ({}, {"gradients": "float32"}):
        again = resume(tmp_path / "run", **asked)
        assert again.training is not None
        assert again.training.gradients == "float32"
    with pytest.raises(RunError) as caught:
        resume(tmp_path / "run", gradients="bfloat16")
    assert_two_lines(caught.value, "--gradients bfloat16 is not what the run began with (float32)")


def test_gradients_that_were_rounded_stay_so() -> None:
    ready = begin(replace(ASKED, gradients="bfloat16"))
    out = put_state(ready, step=5)
    for asked in ({}, {"gradients": "bfloat16"}):
        again = resume(out, **asked)
        assert again.training is not None
        assert again.training.gradients == "bfloat16"
    with pytest.raises(RunError) as caught:
        resume(out, gradients="float32")
    assert_two_lines(caught.value, "--gradients float32 is not what the run began with (bfloat16)")


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


def test_a_damaged_state_is_told() -> None:
    ready = begin()
    put_state(ready, step=3)
    put_state(ready, step=7, validated=False)
    RunFolder(Path("run")).state.write_bytes(b"")
    again = resume(Path("run"))
    assert again.saved is not None
    assert again.saved.progress.step == 3
    assert any("step 3" in note for note in again.notes)


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


def test_a_corpus_that_is_gone_when_resuming_is_to_be_put_back() -> None:
    ready = begin()
    out = put_state(ready, step=2)
    Path("corpus.txt").rename("elsewhere.txt")
    with pytest.raises(CorpusError) as caught:
        resume(out)
    assert_two_lines(caught.value, "corpus.txt")
    assert caught.value.fix.endswith("corpus.txt")
