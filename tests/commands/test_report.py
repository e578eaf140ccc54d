import json
import os
import shutil
from pathlib import Path

import pytest

from gen.corpus.midi import read_midi
from gen.export.midi import midi_bytes
from gen.pages.music_json import score_from_json
from tests.calling import assert_users_mistake, assert_wrong_usage, call
from tests.pages.taken import assert_self_contained
from tests.reporting.runs import LOG, put_log, put_music_run, put_text_run
from tests.training.tiny import words

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / ".cache"))
    return put_text_run(Path("my run"))


def test_the_page_stands_in_the_run_and_the_short_of_it_on_the_terminal(run: Path, capsys: Capsys) -> None:
    outcome = call(capsys, "report", run)
    assert outcome.code == 0
    assert outcome.err == f"Wrote {run / 'report.html'}\n"
    content = (run / "report.html").read_text("utf-8")
    assert_self_contained(content)
    assert "gen sample &#x27;my run&#x27; --temperature 0.5 --length 1000 --count 8 --seed 0" in content
    assert "verdict      better than an 8-gram by 0.25 bits a character\n" in outcome.out
    assert "by heart" in outcome.out
    again = call(capsys, "report", run, "--out", "elsewhere/a.html")
    assert (again.code, again.out) == (0, outcome.out)
    assert Path("elsewhere/a.html").read_text("utf-8") == content


def test_json_is_one_object_with_the_numbers_of_the_page(run: Path, capsys: Capsys) -> None:
    outcome = call(capsys, "report", run, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert len(outcome.out.splitlines()) == 1
    assert not (run / "report.html").exists()
    told = json.loads(outcome.out)
    assert [row["loss"] for row in told["training"]] == [4.0, 3.0, 2.75]
    assert [row["ngram_nats"] for row in told["validation"]] == [2.25, 2.25]
    training = words(3000)[: sum(told["histograms"]["characters"]["corpus"])]
    counts = dict(
        zip(
            told["histograms"]["characters"]["labels"],
            told["histograms"]["characters"]["corpus"],
            strict=True,
        )
    )
    assert counts["e"] == training.count("e")
    assert counts["space"] == training.count(" ")
    assert told["memorised"]["rows"][-1]["name"] == "the part held out"
    for passage in told["memorised"]["passages"]:
        assert passage["text"] in training
    call(capsys, "report", run, "--json", "--out", "a.html")
    assert Path("a.html").exists()


def test_the_command_that_the_page_names_writes_the_same(run: Path, capsys: Capsys) -> None:
    told = json.loads(call(capsys, "report", run, "--json").out)
    for sample in told["samples"]:
        options = sample["command"].removeprefix("gen sample 'my run' ").split()
        assert call(capsys, "sample", run, *options, "--out", "text.txt").code == 0
        written = [Path(f"text-{number}.txt").read_text("utf-8") for number in range(1, 9)]
        assert [text.removesuffix("\n") for text in written] == [
            text.removesuffix("\n") for text in sample["written"]
        ]


def test_a_report_of_music_has_the_pieces_that_gen_sample_writes(run: Path, capsys: Capsys) -> None:
    music = put_music_run(Path("music/run"))
    assert call(capsys, "report", music).code == 0
    assert_self_contained((music / "report.html").read_text("utf-8"))
    told = json.loads(call(capsys, "report", music, "--json").out)
    sample = told["samples"][1]
    options = sample["command"].removeprefix(f"gen sample {music} ").split()
    assert call(capsys, "sample", music, *options).code == 0
    for number, piece in enumerate(sample["written"], 1):
        score = score_from_json(piece)
        assert Path(f"piece-{number}.mid").read_bytes() == midi_bytes(score)
        assert len(read_midi(midi_bytes(score)).score.notes) == len(score.notes)


def test_where_the_corpus_is_gone_it_says_so_and_how_to_get_it(run: Path, capsys: Capsys) -> None:
    shutil.rmtree(os.environ["GEN_CACHE"])
    outcome = call(capsys, "report", run)
    assert outcome.code == 0
    assert "missing      What the run learned from is not there" in outcome.out
    told = json.loads(call(capsys, "report", run, "--json").out)
    assert told["memorised"] is None
    assert told["histograms"]["characters"]["corpus"] is None
    assert told["histograms"]["characters"]["total_variation"] is None
    assert sum(told["histograms"]["characters"]["output"]) == 8000
    content = (run / "report.html").read_text("utf-8")
    assert_self_contained(content)
    assert "Put the corpus back" in content


def test_a_run_that_has_no_model_yet_is_told_as_far_as_it_went(run: Path, capsys: Capsys) -> None:
    begun = put_log(Path("begun"), LOG[0])
    outcome = call(capsys, "report", begun)
    assert outcome.code == 0
    assert "There is no model yet" in outcome.out
    assert "no validation yet" in outcome.out
    assert_self_contained((begun / "report.html").read_text("utf-8"))
    told = json.loads(call(capsys, "report", begun, "--json").out)
    assert (len(told["training"]), told["samples"], told["histograms"]) == (1, [], {})


def test_lines_that_are_none_are_told(run: Path, capsys: Capsys) -> None:
    with (run / "metrics.jsonl").open("a") as log:
        log.write('{"event": "train", "step": \n\x1b[2J\n')
    outcome = call(capsys, "report", run)
    assert "missing      Of the log, 2 lines were passed over" in outcome.out
    assert outcome.out.replace("\n", "").isprintable()


def test_what_a_model_file_claims_cannot_drive_the_terminal_or_the_page(run: Path, capsys: Capsys) -> None:
    from gen.checkpoint import load_model, save_model

    model = load_model(run / "best.safetensors")
    evil = "\x1b[2J<script>alert(1)</script>\u202e"
    model.training.update(verdict=evil, config={evil: evil, "steps": [1], "seed": 1e300})
    model.corpus.update(name=evil, licence=evil, digest=evil)
    save_model(run / "best.safetensors", model)
    outcome = call(capsys, "report", run)
    assert outcome.code == 0
    assert outcome.out.replace("\n", "").isprintable()
    content = (run / "report.html").read_text("utf-8")
    assert_self_contained(content)
    assert "<script>alert" not in content


def test_what_is_no_run_is_the_users_to_mend(run: Path, capsys: Capsys) -> None:
    assert_users_mistake(call(capsys, "report", "missing"), "missing is not the folder of a run")
    Path("empty").mkdir()
    assert_users_mistake(call(capsys, "report", "empty"), "empty is not the folder of a run")
    assert_users_mistake(call(capsys, "report", run / "best.safetensors"), "is not the folder of a run")
    assert_users_mistake(call(capsys, "report", run, "--out", "a.pdf"), "a.pdf")
    Path("file").write_text("")
    assert_users_mistake(call(capsys, "report", run, "--out", "file/a.html"), "cannot be written")
    (run / "best.safetensors").write_bytes(b"damaged")
    assert_users_mistake(call(capsys, "report", run), "best.safetensors")
    assert_wrong_usage(call(capsys, "report"), "RUN_DIR")
