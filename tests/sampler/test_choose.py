import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gen.sampler.choose import Choices, draw, probabilities
from tests.sampler.reference import naive_distribution, normal

V = 12
seeds = st.integers(0, 2**32)


def random_logits(seed: int, rows: int = 3) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(scale=2, size=(rows, V)).astype(np.float32)


def distribution(
    logits: NDArray[np.float32],
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
) -> NDArray[np.float64]:
    p = probabilities(logits, temperature, Choices((1.0, 1.0), top_k, top_p, min_p))
    return np.array([normal(row) for row in p.tolist()])


@given(
    seeds,
    st.sampled_from([0.0, 1e-6, 0.3, 1.0, 2.5, 100.0]),
    st.none() | st.integers(1, V + 3),
    st.none() | st.floats(0, 1),
    st.none() | st.floats(0, 1),
)
def test_all_restrictions_together_are_as_by_hand(
    seed: int, temperature: float, top_k: int | None, top_p: float | None, min_p: float | None
) -> None:
    logits = random_logits(seed)
    expected = [naive_distribution(row, temperature, top_k, top_p, min_p) for row in logits.tolist()]
    found = distribution(logits, temperature, top_k, top_p, min_p)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-12)


@given(seeds)
def test_the_least_temperatures_take_the_likeliest(seed: int) -> None:
    logits = random_logits(seed)
    for temperature in (0.0, 1e-310, 1e-30, 1e-6):
        p = distribution(logits, temperature)
        np.testing.assert_array_equal(p.argmax(axis=1), logits.argmax(axis=1))
        np.testing.assert_allclose(p.max(axis=1), 1, atol=1e-9)


@given(seeds)
def test_each_row_has_its_own_temperature(seed: int) -> None:
    logits = random_logits(seed)
    temperatures = [0.0, 0.5, 2.0]
    together = probabilities(logits, np.array(temperatures), Choices(top_p=0.9))
    alone = [
        probabilities(row[None], temperature, Choices(top_p=0.9))[0]
        for row, temperature in zip(logits, temperatures, strict=True)
    ]
    np.testing.assert_array_equal(together, alone)


def test_temperature_0_takes_the_first_of_equals() -> None:
    logits = np.array([[1, 3, 3, 2], [0, 0, 0, 0]], np.float32)
    assert distribution(logits, 0.0).tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
    each = probabilities(logits, np.array([0.0, 1.0]), Choices())
    assert each.tolist() == [[0, 1, 0, 0], [1, 1, 1, 1]]


@given(seeds)
def test_a_high_temperature_makes_all_alike(seed: int) -> None:
    np.testing.assert_allclose(distribution(random_logits(seed), 1e9), 1 / V, rtol=1e-6)


@given(seeds)
def test_restrictions_at_their_ends_keep_everything_or_one(seed: int) -> None:
    logits = random_logits(seed)
    logits[0, :3] -= 60  # a share so small that adding it to the others is lost in rounding
    everything = distribution(logits)
    assert (everything > 0).all()
    for top_k, top_p, min_p in ((V, None, None), (V + 5, None, None), (None, 1.0, None), (None, None, 0.0)):
        np.testing.assert_array_equal(distribution(logits, 1.0, top_k, top_p, min_p), everything)
    for top_k, top_p, min_p in ((1, None, None), (None, 0.0, None), (None, None, 1.0)):
        one = distribution(logits, 1.0, top_k, top_p, min_p)
        np.testing.assert_array_equal(one, distribution(logits, 0.0))


def test_of_equals_at_the_edge_the_lower_id_stays() -> None:
    logits = np.zeros((1, 4), np.float32)
    assert distribution(logits, top_k=2).tolist() == [[0.5, 0.5, 0, 0]]
    assert distribution(logits, top_p=0.5).tolist() == [[0.5, 0.5, 0, 0]]
    assert distribution(logits, min_p=1.0).tolist() == [[0.25] * 4]


@given(
    seeds,
    st.sampled_from([0.0, 1e-6, 1.0, 100.0]),
    st.none() | st.integers(1, V),
    st.none() | st.floats(0, 1),
    st.none() | st.floats(0, 1),
)
def test_forbidden_ids_have_no_share_and_something_always_may_come(
    seed: int, temperature: float, top_k: int | None, top_p: float | None, min_p: float | None
) -> None:
    logits = random_logits(seed)
    forbidden = np.random.default_rng(seed).random(logits.shape) < 0.7
    forbidden[:, seed % V] = False
    logits[forbidden] = -np.inf
    p = distribution(logits, temperature, top_k, top_p, min_p)
    assert np.isfinite(p).all()
    assert (p[forbidden] == 0).all()
    ids = draw(p, np.random.default_rng(seed).random(len(p)))
    assert not forbidden[np.arange(len(p)), ids].any()


def test_ids_are_drawn_as_often_as_they_are_likely() -> None:
    p = distribution(random_logits(7, rows=1))
    draws = 100_000
    uniform = np.random.default_rng(0).random(draws)
    counts = np.bincount(draw(np.repeat(p * 7, draws, axis=0), uniform), minlength=V)
    statistic = ((counts - draws * p[0]) ** 2 / (draws * p[0])).sum()
    # chi-square with 11 degrees of freedom: 31.3 is exceeded once in a thousand seeds
    assert statistic < 31.3


def test_evenly_spaced_draws_give_every_id_its_share_exactly() -> None:
    p = distribution(random_logits(8, rows=1))
    draws = 10_000
    uniform = (np.arange(draws) + 0.5) / draws
    counts = np.bincount(draw(np.repeat(p, draws, axis=0), uniform), minlength=V)
    assert np.abs(counts - draws * p[0]).max() <= 1


@pytest.mark.parametrize("uniform", [0.0, 5e-324, 0.5, 1 - 2**-53])
def test_at_the_ends_of_a_draw_only_what_may_come_comes(uniform: float) -> None:
    p = np.array([[0, 0, 1.0, 1e-300, 0], [0, 1e-17, 0, 1, 0], [1, 0, 0, 0, 1e-17], [0, 0, 0, 0, 1]])
    ids = draw(p, np.full(4, uniform))
    assert (p[np.arange(4), ids] > 0).all()


@pytest.mark.parametrize(
    "arguments",
    [
        {"temperature": (-0.1, 1.0)},
        {"temperature": (1.0, math.nan)},
        {"temperature": (1.0, math.inf)},
        {"top_k": 0},
        {"top_p": -0.1},
        {"top_p": 1.1},
        {"min_p": math.nan},
        {"min_p": 2.0},
    ],
)
def test_numbers_out_of_range_are_refused_by_name(arguments: dict[str, float]) -> None:
    (name,) = arguments
    with pytest.raises(ValueError, match=name.replace("_", "-")):
        Choices(**arguments)  # type: ignore[arg-type]


def test_the_temperature_goes_from_its_first_to_its_last() -> None:
    choices = Choices((0.5, 1.1))
    found = choices.temperature_at(np.array([0, 0.5, 1, 7]))
    np.testing.assert_allclose(found, [0.5, 0.8, 1.1, 1.1])


def test_a_whole_number_is_a_temperature_as_well() -> None:
    logits = np.random.default_rng(3).standard_normal((2, 5))
    np.testing.assert_array_equal(probabilities(logits, 1, Choices()), probabilities(logits, 1.0, Choices()))
