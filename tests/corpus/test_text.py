"""Reading text, against Python's own `open` and `bytes.decode`."""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.corpus.text import content_hash, count_characters, iterate_text
from gen.corpus.text_notes import TextNotes
from gen.errors import CorpusError

BY_MARK = ["utf-8-sig", "utf-16", "utf-32"]
EXPLICIT = ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "gb18030"]
LEGACY = ["cp1252", "latin-1", "shift_jis", "euc-jp", "big5", "iso2022_jp"]

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff\0")
texts = st.lists(
    st.one_of(characters, st.sampled_from(["\r", "\n", "\r\n", "é", "日", "😀"])), min_size=1
).map("".join)
chunk_sizes = st.integers(1, 9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("texts")


def write(folder: Path, content: bytes, name: str = "a.txt") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def error_of(stream: Iterator[str]) -> CorpusError:
    with pytest.raises(CorpusError) as caught:
        list(stream)
    assert "\n" not in caught.value.problem + caught.value.fix
    return caught.value


def first_wrong(raw: bytes, encoding: str) -> str | None:
    """What is to be said of bytes that are no text, up to the first thing that is wrong with them."""
    is_wide = b"\0" in "a".encode(encoding)
    nul = -1 if is_wide else raw.find(b"\0")
    try:
        (raw if nul < 0 else raw[: nul + 1]).decode(encoding)
    except UnicodeDecodeError as error:
        return f"byte 0x{raw[error.start]:02x} at offset {error.start} "
    return None if nul < 0 else f"is not text: it has a NUL byte at offset {nul}"


def joined(*paths: Path, encoding: str | None = None) -> str:
    return "".join(iterate_text(paths, encoding))


@settings(deadline=None)
@given(text=texts, encoding=st.sampled_from(BY_MARK), chunk=chunk_sizes, is_named=st.booleans())
def test_by_mark_it_reads_what_open_reads(
    folder: Path, text: str, encoding: str, chunk: int, is_named: bool
) -> None:
    path = write(folder, text.encode(encoding))
    pieces = list(iterate_text([path], encoding if is_named else None, chunk_bytes=chunk))
    assert all(pieces)
    assert "".join(pieces) == path.read_text(encoding)


@settings(deadline=None)
@given(text=texts, encoding=st.sampled_from(EXPLICIT), chunk=chunk_sizes)
def test_by_name_it_reads_what_open_reads(folder: Path, text: str, encoding: str, chunk: int) -> None:
    path = write(folder, text.encode(encoding))
    assert "".join(iterate_text([path], encoding, chunk_bytes=chunk)) == path.read_text(encoding)


@settings(deadline=None)
@given(raw=st.binary(min_size=1, max_size=40), encoding=st.sampled_from(LEGACY), chunk=chunk_sizes)
def test_any_bytes_read_as_open_reads_them_or_fail_where_decode_fails(
    folder: Path, raw: bytes, encoding: str, chunk: int
) -> None:
    path = write(folder, raw)
    if wrong := first_wrong(raw, encoding):
        assert wrong in error_of(iterate_text([path], encoding, chunk_bytes=chunk)).problem
    else:
        expected = path.read_text(encoding)
        if expected:
            assert "".join(iterate_text([path], encoding, chunk_bytes=chunk)) == expected


@settings(max_examples=300, deadline=None)
@given(
    text=texts,
    encoding=st.sampled_from(
        ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "gb18030"]
    ),
    damage=st.binary(min_size=1, max_size=3),
    where=st.integers(0, 1000),
    chunk=chunk_sizes,
)
def test_a_bad_byte_is_named_by_its_offset_in_the_file(
    folder: Path, text: str, encoding: str, damage: bytes, where: int, chunk: int
) -> None:
    whole = text.encode(encoding)
    keep = 3 if encoding == "utf-8-sig" else 0
    at = keep + where % (len(whole) - keep + 1)
    raw = whole[:at] + damage + whole[at:]
    path = write(folder, raw)
    plain = encoding.removesuffix("-sig")  # which counts from after the mark
    if wrong := first_wrong(raw, plain):
        problem = error_of(iterate_text([path], encoding, chunk_bytes=chunk)).problem
        assert str(path) in problem
        assert wrong in problem


