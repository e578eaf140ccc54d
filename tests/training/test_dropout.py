from itertools import combinations
from typing import Any

import numpy as np
import pytest

from gen.model.kernels import tf
from gen.training.dropout import Dropout
from tests.training.plain_network import Array

T, N, D = 20, 6, 37  # D is no multiple of the four bytes in a word


def dropped(
    values: Array,
    rate: float = 0.5,
    seed: int = 1,
    step: int = 2,
    first: int = 0,
    site: int = 0,
    input_rate: float | None = None,
) -> Array:
    """What is left of values (T, N, D)."""
    dropout = Dropout(rate, input_rate, seed, tf.constant(step, tf.int64), first)
    streams_last = tf.constant(values.transpose(0, 2, 1), tf.float32)
    result: Array = dropout(streams_last, site).numpy().transpose(0, 2, 1)
    return result


ONES = np.ones((T, N, D), np.float32)


@pytest.mark.parametrize("first", range(N))
def test_a_stream_has_the_same_mask_wherever_the_batch_is_cut(first: int) -> None:
    whole = dropped(ONES)
    np.testing.assert_array_equal(dropped(ONES[:, first:], first=first), whole[:, first:])
    np.testing.assert_array_equal(
        dropped(ONES[:, first : first + 1], first=first), whole[:, first : first + 1]
    )


def test_masks_differ_between_seeds_steps_sites_and_streams() -> None:
    places: list[dict[str, Any]] = [
        {},
        {"seed": 2},
        {"seed": 1 << 54},
        {"step": 3},
        {"step": 1 << 20},
        {"site": 1},
        {"site": 2},
        {"first": N},
        {"first": 1 << 16},
    ]
    masks = [dropped(ONES, **place) > 0 for place in places]
    streams = [mask[:, stream] for mask in masks for stream in range(N)]
    for one, other in combinations(streams, 2):
        # independent masks agree on half of their T·D = 740 values, give or take 18; here up to 5 times that
        assert abs(np.mean(one == other) - 0.5) < 5 * 0.5 / np.sqrt(T * D)


def test_masks_differ_between_time_steps() -> None:
    mask = dropped(ONES) > 0
    assert len({mask[t].tobytes() for t in range(T)}) == T


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.9])
def test_the_rate_is_right_and_the_mean_stays(rate: float) -> None:
    result = dropped(np.ones((400, N, D), np.float32), rate)
    in_256ths = round(256 * rate) / 256
    kept = 1 / (1 - in_256ths)
    assert set(np.unique(result).tolist()) == {0.0, float(np.float32(kept))}
    deviation = np.sqrt(in_256ths * (1 - in_256ths) / result.size)
    assert abs(np.mean(result == 0) - in_256ths) < 4 * deviation
    assert abs(np.mean(result) - 1) < 4 * deviation * kept


def test_what_is_kept_is_scaled_and_nothing_else() -> None:
    values = np.random.default_rng(4).standard_normal((T, N, D)).astype(np.float32)
    result = dropped(values, rate=0.25)
    np.testing.assert_array_equal(
        result, np.where(dropped(ONES, rate=0.25) > 0, values * np.float32(4 / 3), 0)
    )


def test_the_input_has_a_rate_of_its_own() -> None:
    for site, rate in ((0, 0.25), (1, 0.5), (2, 0.5)):
        np.testing.assert_array_equal(
            dropped(ONES, rate=0.5, site=site, input_rate=0.25), dropped(ONES, rate=rate, site=site)
        )
    np.testing.assert_array_equal(dropped(ONES, input_rate=0.0), ONES)


def test_zero_drops_nothing() -> None:
    values = np.random.default_rng(5).standard_normal((T, N, D)).astype(np.float32)
    np.testing.assert_array_equal(dropped(values, rate=0.0), values)
