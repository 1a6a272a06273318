"""Ctrl-C and SIGTERM while a run trains: a request to save and end, not an end in the middle of a step."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Whether somebody asked for the end."""

    made = False


@contextmanager
def stop_on_signal() -> Iterator[StopRequest]:
    """Let the first of the signals make the request; a second one ends the process as it always would."""
    request = StopRequest()
    before = {one: signal.getsignal(one) for one in _SIGNALS}

    def note(number: int, _frame: object) -> None:
        request.made = True
        signal.signal(number, before[signal.Signals(number)])

    for one in _SIGNALS:
        signal.signal(one, note)
    try:
        yield request
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
