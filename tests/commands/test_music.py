"""Music through the command line: from a folder of files to a tune, and back."""

import json
import math
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gen.checkpoint import load_model
from gen.corpus.midi import read_midi
from gen.sampler.forward import Network
from gen.tokenizer.notes import NotesTokenizer
from tests.calling import assert_users_mistake, assert_wrong_usage, call
from tests.commands.house import House
from tests.commands.test_train import SIGNALLED
from tests.tiny import put_model
from tests.tunes import put_tune_model, put_tunes

FLAGS = ("--steps", "12", "--seed", "3", "--units", "16", "--window", "16", "--batch-size", "4")
Capsys = pytest.CaptureFixture[str]
Run = tuple[Path, Path, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(house: House) -> Run:
    """The tunes, the folder of a run that learned them, and what it said."""
    tunes = put_tunes(house.corpus.with_name("tunes"), 14)
    (tunes / "broken.mid").write_bytes((tunes / "003.mid").read_bytes()[:-9])
    (tunes / "again.mid").write_bytes((tunes / "003.mid").read_bytes())
    out = house.corpus.with_name("music-run")
    flags = ("--corpus", tunes, "--out", out, "--precision", "float32", *FLAGS)
    return tunes, out, house.run("-m", "gen", "train", *flags)


def test_what_was_read_and_what_was_not_is_told(run: Run) -> None:
    _, out, done = run
    assert done.stdout == f"gen sample {out}\n"
    assert "14 pieces from 15 files" in done.stderr or "broken.mid" in done.stderr
    assert "1 file cannot be used" in done.stderr
    assert "1 piece dropped" in done.stderr
    assert "nats a note" in done.stderr
    assert "Traceback" not in done.stderr


def test_interrupted_and_resumed_ends_as_if_nothing_had_happened(house: House, run: Run) -> None:
    tunes, whole, _ = run
    out = house.corpus.with_name("music-cut")
    flags = ("--corpus", tunes, "--out", out, "--precision", "float32", *FLAGS)
    house.run("-c", SIGNALLED, "SIGINT", "7", "train", *flags, code=130)
    house.run("-m", "gen", "train", "--resume", "--out", out)
    for name in ("best", "last", "state.validated"):
        file = f"{name}.safetensors"
        assert (out / file).read_bytes() == (whole / file).read_bytes(), f"{name} differs"


def test_a_tune_is_written_and_read_back(house: House, run: Run) -> None:
    _, out, _ = run
    flags = ("--temperature", "0.9", "--bars", "4", "--seed", "2")
    done = house.run("-m", "gen", "sample", out, *flags, "--out", out / "tune.mid")
    assert (done.stdout, done.stderr) == ("", f"Wrote {out / 'tune.mid'}\n")
    score = read_midi((out / "tune.mid").read_bytes()).score
    assert sum(1 for _ in score.bars()) == 4
    shown = house.run("-m", "gen", "sample", out, *flags).stdout
    assert shown.startswith("X:1\n")
    assert not house.litter()


def test_evaluation_is_piece_by_piece_as_stepping_through_each_says(house: House, run: Run) -> None:
    tunes, out, _ = run
    good = house.corpus.with_name("good")
    put_tunes(good, 5)
    done = house.run("-m", "gen", "eval", out, "--corpus", good, "--json")
    facts = json.loads(done.stdout)
    model = load_model(out / "best.safetensors")
    tokenizer = NotesTokenizer.from_json(model.tokenizer)
    network = Network(model.config, model.weights)
    nats, tokens, notes, ticks = 0.0, 0, 0, 0
    for path in sorted(good.iterdir()):
        score = read_midi(path.read_bytes()).score
        ids = tokenizer.encode(score)
        state = network.initial_state(1)
        for before, after in pairwise(ids.tolist()):
            logits, state = network.step(np.array([before]), state)
            row = logits[0].astype(float)
            nats += math.log(np.exp(row - row.max()).sum()) + row.max() - row[after]
            tokens += 1
        notes += len(score.notes)
        ticks += score.length_ticks
    assert (facts["tokens"], facts["notes"], facts["beats"]) == (tokens, notes, ticks / 24)
    assert facts["nats_total"] == pytest.approx(nats, rel=1e-5)
    assert facts["nats_per_note"] == pytest.approx(nats / notes, rel=1e-5)
    assert facts["nats_per_beat"] == pytest.approx(24 * nats / ticks, rel=1e-5)
    assert tunes.exists()


def test_inspecting_counts_what_training_would_read(house: House, run: Run) -> None:
    tunes, _, _ = run
    facts = json.loads(house.run("-m", "gen", "corpora", "inspect", tunes, "--json").stdout)
    assert facts["kind"] == "music"
    assert len(facts["accepted"]) == 15
    [rejected] = facts["rejected"]
    assert rejected["file"].endswith("broken.mid")
    assert facts["tokens"] > 14 * 10


def test_info_says_what_it_is(capsys: Capsys, tmp_path: Path) -> None:
    path = put_tune_model(tmp_path / "m.safetensors")
    told = call(capsys, "info", path)
    assert told.code == 0
    assert "music, tokens are notes" in told.out
    assert "CC0" in told.out


def test_text_has_no_bars_and_music_no_letters(capsys: Capsys, tmp_path: Path) -> None:
    text, music = put_model(tmp_path / "t.safetensors"), put_tune_model(tmp_path / "m.safetensors")
    assert_users_mistake(call(capsys, "sample", text, "--bars", "3"), "--bars")
    assert_users_mistake(call(capsys, "sample", music, "--out", "tune.txt"), "tune.txt")
    assert_users_mistake(call(capsys, "sample", music, "--key", "H"), "key 'H'")
    assert_users_mistake(call(capsys, "sample", music, "--prompt", "Once upon"), "Once upon")
    assert_wrong_usage(call(capsys, "sample", music, "--range", "C6-C4"), "C6-C4")
    assert_wrong_usage(call(capsys, "sample", music, "--range", "loud"), "loud")


def test_options_for_music_are_refused_for_text(capsys: Capsys, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("some text to learn " * 20)
    outcome = call(
        capsys, "train", "--corpus", path, "--no-transpose", "--steps", "1", "--out", tmp_path / "r"
    )
    assert_users_mistake(outcome, "transpose")
    outcome = call(capsys, "train", "--corpus", path, "--tokenizer", "notes", "--out", tmp_path / "r")
    assert_users_mistake(outcome, "music")
    assert not (tmp_path / "r").exists()