def test_a_character_that_a_nul_breaks_off_is_named_before_the_nul(tmp_path: Path) -> None:
    path = write(tmp_path, b"0\x81\x30\x00\x81\x300")
    assert "byte 0x81 at offset 1 " in error_of(iterate_text([path], "gb18030")).problem


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_an_incomplete_end_is_named_by_its_offset_behind_a_mark(tmp_path: Path, encoding: str) -> None:
    whole = "abc😀".encode(encoding)
    path = write(tmp_path, whole[:-1])
    problem = error_of(iterate_text([path])).problem
    assert f"at offset {len(whole) - 4} begins a character that is not complete" in problem


def test_an_incomplete_end_in_utf_8(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbfab\xf0\x9f\x98")
    error = error_of(iterate_text([path]))
    assert (
        error.problem == f"{path} is not utf-8: byte 0xf0 at offset 5 begins a character that is not complete"
    )
    assert "--encoding" in error.fix


def test_a_bad_byte_far_into_a_file(tmp_path: Path) -> None:
    offset = 3 * (1 << 20) + 17
    path = write(tmp_path, b"\xef\xbb\xbf" + b"x" * (offset - 3) + b"\xe9" + b"y" * 100)
    assert f"byte 0xe9 at offset {offset} does not fit" in error_of(iterate_text([path])).problem


@settings(deadline=None)
@given(
    parts=st.lists(st.text(st.sampled_from("ab\r\n"), max_size=4), min_size=1, max_size=5), chunk=chunk_sizes
)
def test_files_are_joined_by_a_newline_only_where_one_is_missing(
    folder: Path, parts: list[str], chunk: int
) -> None:
    paths = [write(folder, part.encode(), f"{index}.txt") for index, part in enumerate(parts)]
    read = [text for path in paths if (text := path.read_text())]
    expected = "".join(text if text.endswith("\n") else text + "\n" for text in read[:-1]) + "".join(
        read[-1:]
    )
    if expected:
        assert "".join(iterate_text(paths, chunk_bytes=chunk)) == expected
    else:
        assert "empty" in error_of(iterate_text(paths)).problem


@settings(deadline=None, max_examples=300)
@given(
    parts=st.lists(st.one_of(st.just(""), texts), min_size=1, max_size=4),
    encoding=st.sampled_from([*BY_MARK, *EXPLICIT]),
    chunk=chunk_sizes,
)
def test_characters_are_counted_as_open_reads_them(
    folder: Path, parts: list[str], encoding: str, chunk: int
) -> None:
    paths = [write(folder, part.encode(encoding), f"{index}.txt") for index, part in enumerate(parts)]
    read = [text for path in paths if (text := path.read_text(encoding))]
    joints = sum(not text.endswith("\n") for text in read[:-1])
    named = None if encoding in BY_MARK else encoding
    if read:
        assert count_characters(paths, named, chunk_bytes=chunk) == sum(map(len, read)) + joints
    else:
        with pytest.raises(CorpusError, match="empty"):
            count_characters(paths, named, chunk_bytes=chunk)


def test_what_cannot_be_read_cannot_be_counted(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="cannot be read"):
        count_characters([tmp_path / "gone.txt"])
    with pytest.raises(CorpusError, match="There is no encoding"):
        count_characters([], "klingon")


def test_only_the_first_mark_of_a_file_is_left_out(tmp_path: Path) -> None:
    first = write(tmp_path, b"\xef\xbb\xbf\xef\xbb\xbfa", "1.txt")
    second = write(tmp_path, b"\xef\xbb\xbfb\xef\xbb\xbf", "2.txt")
    assert joined(first, second) == "\ufeffa\nb\ufeff"


def test_a_pass_never_reads_more_than_a_chunk_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, b"x" * (9 << 20))
    assert max(map(len, iterate_text([path]))) <= 4 << 20


