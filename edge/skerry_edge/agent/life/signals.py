"""The signals that the agent obeys: noted by a handler, acted on by the loop that it wakes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from skerry_edge.agent.life.waker import Waker
from skerry_edge.foundation.signal_names import signal_name


class Signals:
    """What the process was asked to do since it was last looked at; ``waker`` wakes the loop."""

    def __init__(self) -> None:
        self.waker = Waker()
        self.stop: str | None = None
        """The signal that asked the agent to end."""
        self._reload = False

    def note(self, number: int, frame: object) -> None:  # noqa: ARG002  # a signal handler's signature
        """Handle a signal."""
        if number == signal.SIGHUP:
            self._reload = True
        else:
            self.stop = signal_name(number)
        self.waker.wake()

    def take_reload(self) -> bool:
        """Tell whether the configuration is to be read again, once for each time that it was asked for."""
        wanted, self._reload = self._reload, False
        return wanted


@contextmanager
def noted_signals() -> Iterator[Signals]:
    """Note SIGTERM, SIGINT and SIGHUP during the body, in place of what they did before."""
    signals = Signals()
    with ExitStack() as stack:
        stack.callback(signals.waker.close)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            stack.callback(signal.signal, number, signal.signal(number, signals.note))
        yield signals
