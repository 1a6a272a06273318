"""A signal that asks for the end unwinds the work, and is ignored where the user said so."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from skerry_edge.foundation.termination import ended_by_signals, stop_requests

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_unwinds_the_body_and_what_held_before_holds_again(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)
    with pytest.raises(SystemExit) as ended, ended_by_signals():
        signal.raise_signal(number)
    assert ended.value.code == 128 + number
    assert signal.getsignal(number) == signal.SIG_DFL


def test_what_nohup_asked_for_stands() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with ended_by_signals():
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit), (signal.SIGHUP, SystemExit)]
)
def test_a_request_waits_until_the_body_looks(number: signal.Signals, kind: type[BaseException]) -> None:
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    before = signal.getsignal(number)
    with stop_requests() as stop:
        assert not stop.is_made
        stop.obey()
        signal.raise_signal(number)
        assert stop.is_made
        assert signal.getsignal(number) == before, "the second one ends the process"
        with pytest.raises(kind):
            stop.obey()
    assert signal.getsignal(number) == before


def test_requests_do_not_overrule_who_handles_or_ignores_the_signal() -> None:
    got = []
    signal.signal(signal.SIGTERM, lambda number, _frame: got.append(number))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with stop_requests() as stop:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)
        assert not stop.is_made
    assert got == [signal.SIGTERM]
