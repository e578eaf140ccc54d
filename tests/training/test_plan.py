import math
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gen.config import ModelConfig, Recipe, TrainingConfig
from gen.dataset.token_file import TokenFile
from gen.errors import CorpusError, TrainingError
from gen.kinds import KINDS
from gen.training import plan
from gen.training.plan import Request

TEXT = KINDS["text"].recipe


def text_of(tokens: int) -> TokenFile:
    return TokenFile(Path("nowhere"), tokens, "<u1")


def shape(request: Request, tokens: int) -> ModelConfig:
    return plan.model_config(request, TEXT, tokens, 2048, 65)


def chosen(request: Request, tokens: int, recipe: Recipe = TEXT) -> TrainingConfig:
    return plan.training_config(request, recipe, tokens, 20, 100, "float32", "float32", 2)


def test_larger_corpora_get_more_units_and_the_user_the_last_word() -> None:
    units = [shape(Request(), 10**power).units for power in range(2, 9)]
    assert units == sorted(units)
    assert (units[0], units[-1]) == (128, 512)
    assert shape(Request(), 1_003_854).units == 512
    sizes = (100, 10**4, 10**5, 250_000, 700_000, 10**6, 10**8)
    assert [shape(Request(), tokens).units for tokens in sizes] == [128, 128, 256, 512, 512, 512, 512]
    asked = shape(Request(units=48, layers=3), 10**8)
    assert (asked.vocabulary_size, asked.units, asked.layers) == (65, 48, 3)
    assert asked.embedding_size <= 48


def test_more_units_need_both_the_time_and_the_text_to_fill_them() -> None:
    hour = Request(minutes=60)
    assert (shape(hour, 10**6).units, shape(Request(), 10**6).units) == (1024, 512)
    assert shape(hour, 10**7).units == 512, "too few passes"
    assert (shape(hour, 10**5).units, shape(hour, 5 * 10**5).units) == (256, 512), "learned by heart"
    assert shape(Request(minutes=60, units=512), 10**6).units == 512
    assert shape(hour, 10**6).layers == shape(Request(), 10**6).layers == 1


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
    assert chosen(Request(dropout=0.0), 1000).dropout == 0
    assert chosen(Request(dropout=0.0), 1000).input_dropout == 0
    assert chosen(Request(), 1000).dropout > 0


def test_of_the_embedding_of_characters_a_fifth_as_much_is_dropped_and_of_that_of_notes_as_much() -> None:
    request = Request(dropout=0.5)
    assert chosen(request, 1000).input_dropout == pytest.approx(0.1)
    assert chosen(request, 1000, KINDS["music"].recipe).input_dropout == 0.5


@pytest.mark.parametrize(
    ("epochs", "rate", "dropout", "decay", "penalty"),
    [
        (3, 8e-3, 0.1, 0.01, 0.0),
        (4, 8e-3, 0.2, 0.1, 0.0),
        (11, 8e-3, 0.2, 0.1, 0.0),
        (12, 6e-3, 0.4, 0.3, 0.1),
        (29, 6e-3, 0.4, 0.3, 0.1),
        (30, 6e-3, 0.5, 0.3, 0.1),
    ],
)
def test_what_a_text_is_given_by_how_often_it_will_be_read(
    epochs: float, rate: float, dropout: float, decay: float, penalty: float
) -> None:
    config = chosen(Request(epochs=epochs), 1_000_000)
    given = (config.learning_rate, config.dropout, config.weight_decay, config.confidence_penalty)
    assert given == (rate, dropout, decay, penalty)
    assert chosen(Request(epochs=epochs), 1_000_000, KINDS["music"].recipe).confidence_penalty == 0


def test_the_more_often_a_corpus_is_read_the_more_is_dropped_and_the_slower_it_learns() -> None:
    tokens = 1_000_000
    for few, many in (
        (Request(minutes=3), Request(minutes=60)),
        (Request(steps=1_000), Request(steps=30_000)),
        (Request(epochs=2), Request(epochs=60)),
        (Request(), Request(minutes=100)),
    ):
        assert chosen(few, tokens).dropout < chosen(many, tokens).dropout
        assert chosen(few, tokens).learning_rate > chosen(many, tokens).learning_rate
        assert chosen(few, tokens).weight_decay < chosen(many, tokens).weight_decay
        assert chosen(few, tokens).confidence_penalty < chosen(many, tokens).confidence_penalty
    assert chosen(Request(), tokens) == chosen(Request(minutes=10), tokens)
    assert chosen(Request(), tokens).dropout > chosen(Request(), 100 * tokens).dropout
    assert chosen(Request(steps=1_000), tokens) == chosen(Request(epochs=2.0), tokens), "both are two passes"


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
