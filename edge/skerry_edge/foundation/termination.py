"""Signals that ask for the end: the work is unwound in order, or finishes its step first, and clears up either way."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import FrameType
from typing import Any

Handler = Any
"""What `signal.getsignal` returns."""
_ENDING = (signal.SIGTERM, signal.SIGHUP)
_ASKING = (signal.SIGINT, *_ENDING)
_AT_ONCE = (signal.SIG_DFL, signal.default_int_handler)
"""What ends a process where nobody has said otherwise; a run under nohup ignores SIGHUP, and goes on doing so."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let signals that would end the process at once end the body by SystemExit, so that it can clean up."""
    with ExitStack() as stack:
        for number in _ENDING if _is_main_thread() else ():
            if signal.getsignal(number) is signal.SIG_DFL:
                stack.callback(signal.signal, number, signal.signal(number, _end))
        yield


class StopRequest:
    """Whether a signal asked for the end."""

    def __init__(self) -> None:
        self._number: int | None = None

    @property
    def is_made(self) -> bool:
        """Whether it did."""
        return self._number is not None

    def obey(self) -> None:
        """End the work if a signal asked for it: raise KeyboardInterrupt for SIGINT, SystemExit for the others."""
        if self._number == signal.SIGINT:
            raise KeyboardInterrupt
        if self._number is not None:
            raise SystemExit(128 + self._number)

    def note(self, number: int) -> None:
        """Make the request."""
        self._number = number


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Turn the first signal that asks for the end into a request, which the body looks at between two steps.

    An exception in the middle of a step may be lost in foreign code that called us, or leave half a step behind. The
    second signal ends the process as it always would.
    """
    request = StopRequest()
    with ExitStack() as stack:
        for number in _ASKING if _is_main_thread() else ():
            before = signal.getsignal(number)
            if before in _AT_ONCE:
                stack.callback(signal.signal, number, before)
                signal.signal(number, partial(_note, request, before))
        yield request


def _note(request: StopRequest, before: Handler, number: int, _frame: FrameType | None) -> None:
    request.note(number)
    signal.signal(number, before)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
