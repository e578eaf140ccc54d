import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from gen.errors import RunError
from gen.training.run import Progress, RunFolder, new_run_folder, trim_metrics
from tests.tiny import contents, sign, tiny_model
from tests.training.tiny import training_config

WRONG_PROGRESS: list[tuple[str, Any]] = [
    ("step", -1),
    ("step", "8"),
    ("step", None),
    ("step", 8.0),
    ("epoch", 1 << 60),
    ("position", -1),
    ("best_nats", -0.5),
    ("best_nats", "low"),
    ("best_step", True),
    ("rate_scale", 2),
    ("recoveries", []),
]
ABOUT = {"kind": "text", "digest": "é"}


def tensors_of(step: int) -> dict[str, Any]:
    return {
        "embedding": np.full((2, 3), step / 3, np.float32),
        "optimizer.updates": np.array(step, np.int64),
        "carried.0.h": np.arange(4, dtype=np.float32).reshape(2, 2).T,
    }


def save(folder: RunFolder, step: int, *, validated: bool) -> None:
    progress = Progress(step=step, best_nats=1 / 3, rate_scale=0.5)
    folder.save_state(progress, ABOUT, tensors_of(step), validated=validated)


def saved_run(path: Path, validated: int, between: int | None = None) -> RunFolder:
    folder = RunFolder(path)
    save(folder, validated, validated=True)
    if between is not None:
        save(folder, between, validated=False)
    return folder


@pytest.mark.parametrize("validated", [False, True])
def test_a_state_comes_back_exactly(validated: bool, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "new" / "run")
    save(folder, 3, validated=validated)
    saved = folder.load_state()
    assert saved.progress == Progress(step=3, best_nats=1 / 3, rate_scale=0.5)
    assert (saved.about, saved.note) == (ABOUT, "")
    for name, values in tensors_of(3).items():
        np.testing.assert_array_equal(saved.tensors[name], values)
        assert saved.tensors[name].dtype == values.dtype


def test_a_state_of_each_sort_is_kept_and_no_more(tmp_path: Path) -> None:
    folder = saved_run(tmp_path, 4, 6)
    save(folder, 8, validated=True)
    save(folder, 9, validated=False)
    save(folder, 10, validated=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "state.safetensors",
        "state.validated.safetensors",
    ]
    assert folder.load_validated_state().progress.step == 8
    folder.state.unlink()
    saved = folder.load_state()
    assert (saved.progress.step, saved.note) == (8, "")


@pytest.mark.parametrize(("validated", "between", "newer"), [(4, 6, 6), (8, 6, 8), (0, 1, 1)])
def test_a_run_goes_on_from_the_newer_state_and_back_to_the_validated_one(
    validated: int, between: int, newer: int, tmp_path: Path
) -> None:
    folder = saved_run(tmp_path, validated, between)
    saved = folder.load_state()
    assert (saved.progress.step, saved.note) == (newer, "")
    np.testing.assert_array_equal(saved.tensors["embedding"], tensors_of(newer)["embedding"])
    back = folder.load_validated_state()
    assert back.progress.step == validated
    np.testing.assert_array_equal(back.tensors["embedding"], tensors_of(validated)["embedding"])


