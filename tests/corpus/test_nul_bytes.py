"""NUL bytes, of which a text has none but in encodings whose letters have them."""

from pathlib import Path

import pytest

from gen.corpus.locate import locate
from gen.corpus.sniff import HEAD_BYTES
from gen.corpus.text import iterate_text
from gen.errors import CorpusError
from gen.files import CHUNK_BYTES
from tests.corpus.test_text import error_of, joined, write


@pytest.mark.parametrize("offset", [0, 100, HEAD_BYTES - 1, HEAD_BYTES, CHUNK_BYTES, 3 * CHUNK_BYTES + 17])
def test_a_nul_byte_is_refused_in_the_same_words_wherever_it_is(tmp_path: Path, offset: int) -> None:
    path = write(tmp_path, b"x" * offset + b"\0" + b"y" * 100)
    error = error_of(iterate_text([path]))
    assert error.problem == f"{path} is not text: it has a NUL byte at offset {offset}"
    if offset < HEAD_BYTES:
        with pytest.raises(CorpusError) as caught:
            locate(str(path))
        assert (caught.value.problem, caught.value.fix) == (error.problem, error.fix)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_where_letters_have_nul_bytes_so_may_a_text(tmp_path: Path, encoding: str) -> None:
    text = "ab\0c\0" * 50_000
    path = write(tmp_path, text.encode(encoding))
    assert locate(str(path), encoding).files == (path,)
    assert joined(path, encoding=encoding) == text
