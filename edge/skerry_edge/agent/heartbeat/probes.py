"""Reading what may never answer: each reading has a thread of its own, so one that hangs holds up nobody."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

_log = logging.getLogger(__name__)
T = TypeVar("T")
STUCK_AFTER_S = 15.0
"""Sixteen 1-wire thermometers on one bus answer one after the other, each after 0.75 s; a bus that hangs never does."""
PERIOD_S = 10.0


class Probe(Generic[T]):
    """Something to read. There is one reading at a time: while one hangs in the kernel, no other is begun."""

    def __init__(
        self, name: str, read: Callable[[], T | None], *, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare; ``read`` returns None, or raises OSError, where there is nothing to be read now."""
        self.name = name
        self._read = read
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._answered = threading.Event()
        self._answer: T | None = None
        self._asked_s: float | None = None

    def ask(self) -> None:
        """Begin a reading, unless one is under way; never waits."""
        with self._lock:
            if self._asked_s is not None:
                return
            self._asked_s = self._clock_s()
        try:
            threading.Thread(target=self._run, name=f"probe {self.name}", daemon=True).start()
        except RuntimeError as error:
            _log.warning("%s cannot be read now: %s", self.name, error)
            self._finish(None)

    @property
    def under_way(self) -> bool:
        """Whether a reading has begun and not ended."""
        with self._lock:
            return self._asked_s is not None

    @property
    def is_stuck(self) -> bool:
        """Whether a reading has taken longer than STUCK_AFTER_S and still does."""
        with self._lock:
            return self._asked_s is not None and self._clock_s() - self._asked_s > STUCK_AFTER_S

    def answer(self) -> T | None:
        """Return what the last reading gave; None where there is none, it gave nothing, or the probe is stuck."""
        return None if self.is_stuck else self._answer

    def wait(self, timeout_s: float) -> None:
        """Wait until the first reading has ended, at most ``timeout_s``."""
        self._answered.wait(max(0.0, timeout_s))

    def _run(self) -> None:
        answer = None
        try:
            answer = self._read()
        except OSError as error:
            _log.debug("%s cannot be read: %s", self.name, error)
        except Exception:  # noqa: BLE001  # the thread's outermost frame: one sensor's fault must not end its probe
            _log.exception("reading %s failed", self.name)
        self._finish(answer)

    def _finish(self, answer: T | None) -> None:
        with self._lock:
            self._answer, self._asked_s = answer, None
        self._answered.set()


class Sampler:
    """Asks every probe every ``period_s`` from a thread of its own, from `start` to `close`."""

    def __init__(self, probes: Sequence[Probe[Any]], *, period_s: float = PERIOD_S) -> None:
        self._probes = probes
        self._period_s = period_s
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self, patience_s: float) -> None:
        """Ask all for the first time and wait for their answers, ``patience_s`` in all; then go on aside."""
        end_s = time.monotonic() + patience_s
        for probe in self._probes:
            probe.ask()
        for probe in self._probes:
            probe.wait(end_s - time.monotonic())
        self._thread.start()

    def watch(self, probes: Sequence[Probe[Any]]) -> None:
        """Ask these from now on, for the first time at once; never waits."""
        self._probes = probes
        for probe in probes:
            probe.ask()

    def stuck(self) -> list[str]:
        """Return the names of the probes that hang."""
        return [probe.name for probe in self._probes if probe.is_stuck]

    def close(self) -> None:
        """Ask no more."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(self._period_s):
            for probe in self._probes:
                probe.ask()
