"""New music: whatever a model is like, what it writes is music, as long and of the sort that was wished."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.corpus.midi import read_midi
from gen.errors import GenError, TokenizerError
from gen.export.midi import write_midi
from gen.sampler.choose import Choices
from gen.sampler.forward import Network
from gen.score import DURATION, ONSET, PITCH, Score, Tempo
from gen.tokenizer.notes import NotesTokenizer
from gen.writing import music
from gen.writing.music import Written, preview_music, sample_music, write_music
from gen.writing.request import Request
from tests.tunes import duet, tune, tune_model

TUNES = tune_model()
DUETS = tune_model([duet(seed) for seed in range(6)])
NONE = np.zeros(0, np.int32)


def parts_of(model: Any = TUNES) -> tuple[Network, NotesTokenizer]:
    return Network(model.config, model.weights), NotesTokenizer.from_json(model.tokenizer)


def write(model: Any = TUNES, temperature: float = 1.0, **asked: Any) -> list[Written]:
    return write_music(*parts_of(model), NONE, Request(Choices((temperature, temperature)), **asked))


def bars(score: Score) -> int:
    return sum(1 for _ in score.bars())


@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 10**6), st.booleans())
def test_it_has_exactly_the_bars_asked_for(number: int, count: int, seed: int, in_parts: bool) -> None:
    pieces = write(DUETS if in_parts else TUNES, 3.0, bars=number, count=count, seed=seed)
    assert [bars(piece.score) for piece in pieces] == [number] * count
    assert not any(piece.ended for piece in pieces)


def test_it_ends_by_itself_or_after_64_bars() -> None:
    pieces = write(temperature=5.0, count=30)
    assert all(1 <= bars(piece.score) <= music.MOST_BARS for piece in pieces)
    assert any(piece.ended for piece in pieces)
    assert all(piece.ended == (bars(piece.score) < music.MOST_BARS) for piece in pieces)


@given(st.integers(0, 60), st.integers(0, 1000))
def test_a_length_is_of_tokens_at_the_most_and_what_is_there_is_whole(length: int, seed: int) -> None:
    (piece,) = write(temperature=3.0, length=length, seed=seed)
    assert piece.tokens <= length
    assert (piece.score.notes[:, DURATION] > 0).all()


def test_a_bar_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vocabulary can have a bar of a million positions, and a model that goes through them all."""
    assert max(piece.tokens for piece in write(count=30)) > 64
    monkeypatch.setattr(music, "MOST_TOKENS_A_BAR", 1)
    pieces = write(count=30)
    assert max(piece.tokens for piece in pieces) <= 64
    assert not all(piece.ended for piece in pieces)
    with pytest.raises(GenError, match="end of 8 bars in 8 tokens") as caught:
        write(bars=8)
    assert "--bars" in caught.value.fix
    (cut,) = write(bars=8, length=30)
    assert 0 < cut.tokens <= 30
    monkeypatch.setattr(music, "MOST_TOKENS_A_BAR", 5)
    assert preview_music(*parts_of())


def test_the_same_seed_writes_the_same_and_number_k_does_not_depend_on_the_others() -> None:
    first, again = write(count=3, bars=6, seed=4), write(count=3, bars=6, seed=4)
    assert [piece.score for piece in first] == [piece.score for piece in again]
    assert [piece.score for piece in write(count=3, bars=6, seed=5)] != [piece.score for piece in first]
    assert len({piece.score for piece in first}) == 3


def test_wishes_come_true() -> None:
    model = tune_model([tune(seed, program=program) for seed in range(6) for program in (0, 40)])
    for piece in write(model, 4.0, count=8, bars=3, key="A", program=73, tempo=132, pitch_range=(62, 70)):
        assert piece.score.keys[0].name == "A"
        assert len(piece.score.keys) == 1
        assert piece.score.parts[0].program == 73
        assert piece.score.tempos == (Tempo(0, 132),)
        assert piece.score.metres[0][1:] == (4, 4)
        assert 62 <= piece.score.notes[:, PITCH].min() <= piece.score.notes[:, PITCH].max() <= 70
    with pytest.raises(TokenizerError, match="7/4"):
        write(model, metre="7/4")


def test_it_goes_on_from_a_prompt() -> None:
    network, tokenizer = parts_of()
    given_first = tune(3)
    prompt = tokenizer.encode(given_first)[1:-1]
    for piece in write_music(network, tokenizer, prompt, Request(Choices(), count=4, bars=5)):
        assert bars(piece.score) == bars(given_first) + 5
        before = piece.score.notes[piece.score.notes[:, ONSET] < given_first.notes[-1, ONSET]]
        np.testing.assert_array_equal(before, given_first.notes[: len(before)])
        assert len(piece.score.notes) > len(given_first.notes)


