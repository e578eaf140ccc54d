import math
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gen.config import ModelConfig
from gen.dataset.token_file import TokenFile
from gen.errors import CorpusError, TrainingError
from gen.kinds import KINDS
from gen.training import plan
from gen.training.plan import Request

TEXT = KINDS["text"].recipe


def text_of(tokens: int) -> TokenFile:
    return TokenFile(Path("nowhere"), tokens, "<u1")


def test_larger_corpora_get_more_units_and_the_user_the_last_word() -> None:
    chosen = [plan.model_config(Request(), TEXT, 10**power, 65).units for power in range(2, 9)]
    assert chosen == sorted(chosen)
    assert (chosen[0], chosen[-1]) == (128, 512)
    assert plan.model_config(Request(), TEXT, 1_003_854, 65).units == 512
    asked = plan.model_config(Request(units=48, layers=3), TEXT, 10**8, 65)
    assert (asked.vocabulary_size, asked.units, asked.layers) == (65, 48, 3)
    assert asked.embedding_size <= 48


def test_a_corpus_that_is_large_enough_gets_what_was_asked_for() -> None:
    assert plan.streams_and_window(Request(batch_size=4, window=16), TEXT, text_of(4 * 16 + 1)) == (4, 16, "")


@given(tokens=st.integers(2, 5000), streams=st.integers(1, 64), window=st.integers(1, 300))
def test_a_small_corpus_shrinks_batch_and_window_and_says_so(tokens: int, streams: int, window: int) -> None:
    request = Request(batch_size=streams, window=window)
    fitting_streams, fitting_window, note = plan.streams_and_window(request, TEXT, text_of(tokens))
    assert 1 <= fitting_streams <= streams
    assert 1 <= fitting_window <= window
    assert fitting_streams * fitting_window <= tokens - 1
    if (fitting_streams, fitting_window) == (streams, window):
        assert note == ""
    else:
        assert streams * window > tokens - 1, "shrunk without need"
        for number in (fitting_streams, fitting_window, streams, window):
            assert str(number) in note


@pytest.mark.parametrize("tokens", [0, 1])
def test_a_corpus_with_nothing_to_predict_is_refused(tokens: int) -> None:
    with pytest.raises(CorpusError, match=f"{tokens} tokens"):
        plan.streams_and_window(Request(), TEXT, text_of(tokens))


def test_zero_is_a_wish_and_not_a_missing_one() -> None:
    assert (
        plan.training_config(Request(dropout=0.0, seed=0), TEXT, 1000, 4, 8, "float32", "float32", 2).dropout
        == 0
    )
    assert plan.training_config(Request(), TEXT, 1000, 4, 8, "float32", "float32", 2).dropout > 0


def test_the_more_often_a_corpus_is_read_the_more_is_dropped() -> None:
    tokens, step = 1_000_000, 2_000
    for few, many in (
        (Request(minutes=3), Request(minutes=10)),
        (Request(steps=1_000), Request(steps=10_000)),
        (Request(epochs=2), Request(epochs=20)),
    ):
        assert plan.dropout(few, TEXT, tokens, step) < plan.dropout(many, TEXT, tokens, step)
    assert plan.dropout(Request(), TEXT, tokens, step) == plan.dropout(
        Request(minutes=10), TEXT, tokens, step
    )
    assert plan.dropout(Request(), TEXT, tokens, step) > plan.dropout(Request(), TEXT, 100 * tokens, step)
    same = {plan.dropout(wish, TEXT, tokens, step) for wish in (Request(steps=1_000), Request(epochs=2.0))}
    assert len(same) == 1, "a thousand steps of this size are two epochs"


@given(steps=st.integers(1, 10_000))
def test_a_number_of_steps_is_kept_and_validated_ten_times_at_most(steps: int) -> None:
    kept, every = plan.length_by_count(steps)
    assert kept == steps
    assert min(steps, 5) <= math.ceil(steps / every) <= 10


seconds = st.floats(1e-4, 1e4)


@given(time=seconds, step=seconds, validation=seconds)
def test_steps_and_validations_fit_the_time_and_fill_it(time: float, step: float, validation: float) -> None:
    assume(time >= step + validation)
    steps, every = plan.length_by_clock(time, step, validation)
    validations = math.ceil(steps / every)
    assert steps >= 1
    assert 1 <= validations <= 20
    assert steps * step + validations * validation <= time * (1 + 1e-9)
    # half of the time at least is spent on steps, unless a validation alone takes more
    assert (steps + 1) * step > min(time / 2, time - validation) * (1 - 1e-9)


@given(time=seconds, step=seconds, validation=seconds)
def test_no_time_for_a_step_and_a_validation_is_an_error(time: float, step: float, validation: float) -> None:
    assume(time < step + validation)
    with pytest.raises(TrainingError, match="before training can begin"):
        plan.length_by_clock(time, step, validation)


def test_an_ordinary_budget_spends_most_of_its_time_on_steps() -> None:
    steps, every = plan.length_by_clock(600.0, 0.1, 3.0)
    assert steps * 0.1 > 0.9 * 600
    assert math.ceil(steps / every) == 12  # 6 % of 600 s


def test_a_model_that_no_memory_holds_is_refused_before_it_is_built() -> None:
    with pytest.raises(TrainingError, match="136,375,245,156 parameters") as caught:
        plan.require_memory(ModelConfig(100, 64, 16384, 64))
    assert "--units" in caught.value.fix
    plan.require_memory(ModelConfig(100, 64, 512, 2))


def test_an_n_gram_takes_a_small_share_of_the_time_or_there_is_none() -> None:
    most = 2_000_000
    assert plan.reference_tokens(Request().budget_s, 1_000_000, 100_000, most) == most
    assert plan.reference_tokens(Request(steps=3).budget_s, 10**9, 1 << 19, most) == most
    assert plan.reference_tokens(Request(epochs=0.1).budget_s, 10**9, 1 << 19, most) == most
    for minutes in (0.1, 1.0, 3.0, 10.0):
        for training, validation in ((1000, 100), (1_000_000, 111_000), (10**9, 1 << 19)):
            learn = plan.reference_tokens(Request(minutes=minutes).budget_s, training, validation, most)
            assert learn == 0 or learn >= min(training, plan.LEAST_REFERENCE_TOKENS)
            if learn:
                share = (learn + validation) / plan.REFERENCE_TOKENS_A_SECOND / (60 * minutes)
                assert share <= plan.REFERENCE_SHARE * (1 + 1e-9)
    assert plan.reference_tokens(Request(minutes=0.25).budget_s, 1_000_000, 111_000, most) == 0
    assert 100_000 < plan.reference_tokens(Request(minutes=1).budget_s, 1_000_000, 111_000, most) < most
    assert plan.reference_tokens(Request(minutes=0.1).budget_s, 1000, 100, most) >= 1000
