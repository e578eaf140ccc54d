"""Where texts are cut, against where decoding the whole says that lines and characters begin."""

import tracemalloc
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gen.corpus.cuts import cut_of_file
from gen.errors import CorpusError
from gen.files import CHUNK_BYTES

in_a_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
BYTES = ["latin-1", "cp1252", "koi8-r", "cp037"]
UNITS = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
SEVERAL = ["shift_jis", "gb18030", "big5", "euc_kr", "euc_jp"]
LETTERS = {
    **dict.fromkeys(["utf-8", *UNITS], "a\n\r\u0a00éÿ€😀"),
    **dict.fromkeys(BYTES, "ab\n\r"),
    **dict.fromkeys(SEVERAL, "a\n中"),
}


@pytest.mark.parametrize("encoding", sorted(LETTERS))
@in_a_folder
@given(st.data())
def test_cuts_are_where_the_next_line_begins_or_a_character_and_never_go_back(
    tmp_path: Path, encoding: str, data: st.DataObject
) -> None:
    text = data.draw(st.text(st.sampled_from(LETTERS[encoding]), min_size=1, max_size=12))
    reach = data.draw(st.integers(0, 10))
    path = tmp_path / "text"
    path.write_bytes(text.encode(encoding))
    size = path.stat().st_size
    begins = list(accumulate((len(letter.encode(encoding)) for letter in text), initial=0))
    lines = [begin for begin, letter in zip(begins[1:], text, strict=True) if letter == "\n"]
    cuts = [cut_of_file(path, place, size, encoding, reach) for place in range(size + 1)]
    assert all(one <= other for one, other in pairwise(cuts))
    assert (cuts[0], cuts[-1]) == (0, size)
    halves = [begin for begin, pair in zip(begins[1:], pairwise(text), strict=False) if pair == ("\r", "\n")]
    unit = {"16": 2, "32": 4}.get(encoding[4:6], 1)
    for place, cut in enumerate(cuts):
        assert place <= cut
        assert cut in begins
        first = -(-place // unit) * unit
        line = next((begin for begin in [*lines, size] if begin >= first), size)
        if line - first <= reach or encoding in SEVERAL:
            assert cut == (line if place else 0)
        else:
            assert cut == next(begin for begin in begins if begin >= place and begin not in halves)


def test_the_mark_says_how_a_file_is_cut_and_what_has_states_is_not(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes("a\nb\nc\n".encode("utf-16"))
    assert [cut_of_file(path, place, 14, None, 4) for place in (1, 3, 6, 7, 10)] == [6, 6, 6, 10, 10]
    path.write_bytes("中\n中\n".encode("iso2022_jp"))
    size = path.stat().st_size
    assert {cut_of_file(path, place, size, "iso2022_jp", 4) for place in range(1, size)} == {size}


def test_a_line_is_followed_to_its_end_however_long_it_is_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "text"
    line_bytes = 40 * CHUNK_BYTES + 16
    path.write_bytes("中".encode("shift_jis") * (line_bytes // 2) + b"\nb\n")
    tracemalloc.start()
    try:
        cuts = [cut_of_file(path, place, line_bytes + 3, "shift_jis", 4) for place in (1, line_bytes)]
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert cuts == [line_bytes + 1] * 2
    assert peak_bytes < 8 * CHUNK_BYTES


def test_bytes_that_are_no_utf_8_are_cut_anywhere_to_be_told_when_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"\x80" * 5000)
    assert 2000 <= cut_of_file(path, 2000, 5000, None, 100) <= 2100
    with pytest.raises(CorpusError, match="gone cannot be read"):
        cut_of_file(tmp_path / "gone", 1, 2, None, 1)
