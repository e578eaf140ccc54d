"""What the tests of finding files share: making files, and the error that finding them gives."""

from pathlib import Path

import pytest

from gen.corpus.locate import locate
from gen.errors import CorpusError


def put(name: str, content: bytes | str = "some text\n") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def names(paths: tuple[Path, ...] | None) -> list[str]:
    return [path.as_posix() for path in paths or ()]


def refused(spec: str, encoding: str | None = None) -> CorpusError:
    with pytest.raises(CorpusError) as caught:
        locate(spec, encoding)
    assert caught.value.fix
    assert "\n" not in caught.value.problem + caught.value.fix
    return caught.value
