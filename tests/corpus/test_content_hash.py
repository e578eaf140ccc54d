import hashlib
from pathlib import Path

from gen.corpus.text import content_hash
from tests.corpus.test_text import write


def test_the_hash_tells_contents_orders_bounds_and_encodings_apart(tmp_path: Path) -> None:
    a, b = write(tmp_path, b"ab", "a"), write(tmp_path, b"c", "b")
    c, d = write(tmp_path, b"a", "c"), write(tmp_path, b"bc", "d")
    plain = [[a, b], [b, a], [c, d], [a], [a, b, b]]
    hashes = [content_hash(files) for files in plain] + [content_hash([a, b], "latin-1")]
    assert len(set(hashes)) == len(hashes)
    assert all(len(bytes.fromhex(digest)) == hashlib.sha256().digest_size for digest in hashes)


def test_the_hash_is_of_the_content_not_of_names(tmp_path: Path) -> None:
    a, b = write(tmp_path, b"same", "a"), write(tmp_path, b"same", "b")
    assert content_hash([a], "UTF8") == content_hash([b], "utf_8")
