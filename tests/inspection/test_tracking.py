import statistics

import numpy as np
import pytest

from gen.inspection.tracking import correlations, track


def test_correlations_are_those_of_the_standard_library() -> None:
    generator = np.random.default_rng(0)
    values, counts = generator.standard_normal((50, 4)), generator.integers(0, 9, 50).astype(float)
    values[:, 2] += counts
    found = correlations(values, counts)
    assert found is not None
    expected = [statistics.correlation(column.tolist(), counts.tolist()) for column in values.T]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_of_a_count_that_is_0_or_1_it_is_the_difference_of_means_over_the_spread() -> None:
    generator = np.random.default_rng(1)
    values, counts = generator.standard_normal((40, 3)), (np.arange(40) % 5 == 0).astype(float)
    inside, outside = values[counts == 1], values[counts == 0]
    share = counts.mean()
    expected = (
        (inside.mean(axis=0) - outside.mean(axis=0)) / values.std(axis=0) * np.sqrt(share * (1 - share))
    )
    found = correlations(values, counts)
    assert found is not None
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_where_there_is_nothing_to_count_yet_nothing_counts() -> None:
    generator = np.random.default_rng(2)
    values, counts = generator.standard_normal((30, 3)), generator.standard_normal(30)
    counts[:7] = np.nan
    first, second = correlations(values, counts), correlations(values[7:], counts[7:])
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(first, second)


def test_a_unit_that_does_not_move_tracks_nothing_and_a_count_that_does_not_is_left_out() -> None:
    memory = np.random.default_rng(3).standard_normal((20, 3))
    memory[:, 1] = 0.25
    moving, still = np.arange(20.0), np.ones(20)
    nothing = np.full(20, np.nan)
    found = track(memory, {"moving": moving, "still": still, "nothing": nothing})
    assert list(found) == ["moving"]
    assert found["moving"].r[1] == 0
    assert found["moving"].best(9)[-1] == 1


def test_it_is_the_memory_as_put_out_that_is_compared_and_each_half_by_itself() -> None:
    generator = np.random.default_rng(4)
    memory, counts = 3 * generator.standard_normal((41, 5)), generator.standard_normal(41)
    memory[:, 3] = counts
    [found] = track(memory, {"a": counts}).values()
    put_out = np.tanh(memory)
    for values, kept in (
        (found.r, slice(None)),
        (found.first_half, slice(20)),
        (found.second_half, slice(20, None)),
    ):
        assert values is not None
        expected = [
            statistics.correlation(column.tolist(), counts[kept].tolist()) for column in put_out[kept].T
        ]
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-12)
    assert found.best(1) == [3]


def test_a_count_that_changes_in_one_half_alone_has_no_correlation_in_the_other() -> None:
    counts = np.array([0.0] * 10 + [1.0, 0.0] * 5)
    [found] = track(np.random.default_rng(5).standard_normal((20, 2)), {"a": counts}).values()
    assert found.first_half is None
    assert found.second_half is not None


@pytest.mark.parametrize("sign", [1, -1])
def test_the_best_follow_up_or_down(sign: int) -> None:
    counts = np.arange(30.0)
    memory = np.random.default_rng(6).standard_normal((30, 4))
    memory[:, 2] = sign * counts / 30
    [found] = track(memory, {"a": counts}).values()
    assert found.best(1) == [2]
    assert found.r[2] * sign > 0.99
