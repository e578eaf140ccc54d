import pytest

from gen import errors
from gen.errors import GenError

FAMILY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, GenError)]


@pytest.mark.parametrize("kind", FAMILY)
def test_every_error_of_the_family_has_a_problem_a_fix_and_an_exit_code(kind: type[GenError]) -> None:
    error = kind("It is broken.", "Mend it.")
    assert (error.problem, error.fix, error.exit_code) == ("It is broken.", "Mend it.", 1)
    assert str(error) == "It is broken.\nMend it."


@pytest.mark.parametrize("kind", FAMILY)
def test_the_family_is_drawn_whole_in_the_modules_docstring(kind: type[GenError]) -> None:
    assert f" {kind.__name__} " in (errors.__doc__ or "")


def test_a_users_mistake_is_not_mistaken_for_a_programmers() -> None:
    assert len(FAMILY) == 7
    assert not any(issubclass(kind, ValueError | TypeError | OSError) for kind in FAMILY)
