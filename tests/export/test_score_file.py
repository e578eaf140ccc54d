"""A piece of music and the facts beside it: both are written, or neither."""

import json
from pathlib import Path

import pytest

from gen.corpus.midi import read_midi
from gen.errors import GenError
from gen.export.score_file import ScoreOutput
from gen.export.score_formats import Manner
from tests.tunes import tune

FACTS = [{"seed": 7}]


def test_the_facts_stand_beside_the_piece(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    ScoreOutput(str(path), 1, Manner()).write([tune(1)], FACTS)
    assert len(read_midi(path.read_bytes()).score.notes) == len(tune(1).notes)
    assert json.loads((tmp_path / "a.mid.json").read_text()) == FACTS[0]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(("blocked", "other"), [("a.mid", "a.mid.json"), ("a.mid.json", "a.mid")])
def test_where_one_cannot_be_written_the_other_stays_as_it_was(
    tmp_path: Path, blocked: str, other: str
) -> None:
    (tmp_path / blocked).mkdir()
    (tmp_path / other).write_bytes(b"of before")
    with pytest.raises(GenError, match=r"a\.mid cannot be written"):
        ScoreOutput(str(tmp_path / "a.mid"), 1, Manner()).write([tune(1)], FACTS)
    assert (tmp_path / other).read_bytes() == b"of before"
    assert {path.name for path in tmp_path.iterdir()} == {"a.mid", "a.mid.json"}
