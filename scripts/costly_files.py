"""Files of notation that only a limit of time or of memory ends, or nearly: too much for a test."""

from collections.abc import Iterator

from gen.corpus.piece import MAX_NOTES
from tests.corpus.hostile_notation import NOTE, TUNE, in_measure, kern
from tests.corpus.musicxml_files import measures, note, score, zipped

_ENDING = '<barline location="{}"><ending number="1-1000000000" type="{}"/></barline>'
_REPEATED = "|" + ":" * 15 + ("c" * 16 + "|") * 300 + ":" * 15 + "|"


def costly_files() -> Iterator[tuple[str, str, bytes]]:
    """What each is, its ending, its bytes; made one at a time, since they are large."""
    for name, text in _scores():
        yield name, ".xml", text
    for name, text in _scores_in_archives():
        yield name, ".mxl", text
    for name, tune in _tunes():
        yield name, ".abc", tune.encode()
    for name, text in _spines():
        yield name, ".krn", text


def _scores() -> Iterator[tuple[str, bytes]]:
    attributes = " ".join(f'a{number}="x"' for number in range(500_000))
    yield "an element of 500,000 attributes", in_measure(f"<a {attributes}/>{NOTE}")
    yield "an attribute of seven megabytes", in_measure(f'<a a="{"b" * (7 << 20)}"/>{NOTE}')
    passes = _ENDING.format("left", "start") + NOTE + _ENDING.format("right", "stop")
    yield "an ending for a billion passes", in_measure(passes)
    yield "30,000 parts", score(*[measures(NOTE)] * 30_000).encode()
    yield (
        "20,000 jumps",
        in_measure(
            "<direction><direction-type><words>D.C. al Fine</words></direction-type></direction>" * 20_000
            + NOTE
        ),
    )


def _scores_in_archives() -> Iterator[tuple[str, bytes]]:
    yield "100,000 notes", zipped(in_measure(note("C", 1) * (MAX_NOTES - 1)))
    yield "60 MB of text", zipped(in_measure(f"<a>{'a' * (60 << 20)}</a>{NOTE}"))
    yield "15 million elements", zipped(in_measure("<a/>" * (15 << 20) + NOTE))
    yield "60,000 files", zipped(in_measure(NOTE), more=60_000)


def _tunes() -> Iterator[tuple[str, str]]:
    yield "2,000 voices that rest", TUNE + "".join(f"V:{n}\nZ9999\n" for n in range(2000)) + "c"
    yield "200,000 voices", TUNE + "".join(f"V:{n}\nc\n" for n in range(200_000))
    lengths = "".join(f"c1/{n} " for n in range(1, 9999))
    yield "lengths without a common divisor", TUNE + lengths * 10
    yield "brackets by the million", TUNE + "[" * (4 << 20) + "c"
    yield "two million tunes without a note", "X:1\n" * 1_900_000 + "K:C\nc\n"
    yield "700,000 tunes of a note", "X:1\nK:C\nc\n" * 700_000
    yield "1,400 tunes of 80,000 notes", f"X:1\nL:1/8\nK:C\n{_REPEATED}\n\n" * 1400
    yield "all the tunes that may be", "X:1\n" * 49_999 + "K:C\nc\n"
    yield "all the notes that may be", f"X:1\nL:1/8\nK:C\n{_REPEATED}\n\n" * 26
    yield "8 MB of letters that are notes", TUNE + "cdefgab" * 1_150_000
    yield "sums by the million", TUNE.replace("4/4", "1+" * 2_000_000) + "c"


def _spines() -> Iterator[tuple[str, bytes]]:
    yield "250 spines", kern(*["4c"] * 1_900, spines=250)
    yield "200,000 notes", kern(*["4c"] * 200_000)
    yield "a chord of 100,000 notes", kern(" ".join(["4c"] * 100_000))
