import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.training.schedule import learning_rate
from tests.training.tiny import training_config

PEAK = 0.008


def rates(steps: int, warmup_steps: int) -> list[float]:
    config = training_config(steps=steps, warmup_steps=warmup_steps, learning_rate=PEAK)
    return [learning_rate(step, config) for step in range(steps)]


def test_the_rate_rises_in_equal_parts_to_the_peak() -> None:
    assert rates(100, 10)[:10] == pytest.approx([PEAK * k / 10 for k in range(1, 11)])


def test_the_rate_falls_along_a_cosine_to_a_hundredth() -> None:
    curve = rates(1010, 10)
    low = PEAK / 100
    assert curve[10] == PEAK
    assert curve[10 + 500] == pytest.approx((PEAK + low) / 2)
    assert curve[10 + 250] - low == pytest.approx((PEAK - low) * (2 + math.sqrt(2)) / 4)
    assert curve[-1] == pytest.approx(low, rel=1e-3)


@given(steps=st.integers(1, 300), data=st.data())
def test_up_then_down_and_never_zero(steps: int, data: st.DataObject) -> None:
    warmup = data.draw(st.integers(0, steps))
    curve = rates(steps, warmup)
    assert curve[:warmup] == sorted(curve[:warmup])
    assert curve[warmup:] == sorted(curve[warmup:], reverse=True)
    assert max(curve) == PEAK
    assert min(curve) > 0