def test_the_temperature_goes_over_the_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def noting(self: Choices, progress: Any) -> Any:
        asked.append(float(progress[0]))
        return np.ones(len(progress))

    monkeypatch.setattr(Choices, "temperature_at", noting)
    write_music(*parts_of(), NONE, Request(Choices((0.5, 1.5)), bars=5))
    assert asked == sorted(asked)
    assert (asked[0], asked[-1]) == (0.0, 1.0)
    assert set(asked) == {0.0, 0.25, 0.5, 0.75, 1.0}


def test_a_preview_is_short_and_always_drawn_alike() -> None:
    text = preview_music(*parts_of())
    assert text == preview_music(*parts_of())
    assert 1 < len(text.splitlines()) < 20


Sampler = Callable[..., list[str]]


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sampler:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / ".cache"))

    def run(model: Any = TUNES, **asked: Any) -> list[str]:
        told: list[str] = []
        sample_music(
            *parts_of(model), Request(Choices(), **asked), {"model": "m", "sha256": "0"}, told.append
        )
        return told

    return run


def test_midi_files_are_numbered_and_beside_each_stands_how_to_make_it_again(sample: Sampler) -> None:
    told = sample(out="tune.mid", count=2, bars=4, seed=9)
    assert told == ["Wrote tune-1.mid", "Wrote tune-2.mid"]
    for number, piece in enumerate(write(count=2, bars=4, seed=9)):
        path = Path(f"tune-{number + 1}.mid")
        read = read_midi(path.read_bytes()).score
        np.testing.assert_array_equal(read.notes, piece.score.notes)
        assert (read.parts, read.metres, read.keys) == (
            piece.score.parts,
            piece.score.metres,
            piece.score.keys,
        )
        heard = [message for message in mido.MidiFile(path) if message.type == "note_on" and message.velocity]
        assert [message.note for message in heard] == piece.score.notes[:, PITCH].tolist()
        about = json.loads(path.with_name(path.name + ".json").read_text())
        assert (about["model"], about["number"], about["request"]["seed"]) == ("m", number, 9)
        assert (about["bars"], about["notes"]) == (4, len(piece.score.notes))


def test_the_terminal_shows_melodies_as_abc_and_others_as_a_roll(
    sample: Sampler, capsys: pytest.CaptureFixture[str]
) -> None:
    sample(bars=2)
    assert "\nK:" in capsys.readouterr().out
    sample(DUETS, bars=2, count=2)
    shown = capsys.readouterr().out
    assert "--- 2 ---" in shown
    assert "█" in shown


def test_abc_is_for_melodies(sample: Sampler) -> None:
    sample(out="tune.abc", bars=2)
    assert Path("tune.abc").read_text().startswith("X:1\n")
    sample(DUETS, out="line.abc", bars=3, seed=1)
    assert Path("line.abc").exists()
    write_midi(duet(5), Path("primer.mid"))
    with pytest.raises(GenError, match="melodies"):
        sample(DUETS, prompt="primer.mid", out="duet.abc", bars=3)
    with pytest.raises(GenError, match=r"cannot be written as 'tune\.txt'"):
        sample(out="tune.txt")
    assert not Path("duet.abc").exists()


def test_a_prompt_is_a_file_of_music(sample: Sampler) -> None:
    write_midi(tune(5), Path("primer.mid"))
    sample(prompt="primer.mid", out="on.mid", bars=2)
    written = read_midi(Path("on.mid").read_bytes()).score
    assert bars(written) == 6
    sample(prompt="@primer.mid", out="again.mid", bars=2)
    assert read_midi(Path("again.mid").read_bytes()).score == written


def test_of_a_prompt_that_says_more_the_rest_is_left_out_and_told(sample: Sampler) -> None:
    write_midi(duet(5), Path("primer.mid"))
    told = sample(prompt="primer.mid", out="on.mid", bars=2)
    assert any("merged away" in line for line in told)
    assert len(read_midi(Path("on.mid").read_bytes()).score.parts) == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"prompt": "nowhere.mid"}, "no file nowhere"),
        ({"prompt": "bad.mid"}, "bad.mid is"),
        ({"prompt": 300 * "la "}, "no file la la"),
        ({"length": 0}, "--length 0"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_the_users_to_mend(
    asked: dict[str, Any], said: str, sample: Sampler
) -> None:
    Path("bad.mid").write_bytes(b"no music")
    write_midi(tune(5), Path("primer.mid"))
    with pytest.raises(GenError) as caught:
        sample(**asked)
    assert said in caught.value.problem
    assert caught.value.fix


def test_an_instrument_of_the_prompt_that_the_model_does_not_know_is_played_by_the_nearest(
    sample: Sampler,
) -> None:
    write_midi(tune(5, program=41), Path("primer.mid"))
    told = sample(prompt="primer.mid", out="on.mid", bars=2)
    assert told[0] == "The model does not know program 41 of the prompt: program 40 plays instead"
    assert read_midi(Path("on.mid").read_bytes()).score.parts[0].program == 40
