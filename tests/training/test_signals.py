import signal

import pytest

from gen.training.signals import stop_on_signals
from tests.calling import skip_if_ignored

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.mark.parametrize("number", CODES)
def test_the_first_signal_is_noted_and_the_handlers_come_back(number: signal.Signals) -> None:
    skip_if_ignored(number)
    before = [signal.getsignal(each) for each in CODES]
    with stop_on_signals() as request:
        assert request.exit_code == 128
        signal.raise_signal(number)
        assert request.signal == number
        assert request.exit_code == CODES[number]
        assert [signal.getsignal(each) for each in CODES] == before
    with stop_on_signals():
        assert signal.getsignal(number) not in before
    assert [signal.getsignal(each) for each in CODES] == before


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_on_signals() as request:
            signal.raise_signal(signal.SIGHUP)
            assert request.signal is None
    finally:
        signal.signal(signal.SIGHUP, before)
