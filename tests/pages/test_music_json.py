"""Music to JSON and back: the same score, or a refusal that says what to mend."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.corpus import measures, piece
from gen.errors import GenError
from gen.pages import music_json as limits
from gen.pages.music_json import music_json, score_from_json
from gen.score import TICKS_PER_QUARTER, Key, Metre, Part, Score, Tempo, make_score
from tests.hostile_values import HOSTILE
from tests.scores import scores
from tests.tunes import duet


def sent(score: Score) -> Any:
    return json.loads(json.dumps(music_json(score)))


@given(scores())
def test_a_score_comes_back_as_it_was(score: Score) -> None:
    assert score_from_json(sent(score)) == score


@given(scores())
def test_what_follows_from_the_rest_is_for_those_who_draw(score: Score) -> None:
    value = sent(score)
    assert value["length_ticks"] == max((note[0] + note[1] for note in value["notes"]), default=0)
    assert value["bars"] == [bar.start for bar in score.bars()]
    assert [part["name"] for part in value["parts"] if part["drums"]] == ["drums"] * sum(
        part.is_drums for part in score.parts
    )
    for member in ("length_ticks", "bars", "ticks_per_quarter"):
        del value[member]
    for part in value["parts"]:
        del part["name"]
    assert score_from_json(value) == score


def test_the_columns_are_what_the_docstring_says() -> None:
    made = make_score(
        [(0, 96, 62, 72, 0), (96, 24, 36, 100, 1)],
        [Part(40), Part(0, is_drums=True)],
        tempos=[Tempo(0, 90)],
        metres=[Metre(0, 4, 4), Metre(96, 3, 4)],
        keys=[Key(0, -1, "minor")],
    )
    assert sent(made.score) == {
        "ticks_per_quarter": 24,
        "length_ticks": 120,
        "tempos": [[0, 90]],
        "metres": [[0, 4, 4], [96, 3, 4]],
        "keys": [[0, -1, "minor"]],
        "bars": [0, 96],
        "parts": [
            {"program": 40, "drums": False, "name": "strings (40)"},
            {"program": 0, "drums": True, "name": "drums"},
        ],
        "notes": [[0, 96, 62, 72, 0], [96, 24, 36, 100, 1]],
    }


def test_as_much_may_be_sent_as_a_file_may_hold() -> None:
    assert limits.MOST_NOTES == piece.MAX_NOTES
    assert limits.MOST_PARTS == piece.MAX_TRACKS
    assert limits.MOST_CHANGES == piece.MAX_CHANGES
    assert limits.MOST_TICKS == piece.MAX_QUARTERS * TICKS_PER_QUARTER
    assert limits.FASTEST_BPM == piece.FASTEST_BPM
    assert Metre(0, measures.LONGEST_NUMERATOR, 4).is_whole


NOTE, PART = [0, 24, 60, 72, 0], {"program": 0}
REFUSED = [
    ({"notes": [NOTE]}, "no list of parts"),
    ({"parts": [PART]}, "no list of notes"),
    ({"notes": [NOTE], "parts": []}, "Note 0 has no part"),
    ({"notes": [NOTE], "parts": [PART], "title": "x"}, "not told"),
    ({"notes": [NOTE], "parts": [PART], "ticks_per_quarter": 480}, "other ticks"),
    ({"notes": [[0, 24, 128, 72, 0]], "parts": [PART]}, "Note 0 has no pitch"),
    ({"notes": [NOTE, [-1, 24, 60, 72, 0]], "parts": [PART]}, "Note 1 has no onset"),
    ({"notes": [[0, 0, 60, 72, 0]], "parts": [PART]}, "Note 0 has no duration"),
    ({"notes": [[0, 24, 60, 0, 0]], "parts": [PART]}, "Note 0 has no velocity"),
    ({"notes": [[0, 24, 60, 72.0, 0]], "parts": [PART]}, "Note 0 has no velocity"),
    ({"notes": [[0, True, 60, 72, 0]], "parts": [PART]}, "Note 0 has no duration"),
    ({"notes": [[480_000, 24, 60, 72, 0]], "parts": [PART]}, "Note 0 ends too late"),
    (
        {"notes": [[0, limits.MOST_BARS + 1, 60, 72, 0]], "parts": [PART], "metres": [[0, 1, 96]]},
        "3,000 bars",
    ),
    ({"notes": [[480_000 - 1, 1, 60, 72, 0]], "parts": [PART], "metres": [[0, 1, 96]]}, "more than 3,000"),
    ({"notes": [[0, 24, 60, 72]], "parts": [PART]}, "Note 0 is not told"),
    ({"notes": [NOTE], "parts": [{"program": 128}]}, "Part 0 has no program"),
    ({"notes": [NOTE], "parts": [{"program": 5, "drums": True}]}, "Part 0 has no program"),
    ({"notes": [NOTE], "parts": [{"drums": 1}]}, "Part 0 does not say"),
    ({"notes": [NOTE], "parts": [PART] * 257}, "257 parts"),
    ({"notes": [NOTE] * 100_001, "parts": [PART]}, "100,001 notes"),
    ({"notes": [NOTE], "parts": [PART], "tempos": [[0, 0]]}, "Tempo 0 has no bpm"),
    ({"notes": [NOTE], "parts": [PART], "tempos": [[0, 90]] * 4097}, "4,097 tempos"),
    ({"notes": [NOTE], "parts": [PART], "metres": [[0, 1, 7]]}, "metre 0 is no whole number"),
    ({"notes": [NOTE], "parts": [PART], "metres": [[0, 4, 0]]}, "Metre 0 has no denominator"),
    ({"notes": [NOTE], "parts": [PART], "keys": [[0, 8, "major"]]}, "Key 0 has no sharps"),
    ({"notes": [NOTE], "parts": [PART], "keys": [[0, 0, "blue"]]}, "Key 0 has no known mode"),
    ({"notes": [NOTE], "parts": [PART], "keys": [[0, 0, []]]}, "Key 0 has no known mode"),
]


@pytest.mark.parametrize(("value", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_no_score_can_be_is_refused_in_two_lines(value: object, said: str) -> None:
    with pytest.raises(GenError) as refused:
        score_from_json(value)
    assert said in refused.value.problem
    assert refused.value.fix.startswith(("Give", "Count", "Let"))


def test_as_many_bars_as_may_be_are_read() -> None:
    for metre, bar_ticks in (([0, 1, 96], 1), ([0, 4, 4], 96)):
        notes = [[(limits.MOST_BARS - 1) * bar_ticks, bar_ticks, 60, 72, 0]]
        score = score_from_json({"notes": notes, "parts": [PART], "metres": [metre]})
        assert sum(1 for _ in score.bars()) == limits.MOST_BARS


PLACES: list[tuple[Any, ...]] = [
    (),
    *((member,) for member in music_json(duet(1))),
    *(
        ("notes", 0),
        ("notes", 0, 0),
        ("notes", 3, 4),
        ("parts", 0),
        ("parts", 1, "program"),
        ("parts", 2, "drums"),
    ),
    *(("metres", 0), ("metres", 0, 1), ("metres", 0, 2), ("tempos", 0, 1), ("keys", 0, 2)),
]


@given(st.sampled_from(PLACES), st.sampled_from(HOSTILE))
def test_whatever_stands_anywhere_is_read_or_refused_and_what_is_read_is_canonical(
    place: tuple[Any, ...], hostile: Any
) -> None:
    sound = sent(duet(1)) | {"tempos": [[0, 90]], "keys": [[0, 2, "dorian"]]}
    within: Any = {"music": sound}
    *way, last = ("music", *place)
    at = within
    for step in way:
        at = at[step]
    at[last] = copy.deepcopy(hostile)
    try:
        read = score_from_json(within["music"])
    except GenError as refused:
        assert "\n" not in refused.problem + refused.fix
        assert len(refused.problem) < 200
    else:
        assert score_from_json(sent(read)) == read
