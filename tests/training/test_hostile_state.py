"""A state that was signed by whoever wants to see what `gen eval` and `gen train --resume` do with it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.checkpoint import Model
from gen.config import TrainingConfig
from gen.errors import GenError, RunError
from gen.training import resuming, setup
from gen.training.plan import Request
from gen.training.run import Progress
from gen.training.setup import Given, Setup
from tests.tiny import contents, sign
from tests.training.tiny import training_config, words

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


def tried(ready: Setup, about: dict[str, Any]) -> list[GenError]:
    """What the two that read a state say to this one; anything but a `GenError` is a test that fails."""
    sign(
        ready.folder.state, {"format_version": 2, "progress": Progress(5).to_json(), "about": about}, TENSORS
    )
    model = Model("text", ready.model, {}, {}, {"digest": about.get("digest")})
    said = []
    for use in (
        lambda: resuming.resume(Given(Request(), out=ready.folder.path)),
        lambda: resuming.held_out_of_run(ready.folder.path, model),
    ):
        try:
            use()
        except GenError as error:
            said.append(error)
    return said


TENSORS = {"embedding": np.zeros((2, 2), np.float32)}


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
        assert tried(ready, about | {section: {other: fields[other] for other in fields if other != name}})


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
        resuming.held_out_of_run(tmp_path, model)
