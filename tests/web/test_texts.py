"""Text over HTTP is the text of `gen sample`, with how surprising it was."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gen.checkpoint import Model, load_model
from gen.errors import GenError
from gen.inspection.trace import foretell, read
from gen.sampler.choose import Choices
from gen.sampler.forward import Network
from gen.sampler.generate import generate
from gen.tokenizer.base import Ids
from gen.tokenizer.characters import CharacterTokenizer
from gen.web.answers import told
from tests.calling import call
from tests.web.serving import Server

WRITE = "/api/models/letters/text"


def text_of(lines: list[Any], number: int = 0) -> str:
    return "".join(line["text"] for line in lines if line.get("number") == number)


def bits_of(lines: list[Any], number: int = 0) -> list[float]:
    return [bits for line in lines if line.get("number") == number for bits in line["bits"]]


@pytest.mark.parametrize(
    ("flags", "asked"),
    [
        ([], {}),
        (["--prompt", "the fox", "--seed", "7"], {"prompt": "the fox", "seed": 7}),
        (["--temperature", "0"], {"temperature": 0}),
        (["--temperature", "0.5:1.5"], {"temperature": [0.5, 1.5]}),
        (["--top-k", "3", "--top-p", "0.9", "--min-p", "0.05"], {"top_k": 3, "top_p": 0.9, "min_p": 0.05}),
    ],
)
@pytest.mark.parametrize("model", ["letters", "spelling"])
def test_it_is_the_text_of_gen_sample(
    server: Server,
    models: list[Path],
    capsys: pytest.CaptureFixture[str],
    model: str,
    flags: list[str],
    asked: dict[str, Any],
) -> None:
    (path,) = (path for path in models if path.stem == model)
    outcome = call(capsys, "sample", path, "--length", "300", *flags)
    answer = server.post(f"/api/models/{model}/text", {"length": 300, **asked})
    assert asked.get("prompt", "") + text_of(answer.lines()) == outcome.out
    assert answer.lines()[-1] == {"done": {"characters": [300]}}
    # whether the server has read the prompt before or not
    assert server.post(f"/api/models/{model}/text", {"length": 300, **asked}).body == answer.body


def test_several_are_the_texts_of_gen_sample(
    server: Server, models: list[Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    call(capsys, "sample", models[0], "--length", "80", "--count", "3", "--out", tmp_path / "a.txt")
    lines = server.post(WRITE, {"length": 80, "count": 3}).lines()
    for number in range(3):
        assert text_of(lines, number) == (tmp_path / f"a-{number + 1}.txt").read_text("utf-8")


def drawn_by(
    opened: Model, prompt: str, length: int, seed: int, temperature: float
) -> tuple[Ids, list[int], list[int]]:
    """The ids of a prompt, those that are drawn after it, and how many there are after each character."""
    tokenizer = CharacterTokenizer.from_json(opened.tokenizer)
    before = np.concatenate([tokenizer.start(), tokenizer.encode(prompt)])
    drawing = generate(
        Network(opened.config, opened.weights),
        before,
        tokenizer.grammar(1),
        Choices((temperature, temperature)),
        seed=seed,
    )
    decode = tokenizer.stream_decoder()
    drawn: list[int] = []
    ends: list[int] = []
    while len(ends) < length:  # a character may be spelled, also one that has a token
        drawn.append(int(next(drawing)[0]))
        ends += [len(drawn)] * len(decode(drawn[-1]))
    return before, drawn, ends


@pytest.mark.parametrize("model", ["letters", "spelling"])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("abc\n", max_size=20), st.integers(1, 60), st.integers(0, 100), st.floats(0, 3))
def test_surprise_is_that_of_the_models_own_distribution(
    server: Server, models: list[Path], model: str, prompt: str, length: int, seed: int, temperature: float
) -> None:
    asked = {"prompt": prompt, "length": length, "seed": seed, "temperature": temperature}
    lines = server.post(f"/api/models/{model}/text", asked).lines()
    text, bits = text_of(lines), bits_of(lines)
    assert len(bits) == len(text) == length
    opened = load_model(next(path for path in models if path.stem == model))
    before, drawn, ends = drawn_by(opened, prompt, length, seed, temperature)
    trace = read(opened.config, opened.weights, np.concatenate([before, np.array(drawn, np.int32)]))
    told = foretell(trace, opened.weights, 1).bits[len(before) - 1 :]
    expected = [part.sum() for part in np.split(told, ends[:-1])]
    np.testing.assert_allclose(bits, expected, atol=2e-3)


def test_the_gates_of_a_spelled_character_are_those_when_it_is_complete(
    server: Server, models: list[Path]
) -> None:
    asked = {"length": 40, "temperature": 3, "seed": 2, "gates": True, "units": [3]}
    lines = server.post("/api/models/spelling/text", asked).lines()
    opened = load_model(models[2])
    before, drawn, ends = drawn_by(opened, "", 40, 2, 3)
    assert len(drawn) > 40
    step = read(opened.config, opened.weights, np.concatenate([before, np.array(drawn, np.int32)])).layers[1]
    told = [each[0] for line in lines[:-1] for each in line["gates"]["f"]]
    expected = step.f[len(before) :, 3][np.array(ends) - 1]
    np.testing.assert_allclose(np.array(told) / 63, expected, atol=0.5 / 63 + 1e-6)


def test_the_first_character_is_not_held_back(server: Server) -> None:
    first, *_ = server.post(WRITE, {"length": 100}).lines()
    assert len(first["text"]) == 1


@pytest.mark.parametrize("units", [None, [0], [7, 2, 2]])
@pytest.mark.parametrize("layer", [None, 0, 1])
def test_gates_are_those_of_the_equations(
    server: Server, models: list[Path], layer: int | None, units: list[int] | None
) -> None:
    asked = {"prompt": "the fox ", "length": 50, "gates": True, "layer": layer, "units": units}
    lines = server.post(WRITE, asked).lines()
    plain = server.post(WRITE, {"prompt": "the fox ", "length": 50}).lines()
    assert text_of(lines) == text_of(plain)
    opened = load_model(models[0])
    tokenizer = CharacterTokenizer.from_json(opened.tokenizer)
    ids = np.concatenate([tokenizer.start(), tokenizer.encode("the fox " + text_of(lines))])
    step = read(opened.config, opened.weights, ids).layers[1 if layer is None else layer]
    for name in "fio":
        told = np.array([each for line in lines[:-1] for each in line["gates"][name]])
        values = getattr(step, name)[-50:]
        expected = values.mean(axis=1, keepdims=True) if units is None else values[:, units]
        np.testing.assert_allclose(told / 63, expected, atol=0.5 / 63 + 1e-6)


def test_a_line_ends_where_the_line_does(server: Server) -> None:
    said = []
    for seed in range(3):
        asked = {"length": 400, "count": 16, "temperature": 1.5, "prompt": "a", "seed": seed}
        whole = server.post(WRITE, asked).lines()
        lines = server.post(WRITE, {**asked, "until": "line"}).lines()
        for number in range(16):
            said.append(text_of(lines, number))
            assert text_of(whole, number).startswith(said[-1])
            assert lines[-1]["done"]["characters"][number] == len(said[-1])
    assert all(text.endswith("\n") and text.strip() for text in said)
    assert not any("\n" in text.strip("\n") for text in said)
    assert any(text.startswith("\n") for text in said)  # an empty line is not enough


def test_what_the_model_never_saw_is_told(server: Server) -> None:
    told, *_ = server.post(WRITE, {"prompt": "the ß fox", "length": 5}).lines()
    assert "'ß'" in told["told"][0]


@pytest.mark.parametrize(
    ("path", "asked", "status", "said"),
    [
        ("/api/models/none/text", {}, 404, "no model of that name"),
        ("/api/models/tunes/text", {}, 400, "writes music"),
        (WRITE, {"gates": True, "layer": 2}, 400, "no layer 2"),
        (WRITE, {"gates": True, "units": [8]}, 400, "no unit 8"),
        (WRITE, {"length": 0}, 400, "length is 0"),
        (WRITE, [], 400, "not a JSON object"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_right_status(
    server: Server, path: str, asked: Any, status: int, said: str
) -> None:
    answer = server.post(path, asked)
    assert answer.status == status
    assert said in answer.json()["problem"]
    assert answer.json()["fix"]
    assert answer.headers["Content-Type"] == "application/json"


def test_lines_are_in_ascii_so_that_nothing_in_them_ends_a_line(server: Server) -> None:
    answer = server.post("/api/models/spelling/text", {"length": 300, "temperature": 40})
    assert answer.body.isascii()
    assert not answer.lines()[0]["text"].isascii() or not text_of(answer.lines()).isascii()
    assert all(json.loads(line) for line in answer.body.split(b"\n")[:-1])


def test_what_the_command_line_calls_an_option_is_a_field_here() -> None:
    said = told(GenError("--bars is 3--4.", "Give --bars, or leave --range out."))
    assert said == {"problem": "bars is 3--4.", "fix": "Give bars, or leave range out."}
