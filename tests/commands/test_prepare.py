"""`gen corpora prepare --out` as people and scripts meet it: shards, what is left to do, what is refused."""

import json
import shlex
from pathlib import Path

import pytest

from gen.checkpoint import save_model
from gen.dataset import preparing
from gen.export.midi import write_midi
from gen.tokenizer.characters import CharacterTokenizer
from tests.calling import Outcome, assert_users_mistake, assert_wrong_usage, call
from tests.tiny import LETTERS, tiny_model
from tests.training.tiny import words
from tests.tunes import put_tunes, tune, tune_model

pytestmark = pytest.mark.usefixtures("empty_folder")


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "cores", lambda: 1)


@pytest.fixture
def corpus(empty_folder: None) -> Path:
    path = Path("my book.txt")
    path.write_text(words(300), "utf-8")
    return path


def prepare(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Outcome:
    return call(capsys, "corpora", "prepare", *arguments)


def test_what_it_says_to_type_next_is_what_leads_to_a_whole_corpus(
    capsys: pytest.CaptureFixture[str], corpus: Path
) -> None:
    said = prepare(capsys, corpus, "--out", "p", "--shard", "2/3")
    typed = 0
    while "Train on it" not in said.out:
        assert said.code == 0
        assert typed < 6
        command = said.out.splitlines()[-1]
        assert command.startswith("gen corpora prepare 'my book.txt' --out p --shard ")
        said = call(capsys, *shlex.split(command)[1:])
        typed += 1
    assert said.out.splitlines()[-1] == "Train on it: gen train --corpus p"
    assert "3 shards" in said.out
    assert "the last 10 % of the bytes held out" in said.err


def test_as_json_it_says_what_is_missing_and_then_what_there_is(
    capsys: pytest.CaptureFixture[str], corpus: Path
) -> None:
    first = json.loads(prepare(capsys, corpus, "--out", "p", "--shard", "1-2/3", "--json").out)
    assert (first["uncounted"], len(first["missing"])) == (["3/3"], 3)
    assert first["training_tokens"] is None
    whole = json.loads(prepare(capsys, corpus, "--out", "p", "--json").out)
    assert (whole["uncounted"], whole["missing"], whole["shards"]) == ([], [], 3)
    size = len(corpus.read_text("utf-8"))
    assert whole["training_tokens"] + whole["validation_tokens"] == size
    seen = json.loads(call(capsys, "corpora", "inspect", "p", "--json").out)
    assert (seen["tokens"], len(seen["accepted"]), seen["rejected"]) == (size, 3, [])
    assert seen["vocabulary_size"] == len(set(corpus.read_text("utf-8")))


def test_inspect_finds_what_is_not_as_it_was_written(
    capsys: pytest.CaptureFixture[str], corpus: Path
) -> None:
    prepare(capsys, corpus, "--out", "p", "--shards", "2")
    assert call(capsys, "corpora", "inspect", "p").code == 0
    (ids,) = Path("p").rglob("000002-of-000002.training.ids")
    ids.write_bytes(bytes([ids.read_bytes()[0] ^ 1]) + ids.read_bytes()[1:])
    found = call(capsys, "corpora", "inspect", "p", "--json")
    assert found.code == 1
    assert json.loads(found.out)["rejected"] == [{"file": str(ids), "reason": "is missing or damaged"}]
    assert "shard 2/2 is missing or damaged" in found.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--shard", "1/2"), "--shard needs --out"),
        (("--melody",), "--melody needs --out"),
        (("--out", "p", "--shard", "3/2"), "--shard 3/2"),
        (("--out", "p", "--shard", "x"), "--shard x"),
        (("--out", "p", "--shard", "1/2", "--shards", "2"), "leave --shards out"),
    ],
)
def test_wrong_usage(
    capsys: pytest.CaptureFixture[str], corpus: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert_wrong_usage(prepare(capsys, corpus, *arguments), said)
    assert not Path("p").exists()


def test_users_mistakes(capsys: pytest.CaptureFixture[str], corpus: Path) -> None:
    assert_users_mistake(prepare(capsys, corpus, "--out", "p", "--melody"), "is text")
    assert_users_mistake(prepare(capsys, "gone", "--out", "p"), "gone")
    assert_users_mistake(prepare(capsys, corpus, "--out", "p", "--vocabulary", "gone.json"), "no vocabulary")
    save_model(Path("tunes.safetensors"), tune_model())
    wrong = prepare(capsys, corpus, "--out", "p", "--vocabulary", "tunes.safetensors")
    assert_users_mistake(wrong, "writes music")
    Path("file").write_text("")
    assert_users_mistake(prepare(capsys, corpus, "--out", "file/p"), "cannot be written")
    prepare(capsys, corpus, "--out", "p")
    assert_users_mistake(prepare(capsys, "p", "--out", "q"), "is prepared already")
    model = Path("model.safetensors")
    save_model(model, tiny_model())
    assert_users_mistake(call(capsys, "eval", model, "--corpus", "p"), "is prepared already")
    validated = call(capsys, "train", "--corpus", corpus, "--validation-corpus", "p", "--out", "r")
    assert_users_mistake(validated, "is prepared already")


def test_a_vocabulary_may_come_from_a_model_a_file_or_a_prepared_corpus(
    capsys: pytest.CaptureFixture[str], corpus: Path
) -> None:
    prepare(capsys, corpus, "--out", "p", "--shards", "2")
    own = CharacterTokenizer.learn([corpus.read_text("utf-8")])
    Path("own.json").write_text(json.dumps(own.to_json()))
    save_model(Path("model.safetensors"), tiny_model())
    sizes: dict[str, int] = {}
    for source in ("p", "p/vocabulary.json", "own.json", "model.safetensors"):
        out = f"q{len(sizes)}"
        found = prepare(capsys, corpus, "--out", out, "--shard", "2/2", "--vocabulary", source, "--json")
        assert json.loads(found.out)["missing"] == ["1/2"]
        whole = json.loads(prepare(capsys, corpus, "--out", out, "--vocabulary", source, "--json").out)
        sizes[source] = whole["vocabulary_size"]
    assert sizes == dict.fromkeys(sizes, len(own.tokens)) | {"model.safetensors": len(LETTERS)}


def test_music_with_its_choices(capsys: pytest.CaptureFixture[str]) -> None:
    put_tunes(Path("c"), 12)
    write_midi(tune(3), Path("c/again.mid"))
    Path("c/none.mid").write_bytes(b"MThd")
    said = prepare(capsys, "c", "--out", "p", "--shards", "3", "--no-transpose")
    assert said.code == 0
    assert "of 12 pieces held out" in said.err
    assert "1 file cannot be used" in said.err
    choices = json.loads(Path("p/vocabulary.json").read_bytes())["tokenizer"]
    assert choices["transpose"] is False
    assert_users_mistake(prepare(capsys, "c", "--out", "p"), "other choices for music")


def test_what_a_manifest_says_does_nothing_to_a_terminal(
    capsys: pytest.CaptureFixture[str], corpus: Path
) -> None:
    prepare(capsys, corpus, "--out", "p")
    manifest = json.loads(Path("p/manifest.json").read_bytes())
    Path("p/manifest.json").write_text(json.dumps(manifest | {"name": "\x1b[2J\nname"}))
    shown = call(capsys, "corpora", "inspect", "p")
    assert shown.code == 0
    assert all(line.isprintable() for line in shown.out.split("\n"))
    Path("p/manifest.json").write_text(json.dumps(manifest | {"format_version": 2}))
    assert_users_mistake(call(capsys, "corpora", "inspect", "p"), "format_version")
    Path("p/manifest.json").write_text("[")
    assert_users_mistake(call(capsys, "train", "--corpus", "p"), "no manifest")
