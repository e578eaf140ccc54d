import re

import pytest

from gen.errors import ModelFileError
from gen.kinds import KINDS, kind_named, tokenizer_of
from tests.tiny import tiny_model

PLAIN = tiny_model()


def test_the_table_names_each_kind_as_the_model_file_does() -> None:
    assert {name: kind.name for name, kind in KINDS.items()} == {name: name for name in KINDS}
    tokenizer = tokenizer_of("text", PLAIN.tokenizer)
    assert tokenizer.to_json() == PLAIN.tokenizer


def test_a_kind_of_a_newer_release_is_refused_with_the_kinds_there_are() -> None:
    with pytest.raises(ModelFileError, match=re.escape("'smells'; this release knows text")):
        kind_named("smells")
