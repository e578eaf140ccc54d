"""A state that was signed by whoever wants to see what `gen eval` and `gen train --resume` do with it."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gen.checkpoint import Model
from gen.config import TrainingConfig
from gen.errors import GenError, RunError
from gen.tensor_file import TensorForm
from gen.training import resuming, setup
from gen.training.plan import Request
from gen.training.run import Progress
from gen.training.setup import Given, Setup
from gen.training.signals import StopRequest
from gen.training.state_tensors import state_forms
from tests.tiny import contents, sign
from tests.training.conftest import MakeTrainer
from tests.training.tiny import FIELDS_ADDED_LATER, state_tensors, training_config, words

OTHERS: list[Any] = [
    None,
    True,
    -1,
    1 << 62,
    1e308,
    "",
    "-",
    "no\0file",
    "\udcff",
    "x" * 5000,
    [],
    [[]],
    {},
    {"": 0},
]
SECTIONS = ("source", "request", "model", "training")


@pytest.fixture(autouse=True)
def cache(ready: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEN_CACHE", str(ready.folder.path.parent / "cache"))


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEN_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        (folder / "corpus.txt").write_text(words(200), "utf-8")
        given = Given(
            Request(steps=20, units=8, batch_size=4, window=16), corpus="corpus.txt", out=folder / "run"
        )
        return setup.begin(given)


def tried(
    ready: Setup, about: dict[str, Any], tensors: dict[str, NDArray[Any]] | None = None
) -> list[GenError]:
    """What the two that read a state say to this one; anything but a `GenError` is a test that fails."""
    described = {"format_version": 2, "progress": Progress(5).to_json(), "about": about}
    sign(ready.folder.state, described, sound_tensors(ready) if tensors is None else tensors)
    model = Model("text", ready.model, {}, {}, {"digest": about.get("digest")})
    said: list[GenError] = []
    told: list[str] = []
    # what was held out is looked for where the state says only when the cache has it no longer
    shutil.rmtree(ready.folder.path.parent / "cache", ignore_errors=True)
    for use in (
        lambda: resuming.held_out_of_run(ready.folder.path, model, told.append),
        lambda: resuming.resume(Given(Request(), out=ready.folder.path)),
    ):
        try:
            use()
        except GenError as error:
            said.append(error)
    return said


def sound_tensors(ready: Setup) -> dict[str, NDArray[Any]]:
    return state_tensors(ready.model, config_of(ready))


def sound(ready: Setup) -> dict[str, Any]:
    ready.folder.path.mkdir(exist_ok=True)
    return setup.describe(ready, config_of(ready))


def config_of(ready: Setup) -> TrainingConfig:
    return training_config(batch_size=ready.streams, window=ready.window, steps=20)


def test_a_sound_state_is_used(ready: Setup) -> None:
    assert tried(ready, sound(ready)) == []
    assert contents(ready.folder.state)[0]["format_version"] == 2


@pytest.mark.parametrize("section", SECTIONS)
def test_a_field_of_any_value_is_used_or_refused(ready: Setup, section: str) -> None:
    about = sound(ready)
    fields = about[section]
    for name in fields:
        for value in OTHERS:
            for error in tried(ready, about | {section: fields | {name: value}}):
                assert error.fix
        without = {other: fields[other] for other in fields if other != name}
        assert bool(tried(ready, about | {section: without})) == (name not in FIELDS_ADDED_LATER)


@pytest.mark.parametrize("name", [*SECTIONS, "digest", "kind", "base_tokenizer"])
def test_a_part_of_any_value_is_used_or_refused(ready: Setup, name: str) -> None:
    for value in OTHERS:
        for error in tried(ready, sound(ready) | {name: value}):
            assert error.fix


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("corpus", 5),
        ("corpus", "-"),
        ("validation", "-"),
        ("licence", []),
        ("choices", {"velocity": 1}),
        ("choices", {"base": True}),
        ("encoding", 8),
        ("tokenizer", "smells"),
    ],
)
def test_a_source_that_none_was_is_refused(ready: Setup, name: str, value: object) -> None:
    about = sound(ready)
    about["source"] |= {name: value}
    errors = tried(ready, about)
    assert [type(error) for error in errors] == [RunError, RunError]
    assert all("another release" in error.problem for error in errors)


def test_a_model_and_a_state_that_name_no_corpus_are_not_taken_for_one_run(
    ready: Setup, tmp_path: Path
) -> None:
    model = Model("text", ready.model, {}, {}, {"digest": None})
    with pytest.raises(RunError, match="what it held out is not known"):
        resuming.held_out_of_run(tmp_path, model, pytest.fail)


def test_the_tensors_of_a_run_are_those_that_are_asked_for(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path)
    trainer.run(StopRequest())
    saved = trainer._folder.load_validated_state()
    found = {name: TensorForm(array.dtype.name, array.shape) for name, array in saved.tensors.items()}
    assert found == state_forms(trainer._blank.config, trainer.config)


def lies(tensors: dict[str, NDArray[Any]]) -> Iterator[dict[str, NDArray[Any]]]:
    """The tensors without one, with one of another shape or dtype, and with one too many."""
    for name, array in tensors.items():
        yield {other: values for other, values in tensors.items() if other != name}
        yield {**tensors, name: np.zeros((*array.shape, 1), array.dtype)}
        yield {**tensors, name: array.astype(np.int32)}
    yield {**tensors, "lstm.1.W_f": tensors["lstm.0.W_f"]}


def test_tensors_that_are_not_those_of_the_run_are_refused(ready: Setup) -> None:
    for tensors in lies(sound_tensors(ready)):
        (error,) = tried(ready, sound(ready), tensors)
        assert "asks for" in error.problem


@pytest.mark.parametrize(
    ("section", "changes"),
    [
        ("model", {"units": 1 << 14, "layers": 64}),
        ("model", {"vocabulary_size": 1 << 16}),
        ("training", {"batch_size": 1 << 30}),
        ("training", {"parts": 1 << 20}),
        ("training", {"parts": 5}),
        ("training", {"window": 1 << 30}),
    ],
)
def test_a_run_of_a_size_that_nothing_bears_out_is_refused_before_anything_is_built(
    section: str, changes: dict[str, int], ready: Setup
) -> None:
    about = sound(ready)
    (error,) = tried(ready, about | {section: about[section] | changes})
    assert error.fix


def test_a_model_that_is_not_of_the_corpus_is_refused_though_its_tensors_are_its_own(ready: Setup) -> None:
    about = sound(ready)
    model = replace(ready.model, vocabulary_size=ready.model.vocabulary_size - 1)
    (error,) = tried(ready, about | {"model": model.to_json()}, state_tensors(model, config_of(ready)))
    assert "another corpus" in error.problem
    crowded = replace(config_of(ready), batch_size=5000)
    (error,) = tried(ready, about | {"training": crowded.to_json()}, state_tensors(ready.model, crowded))
    assert "another corpus" in error.problem
