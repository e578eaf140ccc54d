import json
import math

import numpy as np
import pytest

from gen.errors import GenError
from gen.inspection.findings import Findings
from tests.inspection.places import TEXT, music_findings, text_findings
from tests.inspection.reference import naive_run, nats
from tests.tiny import LETTERS, tiny_model

TEXT_AND_MUSIC = pytest.mark.parametrize(
    "findings", [text_findings(), music_findings()], ids=["text", "music"]
)


@pytest.mark.parametrize("layer", [0, 1])
def test_a_token_has_its_own_surprise_and_the_state_after_it(layer: int) -> None:
    found = text_findings(layer=layer)
    letters = sorted(LETTERS)
    ids = [letters.index(character) for character in "\n" + TEXT]  # a line break is read first, unseen
    expected, logits = naive_run(tiny_model().weights, 2, ids)
    for name, values in found.step._asdict().items():
        np.testing.assert_allclose(values, expected[layer][name][1:], rtol=0, atol=1e-5, err_msg=name)
    for place, number in enumerate(ids[1:]):
        assert found.foretold.bits[place] == pytest.approx(
            nats(logits[place], number) / math.log(2), abs=1e-4
        )
        assert found.foretold.guesses[place][0] == np.argmax(logits[place])
    assert found.layer == layer


def test_the_last_layer_is_looked_into_where_none_is_named() -> None:
    assert text_findings().layer == 1
    with pytest.raises(GenError, match="no layer 2"):
        text_findings(layer=2)


def test_lines_share_out_the_surprise_of_their_characters() -> None:
    found = text_findings()
    lines = TEXT.splitlines(keepends=True)
    ends = np.cumsum([len(line) for line in lines]).tolist()
    for bits, line, end in zip(found.section_bits, lines, ends, strict=True):
        assert bits == pytest.approx(found.foretold.bits[end - len(line) : end].mean())
    assert found.bits_per_unit == pytest.approx(found.foretold.bits.mean())


def test_a_note_costs_all_that_was_said_since_the_one_before() -> None:
    found = music_findings()
    passage = found.passage
    struck = [place for place, label in enumerate(passage.labels) if label.startswith(("Pitch", "Drum_"))]
    costs = [
        found.foretold.bits[first + 1 : last + 1].sum()
        for first, last in zip([-1, *struck[:-1]], struck, strict=True)
    ]
    np.testing.assert_allclose(found.unit_bits, costs)
    assert found.bits_per_unit == pytest.approx(found.foretold.bits.sum() / len(struck))


@TEXT_AND_MUSIC
def test_json_holds_all_but_the_units_and_nothing_that_json_lacks(findings: Findings) -> None:
    told = json.loads(json.dumps(findings.to_json(), allow_nan=False))
    tokens = len(findings.passage.ids)
    assert told["read_tokens"] == tokens == len(told["tokens"]) == len(told["bits"]) == len(told["guesses"])
    assert told["bits"] == pytest.approx(findings.foretold.bits.tolist(), rel=1e-5)
    assert told[f"{findings.passage.unit}_bits"] == pytest.approx(findings.unit_bits.tolist(), rel=1e-5)
    assert sum(told["bits"]) == pytest.approx(told["bits_total"], rel=1e-5)
    assert all(len(counts) == tokens for counts in told["counted"].values())
    assert len(told["gradient"]["C"]) == len(told["gradient"]["h"]) == len(told["gradient"]["input"])
    for name, trackers in told["trackers"].items():
        memory = np.tanh(findings.step.C.astype(float))
        counts = findings.passage.counted[name]
        known = np.isfinite(counts)
        for tracker in trackers:
            expected = np.corrcoef(memory[known, tracker["unit"]], counts[known])[0, 1]
            assert tracker["r"] == pytest.approx(expected, abs=1e-6)
        strengths = [abs(tracker["r"]) for tracker in trackers]
        assert strengths == sorted(strengths, reverse=True)


@TEXT_AND_MUSIC
def test_arrays_hold_everything(findings: Findings) -> None:
    arrays = findings.arrays()
    assert json.loads(str(arrays["about"])) == json.loads(json.dumps(findings.to_json()))
    shape = (len(findings.passage.ids), findings.config.units)
    for name in ("f", "i", "C_candidate", "C", "o", "h"):
        assert arrays[name].shape == shape
    np.testing.assert_allclose(arrays["h"], arrays["o"] * np.tanh(arrays["C"]), atol=1e-6)
    np.testing.assert_allclose(
        arrays["C"][1:],
        arrays["f"][1:] * arrays["C"][:-1] + arrays["i"][1:] * arrays["C_candidate"][1:],
        atol=1e-5,
    )
    assert not any(array.dtype.hasobject for array in arrays.values())


def test_weights_that_no_training_leads_to_are_numbers_or_nothing() -> None:
    from gen.inspection.findings import look_inside

    found = text_findings()
    weights = {name: np.full_like(array, 9e5) for name, array in tiny_model().weights.items()}
    wild = look_inside("m", {}, found.config, weights, found.tokens, found.passage, None)
    json.dumps(wild.to_json(), allow_nan=False)
