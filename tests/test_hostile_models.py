"""Whatever bytes `gen info`, `sample` and `serve` are given: two lines, or what is in the file and sound."""

import json
from itertools import islice
from pathlib import Path

import pytest

from gen.errors import ModelFileError
from gen.web.models import Models
from tests.calling import assert_users_mistake, call
from tests.mutants import FAMILIES, Originals, mutants
from tests.second_reader import UNSOUND, read

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def originals(tmp_path: Path) -> Originals:
    (tmp_path / "sound").mkdir()
    return Originals(tmp_path / "sound")


def test_the_second_reader_finds_the_originals_sound(originals: Originals, capsys: Capsys) -> None:
    for name, path in originals.paths.items():
        about = read(originals.bytes[name])
        told = json.loads(call(capsys, "info", path, "--json").out)
        assert told["vocabulary"] == about["tokenizer"]["tokens"]
        assert call(capsys, "sample", path, "--length", "20").code == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_spoiled_file_is_refused_or_used_as_what_it_is(
    originals: Originals, tmp_path: Path, seed: int, capsys: Capsys
) -> None:
    for family, path in islice(mutants(originals, seed, tmp_path), 10 * len(FAMILIES)):
        content = path.read_bytes()
        info = call(capsys, "info", path, "--json")
        sample = call(capsys, "sample", path, "--length", "20")
        told_by_serve: list[str] = []
        if info.code:
            assert_users_mistake(info)
            assert_users_mistake(sample)
            with pytest.raises(ModelFileError) as caught:
                Models([path], told_by_serve.append)
            assert caught.value.fix
            continue
        models = Models([path], told_by_serve.append)
        (listed,) = models.listed()
        assert models.open(listed["name"]).tokenizer.tokens == tuple(json.loads(info.out)["vocabulary"])
        assert not told_by_serve
        try:
            about = read(content)
        except UNSOUND as error:
            pytest.fail(f"{family}: accepted, though {error!r}")
        told = json.loads(info.out)
        assert (info.err, told["vocabulary"]) == ("", about["tokenizer"]["tokens"])
        assert told["model"] == about["config"]
        assert all(told[part] == about[part] for part in ("kind", "corpus", "training"))
        if sample.code:  # such as a vocabulary in which no note can be said
            assert_users_mistake(sample)
        else:
            assert (sample.err, bool(sample.out)) == ("", True)
