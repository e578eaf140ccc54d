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
    assert json.loads(found.out)["rejected"] == [{"file": str(ids), "reason": "is not what was written"}]
    problem, fix = found.err.splitlines()
    assert problem == f"Problem: {ids} is not what was written."
    assert fix.endswith(f": rm {ids}")
    ids.unlink()
    assert call(capsys, "corpora", "inspect", "p").code == 1
    prepare(capsys, corpus, "--out", "p")
    assert call(capsys, "corpora", "inspect", "p").code == 0


def test_inspect_tells_what_is_not_there_from_what_is_damaged(
    capsys: pytest.CaptureFixture[str], corpus: Path
) -> None:
    prepare(capsys, corpus, "--out", "p q", "--shards", "7")
    for number in (2, 3, 5):
        Path(f"p q/shards/00000{number}-of-000007.json").unlink()
    Path("p q/shards/000006-of-000007.json").write_text("{}")
    found = call(capsys, "corpora", "inspect", "p q")
    assert [line for line in found.out.splitlines() if line.startswith("rejected")] == [
        "rejected: p q/shards/000002-of-000007.json is not there",
        "rejected: p q/shards/000003-of-000007.json is not there",
        "rejected: p q/shards/000005-of-000007.json is not there",
        "rejected: p q/shards/000006-of-000007.json is damaged",
    ]
    assert "shards 2-3/7, 5-6/7 are missing or damaged" in found.err
    assert "--out 'p q' --shard 2-3/7;" in found.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--shard", "1/2"), "--shard needs --out"),
        (("--melody",), "--melody needs --out"),
        (("--out", "p", "--shard", "3/2"), "--shard 3/2"),
        (("--out", "p", "--shard", "x"), "--shard x"),
        (("--out", "p", "--shard", "1-/2"), "--shard 1-/2"),
        (("--out", "p", "--shard", "1/100001"), "--shard 1/100001"),
        (("--out", "p", "--shards", "100001"), "--shards 100001"),
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
    Path("c").mkdir()
    Path("c/text.txt").write_text("ab\n" * 40)
    for inside in ("c", "c/p"):
        assert_users_mistake(prepare(capsys, "c", "--out", inside), "lies in the corpus")
    assert_users_mistake(prepare(capsys, corpus, "--out", "c"), "holds other things, such as text.txt")
    assert sorted(path.name for path in Path("c").iterdir()) == ["text.txt"]
    Path("file").write_text("")
    assert_users_mistake(prepare(capsys, corpus, "--out", "file/p"), "cannot be written")
    prepare(capsys, corpus, "--out", "p")
    assert_users_mistake(prepare(capsys, "p", "--out", "q"), "is prepared already")
    validated = call(capsys, "train", "--corpus", corpus, "--validation-corpus", "p", "--out", "r")
    assert_users_mistake(validated, "is prepared already")


def test_of_a_short_text_some_is_held_out_and_of_too_little_music_it_is_said_that_nothing_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("line.txt").write_text("word " * 100)
    said = prepare(capsys, "line.txt", "--out", "p")
    assert "450 tokens to learn, 50 held out" in said.out
    put_tunes(Path("c"), 1)
    said = prepare(capsys, "c", "--out", "q")
    assert said.out.splitlines()[-1].startswith("It cannot be trained on: nothing is held out.")
    assert "Train on it" not in said.out
    assert_users_mistake(call(capsys, "train", "--corpus", "q"), "nothing that could be predicted")
    assert "--validation-corpus" not in call(capsys, "train", "--corpus", "q").err


def test_an_encoding_that_was_left_out_can_be_said_in_the_same_folder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("c").mkdir()
    Path("c/text.txt").write_bytes("für\n".encode("latin-1") * 100)
    assert_users_mistake(prepare(capsys, "c", "--out", "p"), "is not utf-8")
    Path("c/empty.txt").write_text("")
    said = prepare(capsys, "c", "--out", "p", "--encoding", "latin-1")
    assert said.code == 0
    assert "1 shard, 360 tokens to learn, 40 held out" in said.out
    assert "1 empty file left out" in said.err
    Path("c/empty.txt").unlink()
    refused = prepare(capsys, "c", "--out", "p", "--encoding", "cp1252")
    assert_users_mistake(refused, "another --encoding: latin-1, here cp1252")


def test_notes_that_nobody_wrote_are_a_damaged_shard(
    capsys: pytest.CaptureFixture[str], corpus: Path
) -> None:
    prepare(capsys, corpus, "--out", "p")
    (path,) = Path("p/shards").glob("*.json")
    facts = json.loads(path.read_bytes())
    for notes in (7, [7], None):
        path.write_text(json.dumps(facts | {"notes": notes}))
        assert "p/shards/000001-of-000001.json is damaged" in call(capsys, "corpora", "inspect", "p").out
        assert_users_mistake(call(capsys, "train", "--corpus", "p"), "missing or damaged")
    prepare(capsys, corpus, "--out", "p")
    assert json.loads(path.read_bytes()) == facts


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
