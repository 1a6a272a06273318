"""Signals that end a process at once end the work in order instead, so that what is half made is cleared away."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let signals that would end the process at once end the body by SystemExit, so that it can clean up."""
    with ExitStack() as stack:
        for number in _ENDING if threading.current_thread() is threading.main_thread() else ():
            # A run under nohup ignores SIGHUP, and goes on doing so.
            if signal.getsignal(number) is signal.SIG_DFL:
                stack.callback(signal.signal, number, signal.signal(number, _end))
        yield


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
