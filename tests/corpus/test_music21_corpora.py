import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gen.corpus import music21_corpora
from gen.corpus.music21_corpora import MUSIC21_CORPORA
from gen.corpus.reading import read_pieces
from gen.errors import CorpusError

COUNTS = {
    "ryans-mammoth": 1059,
    "oneills": 39,
    "airds": 6,
    "bach-chorales": 364,
    "palestrina": 1318,
    "essen": 31,
}


def test_the_corpora_are_those_that_are_promised() -> None:
    assert {name: len(corpus.files()) for name, corpus in MUSIC21_CORPORA.items()} == COUNTS
    for name, corpus in MUSIC21_CORPORA.items():
        assert corpus.name == name
        assert corpus.files() == tuple(sorted(set(corpus.files())))
        assert all(path.is_file() for path in corpus.files())


def test_what_may_not_be_used_commercially_says_so() -> None:
    assert "non-commercial" in MUSIC21_CORPORA["essen"].licence
    assert "rights" in MUSIC21_CORPORA["palestrina"].licence
    folder = MUSIC21_CORPORA["essen"].files()[0].parent
    assert "non-commercial" in (folder / "license.txt").read_text()


@pytest.mark.parametrize("name", ["ryans-mammoth", "oneills", "bach-chorales", "palestrina"])
def test_a_file_of_each_format_is_read(name: str) -> None:
    smallest = min(MUSIC21_CORPORA[name].files(), key=lambda path: path.stat().st_size)
    pieces, refused = read_pieces(smallest)
    assert pieces
    assert not refused
    assert all(len(piece.score.notes) for piece in pieces)


def test_chorales_are_of_four_voices() -> None:
    for path in MUSIC21_CORPORA["bach-chorales"].files()[::90]:
        ((piece,), _) = read_pieces(path)
        assert len(piece.score.parts) == 4


def test_other_scores_are_no_chorales(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.mxl", "w") as archive:
        archive.writestr("a.xml", "<part-name>Soprano</part-name><part-name>Horn</part-name>")
    (tmp_path / "b.mxl").write_bytes(b"no archive")
    zipfile.ZipFile(tmp_path / "c.mxl", "w").close()
    is_wanted = MUSIC21_CORPORA["bach-chorales"].is_wanted
    assert not any(is_wanted(path) for path in tmp_path.iterdir())


def test_the_files_are_found_without_importing_music21() -> None:
    program = (
        "import sys; from gen.corpus.music21_corpora import MUSIC21_CORPORA;"
        "MUSIC21_CORPORA['bach-chorales'].files(); print('music21' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_music21_without_its_corpus_is_the_users_to_mend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(music21_corpora, "_corpus_folder", lambda: tmp_path)
    with pytest.raises(CorpusError, match="not there"):
        MUSIC21_CORPORA["airds"].files()
    (tmp_path / "airdsAirs").mkdir()
    with pytest.raises(CorpusError, match="not there"):
        MUSIC21_CORPORA["airds"].files()
