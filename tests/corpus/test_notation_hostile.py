"""Archives, encodings and damage: what is no score is refused, and nothing else happens."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.corpus import musicxml
from gen.corpus.music21_corpora import MUSIC21_CORPORA
from gen.corpus.notation import read_notation
from gen.corpus.piece import UnreadableError
from tests.corpus.musicxml_files import HEAD, measures, note, score, zipped
from tests.corpus.test_notation import read, rows

GOOD = score(measures(note("C", 24), note("D", 24)))


@pytest.mark.parametrize(
    "content",
    [
        zipped(GOOD.encode()),
        zipped(GOOD.encode(), container=False),
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("UTF-8", "UTF-16").encode("utf-16"),
        GOOD.replace("UTF-8", "ISO-8859-1").replace("A title", "Ä title").encode("latin-1"),
    ],
)
def test_a_score_is_read_from_an_archive_and_in_any_encoding(content: bytes) -> None:
    (piece,) = read_notation(content, ".mxl").pieces
    assert piece.title in ("A title", "Ä title")
    assert [row[2] for row in rows(piece)] == [72, 74]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no well-formed XML"),
        (b"\0\1\2", "no well-formed XML"),
        (b"<html/>", "no MusicXML"),
        (b"<score-timewise/>", "score-timewise"),
        (b"PK\3\4 and no more", "damaged archive"),
        (zipped(b"x", "a.txt", container=False), "without a score"),
        (score(measures("<note><rest/><duration>24</duration></note>")).encode(), "has no notes"),
        (score(measures("")).encode(), "has no notes"),
        (f"{HEAD}<!DOCTYPE a [<!ENTITY b 'c'>]><score-partwise/>".encode(), "entities"),
        (
            f"{HEAD}<!DOCTYPE a [<!ENTITY b 'c'>]><score-partwise/>".replace("UTF-8", "UTF-16").encode(
                "utf-16"
            ),
            "entities",
        ),
        (score(measures(note("C", 24).replace("C", "H"))).encode(), "cannot be parsed"),
        (
            score(measures(*[note("C", 24 * 5000)] * 10)).encode(),
            "longer than 20000 quarters|no metre can have",
        ),
    ],
)
def test_what_is_no_score_is_refused_in_one_line(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason) as caught:
        read_notation(content, ".musicxml")
    assert "\n" not in str(caught.value)


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bomb = zipped(GOOD.encode() + b" " * (musicxml.MAX_UNPACKED_BYTES + 1))
    assert len(bomb) < 100_000
    with pytest.raises(UnreadableError, match="more than 64 MiB"):
        read_notation(bomb, ".mxl")


def test_too_many_notes_are_refused_before_music21_sees_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(musicxml, "MAX_NOTES", 10)
    with pytest.raises(UnreadableError, match="more than 10 notes"):
        read(score(measures(note("C", 2) * 11)))


@settings(max_examples=30)
@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)), st.binary(max_size=4))
def test_damaged_scores_are_read_or_refused(start: int, end: int, instead: bytes) -> None:
    content = GOOD.encode()
    try:
        read_notation(content[:start] + instead + content[end:], ".xml")
    except UnreadableError as error:
        assert "\n" not in str(error)


@settings(max_examples=30)
@given(st.text(st.sampled_from("*kern\t\n=1234abcrefgABC#-.[]:M/!|^v+x"), max_size=80))
def test_any_kern_is_read_or_refused(text: str) -> None:
    try:
        read("**kern\n" + text, ".krn")
    except UnreadableError as error:
        assert "\n" not in str(error)


def test_reading_writes_nothing_and_says_nothing(tmp_path: Path) -> None:
    files = [MUSIC21_CORPORA[name].files()[0] for name in ("bach-chorales", "palestrina")]
    (tmp_path / "odd.xml").write_text(GOOD.replace("<duration>24", "<duration>25"))
    program = (
        "import sys\n"
        "opened = []\n"
        "def watch(event, arguments):\n"
        "    if event == 'open' and isinstance(arguments[1], str) and set(arguments[1]) & set('wax+'):\n"
        "        opened.append(arguments[0])\n"
        "    if event in ('os.mkdir', 'socket.connect', 'tempfile.mkstemp', 'tempfile.mkdtemp'):\n"
        "        opened.append(event)\n"
        "sys.dont_write_bytecode = True\n"
        "from pathlib import Path\n"
        "from gen.corpus.reading import read_pieces\n"
        "sys.addaudithook(watch)\n"
        "for name in sys.argv[1:]:\n"
        "    read_pieces(Path(name))\n"
        "print(opened)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, files), str(tmp_path / "odd.xml")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