def test_notes_say_what_was_changed(tmp_path: Path) -> None:
    plain = write(tmp_path, b"a\n", "plain.txt")
    dos = write(tmp_path, b"\xef\xbb\xbfa\r\nb\r\n", "dos.txt")
    mac = write(tmp_path, "a\rb".encode("utf-16"), "mac.txt")
    notes = TextNotes()
    assert "".join(iterate_text([plain, dos, mac], notes=notes)) == "a\na\nb\na\nb"
    assert [(n.path, n.has_mark, n.newlines) for n in notes.files] == [
        (plain, False, ("\n",)),
        (dos, True, ("\r\n",)),
        (mac, True, ("\r",)),
    ]
    assert notes.newlines() == {"\n": 1, "\r\n": 1, "\r": 1}
    assert sum(notes.encodings().values()) == 3
    told = notes.sentences()
    assert any("\\r\\n" in line and "dos.txt" in line for line in told)
    assert any("\\r were" in line and "mac.txt" in line for line in told)
    assert any("byte order mark" in line and "dos.txt, " in line for line in told)
    assert any("utf-16" in line for line in told)
    quiet = TextNotes()
    list(iterate_text([plain], notes=quiet))
    assert quiet.sentences() == []


@pytest.mark.parametrize(
    "name", ["base64", "rot13", "hex", "zlib", "punycode", "idna", "unicode_escape", "utf-7"]
)
def test_what_is_no_encoding_of_text_is_refused_at_once(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, b"abc")
    with pytest.raises(CorpusError, match="is not an encoding of text files"):
        iterate_text([path], name)
    with pytest.raises(CorpusError, match="is not an encoding of text files"):
        content_hash([path], name)


@pytest.mark.parametrize("name", ["utf-9", "", "a\0b", "klingon"])
def test_an_unknown_encoding_is_refused_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(CorpusError, match="There is no encoding"):
        iterate_text([write(tmp_path, b"abc")], name)


@pytest.mark.parametrize("name", ["utf-16", "UTF_32"])
def test_utf_16_without_a_mark_needs_its_byte_order(tmp_path: Path, name: str) -> None:
    error = error_of(iterate_text([write(tmp_path, "abcd".encode(name.lower() + "-be"))], name))
    assert "byte order" in error.problem
    assert "-le" in error.fix


def test_what_the_user_names_wins_over_a_mark(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbfa")
    assert joined(path, encoding="latin-1") == "ï»¿a"
    assert "offset 0 " in error_of(iterate_text([write(tmp_path, "a".encode("utf-16"))], "utf-8")).problem


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_no_text_at_all_is_an_error(tmp_path: Path, content: bytes) -> None:
    assert "empty" in error_of(iterate_text([write(tmp_path, content)])).problem


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    assert "cannot be read" in error_of(iterate_text([tmp_path / "gone.txt"])).problem
    assert "cannot be read" in error_of(iterate_text([tmp_path])).problem
    with pytest.raises(CorpusError, match="cannot be read"):
        content_hash([tmp_path / "gone.txt"])


@pytest.mark.parametrize("size", [3, 5_000])
def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path, size: int) -> None:
    path = write(tmp_path, b"x" * 1_000)
    stream = iterate_text([path], chunk_bytes=100)
    next(stream)
    os.truncate(path, size)
    assert "changed while it was read" in error_of(stream).problem


@pytest.mark.parametrize("read", [lambda path: list(iterate_text([path])), lambda path: content_hash([path])])
def test_a_file_that_grows_as_fast_as_it_is_read_is_an_error(
    read: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, b"x" * 1_000)

    class Growing(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert path.stat().st_size < 10_000_000
            with open(path, "ab") as file:  # noqa: PTH123 - `Path.open` is what is replaced
                file.write(b"y" * 1_000_000)
            return super().read(size)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", lambda self, *_, **__: Growing(self))
        with pytest.raises(CorpusError, match="changed while it was read"):
            read(path)
    assert path.stat().st_size < 5_000_000


def test_a_reader_may_stop_early(tmp_path: Path) -> None:
    path = write(tmp_path, b"x" * 1_000)
    stream = iterate_text([path], chunk_bytes=100)
    next(stream)
    os.truncate(path, 3)
    stream.close()  # type: ignore[attr-defined]
