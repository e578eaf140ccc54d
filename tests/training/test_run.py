import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.errors import RunError
from gen.training.run import Progress, RunFolder, new_run_folder, trim_metrics

ABOUT = {"kind": "text", "digest": "é"}


def tensors_of(step: int) -> dict[str, Any]:
    return {
        "embedding": np.full((2, 3), step / 3, np.float32),
        "optimizer.updates": np.array(step, np.int64),
        "carried.0.h": np.arange(4, dtype=np.float32).reshape(2, 2).T,
    }


def saved_run(path: Path, *steps: int) -> RunFolder:
    folder = RunFolder(path)
    for step in steps:
        folder.save_state(Progress(step=step, best_nats=1 / 3, rate_scale=0.5), ABOUT, tensors_of(step))
    return folder


def test_a_state_comes_back_exactly(tmp_path: Path) -> None:
    saved = saved_run(tmp_path / "new" / "run", 3).load_state()
    assert saved.progress == Progress(step=3, best_nats=1 / 3, rate_scale=0.5)
    assert (saved.about, saved.note) == (ABOUT, "")
    for name, values in tensors_of(3).items():
        np.testing.assert_array_equal(saved.tensors[name], values)
        assert saved.tensors[name].dtype == values.dtype


def test_two_generations_are_kept(tmp_path: Path) -> None:
    folder = saved_run(tmp_path, 1, 2, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "state.previous.safetensors",
        "state.safetensors",
    ]
    assert folder.load_state().progress.step == 3
    folder.state.unlink()  # as after a kill between the two renames
    saved = folder.load_state()
    assert (saved.progress.step, saved.note) == (2, "")


@pytest.mark.parametrize("keep", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_damaged_state_gives_way_to_the_one_before_and_says_so(keep: float, tmp_path: Path) -> None:
    folder = saved_run(tmp_path, 4, 8)
    content = folder.state.read_bytes()
    folder.state.write_bytes(content[: int(keep * len(content))])
    saved = folder.load_state()
    assert saved.progress.step == 4
    np.testing.assert_array_equal(saved.tensors["embedding"], tensors_of(4)["embedding"])
    assert str(folder.state) in saved.note
    assert "step 4" in saved.note
    folder.previous_state.write_bytes(b"")
    with pytest.raises(RunError, match="no training state") as caught:
        folder.load_state()
    assert "--init-from" in caught.value.fix


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.replace('"step\\": 8', '"stop\\": 8'),
        lambda header: header.replace('"about\\": {', '"again\\": {'),
        lambda header: header.replace('"format_version\\": 1', '"format_version\\": 9'),
    ],
)
def test_a_state_that_does_not_say_what_it_must_is_not_used(change: Any, tmp_path: Path) -> None:
    folder = saved_run(tmp_path, 4, 8)
    content = folder.state.read_bytes()
    changed = change(content.decode("latin-1")).encode("latin-1")
    assert len(changed) == len(content)
    assert changed != content
    folder.state.write_bytes(changed)
    assert folder.load_state().progress.step == 4


def test_a_write_that_fails_leaves_the_state_before_it_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved_run(tmp_path, 4, 8)
    write = Path.write_bytes

    def fill_the_disk(path: Path, content: bytes) -> int:
        write(path, content[: len(content) // 2])
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill_the_disk)
    with pytest.raises(OSError, match="no space"):
        folder.save_state(Progress(step=9), ABOUT, tensors_of(9))
    assert folder.load_state().progress.step == 8
    assert {path.name for path in tmp_path.iterdir()} <= {folder.state.name, folder.previous_state.name}


def test_a_folder_holds_a_run_from_its_first_file_on(tmp_path: Path) -> None:
    for name in ("best", "last", "state", "state.previous"):
        folder = RunFolder(tmp_path / name)
        assert not folder.holds_run()
        folder.path.mkdir()
        (folder.path / "notes.txt").write_text("mine")
        assert not folder.holds_run()
        (folder.path / f"{name}.safetensors").write_bytes(b"")
        assert folder.holds_run()


def test_new_runs_are_named_after_their_corpus_and_numbered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = new_run_folder("my poems/éa")
    first.mkdir(parents=True)
    second = new_run_folder("my poems/éa")
    assert first.parent == Path("checkpoints")
    assert first.name.startswith("my-poems-éa-20")
    assert (first.name[-2:], second.name) == ("-1", first.name[:-1] + "2")
    assert new_run_folder("///").name.startswith("run-")


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