def test_a_run_stopped_right_after_a_recovery_goes_on_with_what_it_learned(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.save_state(Progress(step=4), ABOUT, tensors_of(4), validated=True)
    recovered = Progress(step=4, rate_scale=0.5, recoveries=1)
    folder.save_state(recovered, ABOUT, tensors_of(4), validated=False)
    assert folder.load_state().progress == recovered


@pytest.mark.parametrize("newer_is_validated", [False, True])
@pytest.mark.parametrize("keep", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_damaged_state_gives_way_to_the_other_and_says_so(
    keep: float, newer_is_validated: bool, tmp_path: Path
) -> None:
    folder = saved_run(tmp_path, *((8, 4) if newer_is_validated else (4, 8)))
    newer, older = folder.state, folder.validated_state
    if newer_is_validated:
        newer, older = older, newer
    content = newer.read_bytes()
    newer.write_bytes(content[: int(keep * len(content))])
    saved = folder.load_state()
    assert saved.progress.step == 4
    np.testing.assert_array_equal(saved.tensors["embedding"], tensors_of(4)["embedding"])
    assert str(newer) in saved.note
    assert "step 4" in saved.note
    assert folder.load_validated_state().progress.step == 4
    older.write_bytes(b"")
    for load in (folder.load_state, folder.load_validated_state):
        with pytest.raises(RunError, match="no training state") as caught:
            load()
        assert str(folder.validated_state) in caught.value.problem
        assert "--init-from" in caught.value.fix


def test_where_nothing_was_saved_yet_there_is_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no training state") as caught:
        RunFolder(tmp_path).load_state()
    assert "begin without --resume" in caught.value.fix


def test_a_flipped_bit_of_a_state_is_noticed(tmp_path: Path) -> None:
    folder = saved_run(tmp_path, 4, 8)
    content = folder.state.read_bytes()
    tensors = 4 * 6 + 8 + 4 * 4  # bytes of those of `tensors_of`, which come last
    generator = np.random.default_rng(0)
    for place in range(len(content) - tensors, len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(generator.integers(8))
        folder.state.write_bytes(flipped)
        saved = folder.load_state()
        assert saved.progress.step == 4
        assert "checksum" in saved.note
    folder.state.write_bytes(content)
    assert folder.load_state().progress.step == 8


@pytest.mark.parametrize(
    "change",
    [
        {"progress": {"step": 8}},
        {"progress": None},
        *({"progress": Progress(8).to_json() | {name: wrong}} for name, wrong in WRONG_PROGRESS),
        {"about": None},
        {"about": ["kind"]},
        {"format_version": 9},
        {"format_version": None},
    ],
)
def test_a_state_that_does_not_say_what_it_must_is_not_used(change: dict[str, Any], tmp_path: Path) -> None:
    folder = saved_run(tmp_path, 4, 8)
    about, tensors = contents(folder.state)
    sign(folder.state, about, tensors)
    assert folder.load_state().progress.step == 8
    sign(folder.state, about | change, tensors)
    assert folder.load_state().progress.step == 4


def test_a_state_without_a_checksum_of_what_it_says_is_of_an_older_release_and_read(tmp_path: Path) -> None:
    folder = saved_run(tmp_path, 4)
    about, tensors = contents(folder.validated_state)
    assert about["format_version"] == 2
    del about["metadata_sha256"], about["release"]
    about["format_version"] = 1
    safetensors.numpy.save_file(tensors, folder.validated_state, {"gen": json.dumps(about)})
    assert folder.load_state().progress.step == 4


@pytest.mark.parametrize("validated", [False, True])
def test_a_write_that_fails_leaves_the_states_before_it_and_no_litter(
    validated: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved_run(tmp_path, 4, 8)
    write = Path.write_bytes

    def fill_the_disk(path: Path, content: bytes) -> int:
        write(path, content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill_the_disk)
    with pytest.raises(RunError, match=r"cannot be saved: No space left on device\.\n") as caught:
        save(folder, 9, validated=validated)
    assert "--resume" in caught.value.fix
    with pytest.raises(RunError, match="No space"):
        folder.save_model(folder.best, tiny_model())
    assert folder.load_state().progress.step == 8
    assert folder.load_validated_state().progress.step == 4
    assert {path.name for path in tmp_path.iterdir()} == {folder.state.name, folder.validated_state.name}


def test_a_programmers_mistake_while_saving_stays_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mine"), RunFolder(tmp_path).saving():
        raise ValueError("mine")


def test_a_folder_holds_a_run_from_its_first_file_on(tmp_path: Path) -> None:
    for name in ("best", "last", "state", "state.validated"):
        folder = RunFolder(tmp_path / name)
        assert not folder.holds_run()
        folder.path.mkdir()
        (folder.path / "notes.txt").write_text("mine")
        assert not folder.holds_run()
        (folder.path / f"{name}.safetensors").write_bytes(b"")
        assert folder.holds_run()
        assert folder.has_state() == name.startswith("state")


def test_new_runs_are_named_after_their_corpus_numbered_and_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = new_run_folder("my-poems-éa"), new_run_folder("my-poems-éa")
    assert first.parent == Path("checkpoints")
    assert first.name.startswith("my-poems-éa-20")
    assert (first.name[-2:], second.name) == ("-1", first.name[:-1] + "2")
    assert first.is_dir()
    assert second.is_dir()


def test_where_no_folder_can_be_made_another_place_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("checkpoints").write_text("a file")
    with pytest.raises(RunError, match="cannot be made") as caught:
        new_run_folder("poems")
    assert "--out" in caught.value.fix


@pytest.mark.parametrize(
    ("steps", "every", "best_step", "stuck_from"),
    [
        (100, 5, 10, 30),  # a fifth of the steps
        (100, 30, 30, 90),  # one validation without gain is after a fifth of them, and not enough
        (10, 10, 0, 20),
    ],
)
def test_a_run_is_stuck_after_a_fifth_of_its_steps_and_two_validations_without_gain(
    steps: int, every: int, best_step: int, stuck_from: int
) -> None:
    config = training_config(steps=steps, validate_every=every)
    for step in range(best_step, 2 * steps):
        stuck = Progress(step=step, best_nats=1.0, best_step=best_step).is_stuck(config)
        assert stuck == (step >= stuck_from and step % every == 0)


def test_metrics_are_trimmed_to_the_step_that_is_resumed(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    rows: list[dict[str, Any]] = [
        {"event": "train", "step": 10},
        {"event": "notice", "text": "é"},
        {"event": "validation", "step": 12},
        {"event": "train", "step": 20},
    ]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + '\n{"event": "train", "ste', "utf-8")
    trim_metrics(path, 12)
    assert [json.loads(line) for line in path.read_text("utf-8").splitlines()] == rows[:3]
    trim_metrics(path, 0)
    assert [json.loads(line) for line in path.read_text("utf-8").splitlines()] == [rows[1]]
    trim_metrics(tmp_path / "none.jsonl", 5)
    assert list(tmp_path.iterdir()) == [path]
