"""Music over HTTP is the music of `gen sample`, told while it is composed."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.checkpoint import Model, load_model
from gen.inspection.trace import read
from gen.pages.music_json import music_json, score_from_json
from gen.sampler.choose import Choices
from gen.sampler.forward import Network
from gen.score import ONSET, PITCH, Part, Score, make_score
from gen.tokenizer.notes import NotesTokenizer
from gen.web import tunes
from gen.web.asking import MOST_PROMPT_TOKENS
from gen.writing.music import compose, write_music
from gen.writing.music_prompt import sayable_ids
from gen.writing.request import Request
from tests.tunes import tune
from tests.web.serving import Server

COMPOSE = "/api/models/tunes/music"
PROMPT = music_json(tune(3))


@pytest.fixture(scope="module")
def model(models: list[Path]) -> Model:
    return load_model(models[1])


def pieces_of(lines: list[Any]) -> list[Any]:
    return [line for line in lines if "music" in line]


@pytest.mark.parametrize(
    ("asked", "wished"),
    [
        ({"bars": 3}, {"bars": 3}),
        ({"bars": 2, "count": 3, "seed": 5}, {"bars": 2, "count": 3, "seed": 5}),
        ({"length": 40, "tempo": 77, "program": 73}, {"length": 40, "tempo": 77, "program": 73}),
        ({"bars": 2, "range": [62, 67]}, {"bars": 2, "pitch_range": (62, 67)}),
        ({"bars": 2, "key": "C", "metre": "4/4"}, {"bars": 2, "key": "C", "metre": "4/4"}),
        ({"bars": 2, "prompt": PROMPT}, {"bars": 2}),
    ],
)
def test_it_is_the_music_of_gen_sample(
    server: Server, model: Model, asked: dict[str, Any], wished: dict[str, Any]
) -> None:
    lines = server.post(COMPOSE, {"temperature": 1.1, **asked}).lines()
    tokenizer = NotesTokenizer.from_json(model.tokenizer)
    prompt = np.zeros(0, np.int32)
    if "prompt" in asked:
        prompt = sayable_ids(tune(3), tokenizer, lambda _line: None)
    request = Request(Choices((1.1, 1.1)), **wished)
    expected = write_music(Network(model.config, model.weights), tokenizer, prompt, request)
    found = pieces_of(lines)
    assert [score_from_json(each["music"]) for each in found] == [piece.score for piece in expected]
    for number, (each, piece) in enumerate(zip(found, expected, strict=True)):
        assert each["number"] == number
        assert each["notes"] == len(piece.score.notes)
        assert each["bars"] == sum(1 for _ in piece.score.bars())
        assert (each["tokens"], each["ended_by_itself"]) == (piece.tokens, piece.ended)
    assert lines[-1] == {"done": {"tokens": [piece.tokens for piece in expected]}}


def test_bars_are_told_as_they_begin(server: Server) -> None:
    lines = server.post(COMPOSE, {"bars": 5, "count": 2}).lines()
    assert lines[0] == {"told": []}
    counts = [line["bars"] for line in lines if "bars" in line and "music" not in line]
    assert counts[-1] == [5, 5]
    for before, after in pairwise(counts):
        assert all(0 <= later - earlier <= 1 for earlier, later in zip(before, after, strict=True))
        assert before != after


def test_a_prompt_stands_before_what_comes_after_it(server: Server) -> None:
    (piece,) = pieces_of(server.post(COMPOSE, {"bars": 2, "prompt": PROMPT}).lines())
    notes = [note for note in piece["music"]["notes"] if note[ONSET] < piece["from_tick"]]
    assert [note[:3] for note in notes] == [note[:3] for note in PROMPT["notes"]]
    assert piece["from_tick"] == PROMPT["length_ticks"]
    assert piece["bars"] == len(PROMPT["bars"]) + 2


def test_what_is_not_known_of_a_prompt_is_left_out_and_told(server: Server) -> None:
    strange = make_score([(0, 24, 60, 72, 0), (24, 24, 3, 72, 0)], [Part(99)]).score
    told, *_ = server.post(COMPOSE, {"bars": 1, "prompt": music_json(strange)}).lines()
    assert any("Pitch_3" in line for line in told["told"])
    assert any("program 99" in line for line in told["told"])


@pytest.mark.parametrize("prompt", [None, PROMPT])
def test_gates_are_told_token_by_token(server: Server, model: Model, prompt: Any) -> None:
    asked = {"bars": 2, "prompt": prompt, "seed": 3}
    lines = server.post(COMPOSE, {**asked, "gates": True, "units": [1, 6]}).lines()
    assert pieces_of(lines) == pieces_of(server.post(COMPOSE, asked).lines())
    tokenizer = NotesTokenizer.from_json(model.tokenizer)
    tokens = [token for line in lines if "gates" in line for token in line["tokens"]]
    before = [] if prompt is None else sayable_ids(tune(3), tokenizer, lambda _line: None).tolist()
    ids = [0, *before, *(tokenizer.ids[token] for token in tokens)]
    step = read(model.config, model.weights, np.array(ids, np.int32)).layers[0]
    for name in "fio":
        told = np.array([row for line in lines if "gates" in line for row in line["gates"][name]])
        expected = getattr(step, name)[-len(tokens) :][:, [1, 6]]
        np.testing.assert_allclose(told / 63, expected, atol=0.5 / 63 + 1e-6)


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"key": "H"}, 400, "no key 'H'"),
        ({"range": [1, 2]}, 400, "no pitch from 1 to 2"),
        ({"prompt": {"notes": 1}}, 400, ""),
        ({"prompt": {"parts": [], "notes": [[0, 1, 60, 1, 0]]}}, 400, "Note 0"),
        ({"length": 1}, 400, "too short"),
        ({"bars": 2, "tempo": 0}, 400, "tempo is 0"),
        ({"bars": 2, "gates": True, "layer": 1}, 400, "no layer 1"),
        ({"bars": 0}, 400, "bars is 0"),
        ({"bars": 1, "layer": 0}, 400, "none are asked for"),
        ({"bars": 1, "units": [0]}, 400, "none are asked for"),
    ],
)
def test_what_cannot_be_done_is_said(server: Server, asked: Any, status: int, said: str) -> None:
    answer = server.post(COMPOSE, asked)
    wrong = answer.json() if answer.status != 200 else answer.lines()[-1]["error"]
    assert answer.status in (status, 200)
    assert said in wrong["problem"]
    assert wrong["fix"]
    assert "--" not in wrong["problem"] + wrong["fix"]  # what is said to programs names no options


def test_a_prompt_that_is_too_long_is_refused(server: Server) -> None:
    notes = [[12 * place, 12, 60 + 2 * (place % 2), 72, 0] for place in range(MOST_PROMPT_TOKENS)]
    answer = server.post(COMPOSE, {"bars": 1, "prompt": {"parts": [{"program": 40}], "notes": notes}})
    assert answer.status == 413


def test_a_prompt_of_more_notes_than_tokens_is_refused_before_it_is_read(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []

    def reading(value: object) -> Score:
        read.append(value)
        return score_from_json(value)

    monkeypatch.setattr(tunes, "score_from_json", reading)
    for count, status in ((MOST_PROMPT_TOKENS, 200), (MOST_PROMPT_TOKENS + 1, 413)):
        asked = {"bars": 1, "prompt": {"parts": [{}], "notes": [[0, 12, 60, 72, 0]] * count}}
        assert server.post(COMPOSE, asked).status == status
    assert len(read) == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"bars": 2}, "rests and no note"),
        ({"bars": 2, "length": 100}, "rests and no note"),
        ({"length": 1}, "length 1 is too short"),
    ],
)
def test_why_there_is_no_note_is_said_as_it_is(
    server: Server, monkeypatch: pytest.MonkeyPatch, asked: Any, said: str
) -> None:
    silence = make_score([], []).score

    def silent(*arguments: Any, **named: Any) -> Any:
        return [replace(piece, score=silence) for piece in (yield from compose(*arguments, **named))]

    monkeypatch.setattr(tunes, "compose", silent)
    assert said in server.post(COMPOSE, asked).lines()[-1]["error"]["problem"]


def test_one_note_at_a_time_where_that_is_wished(server: Server) -> None:
    (piece,) = pieces_of(server.post(COMPOSE, {"bars": 4, "melody": True, "temperature": 3}).lines())
    assert piece["is_melody"]
    assert all(note[PITCH] < 128 for note in piece["music"]["notes"])
