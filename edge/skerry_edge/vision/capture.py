"""The capture policy of a source of pictures: every item, or the newest one with the others counted."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from skerry_edge.foundation.wall_clock import unix_ms

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
DROPPED_BUSY = "busy"
"""A newer item came while the pipeline worked on an earlier one."""
DROPPED_RATE = "rate-limit"
"""A newer item came while the pipeline kept to its ``max_fps``."""
DROPPED_DAMAGED = "damaged"
"""The item was not whole."""
CLOSE_S = 1.3
"""A program has a second to let go of its camera when it is asked to (`StreamProgram`); then it is killed."""


class EndOfSourceError(Exception):
    """The source has no more items; how a capture ends, not a failure."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Captured(Generic[T_co]):
    """An item and when it was captured: on the monotonic clock, on the wall clock, and how long that took.

    What a file gives took as long as it was read; what a camera gives took from its capture until it was here.
    """

    item: T_co
    at_s: float
    ts_ms: int
    took_ms: float


class Capture(Protocol[T_co]):
    """A source under a policy."""

    def take(self, timeout_s: float) -> Captured[T_co] | None:
        """Return the next item, or None when there is none within ``timeout_s``.

        Raises EndOfSourceError after the last one, and what the source raises.
        """
        ...

    def drops(self) -> dict[str, int]:
        """Return what was dropped since the last call, by cause."""
        ...

    def close(self) -> None:
        """Stop reading the source."""
        ...


class FileCapture(Generic[T]):
    """Every item, at most ``max_fps`` of them a second."""

    def __init__(self, items: Iterator[T], *, max_fps: float | None) -> None:
        self._items = items
        self._slots = Slots(max_fps)

    def take(self, timeout_s: float) -> Captured[T] | None:
        """Return the next item (see Capture)."""
        if not self._slots.wait(timeout_s, pause=time.sleep):
            return None
        return _read(self._items)

    def drops(self) -> dict[str, int]:
        """Return nothing: every item is processed."""
        return {}

    def close(self) -> None:
        """Do nothing: nothing reads ahead."""


class LiveCapture(Generic[T]):
    """The newest item; a thread reads the source at its own pace and replaces what was not taken in time.

    ``due_s`` gives an item's time in the source in seconds, which a file is paced by; None for a source that has a
    pace of its own, whose ``captured_s`` gives an item's capture on the monotonic clock. What is not ``is_whole`` is
    dropped. ``interrupt`` ends a wait for the next item, where the source can; another thread calls it.
    """

    def __init__(
        self,
        items: Generator[T, None, None],
        *,
        max_fps: float | None,
        due_s: Callable[[T], float] | None = None,
        captured_s: Callable[[T], float | None] = lambda _: None,
        is_whole: Callable[[T], bool] = lambda _: True,
        interrupt: Callable[[], None] = lambda: None,
    ) -> None:
        self._items = items
        self._interrupt = interrupt
        self.heard_s = time.monotonic()
        """When the source last gave an item, whole or damaged, wanted or not (monotonic seconds)."""
        self._due_s = due_s
        self._captured_s = captured_s
        self._is_whole = is_whole
        self._slots = Slots(max_fps)
        self._mailbox: Mailbox[Captured[T]] = Mailbox()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read_on, name="capture", daemon=True)
        self._thread.start()

    def take(self, timeout_s: float) -> Captured[T] | None:
        """Return the newest item that was not taken yet (see Capture)."""
        self._mailbox.cause = DROPPED_RATE
        if not self._slots.wait(timeout_s, pause=self._stop.wait):
            return None
        captured = self._mailbox.take(timeout_s)
        self._mailbox.cause = DROPPED_BUSY
        return captured

    def drops(self) -> dict[str, int]:
        """Return what was replaced before it was taken."""
        return self._mailbox.take_drops()

    @property
    def is_reading(self) -> bool:
        """Whether the thread is still there."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop reading, and return when the source is let go of; one that hangs in a read is left behind."""
        self.abandon()
        self._thread.join(CLOSE_S)

    def abandon(self) -> None:
        """Have the thread stop as soon as it can, without waiting for it."""
        self._stop.set()
        self._interrupt()

    def _read_on(self) -> None:
        try:
            with closing(self._items):
                self._read_all()
        except Exception as error:  # noqa: BLE001  # the thread's outermost loop: what ended the reading is the taker's
            self._mailbox.end(error)

    def _read_all(self) -> None:
        began_s = time.monotonic()
        while not self._stop.is_set():
            captured = _read(self._items)
            self.heard_s = captured.at_s
            if not self._is_whole(captured.item):
                self._mailbox.count(DROPPED_DAMAGED)
                continue
            if self._due_s is not None:
                early_s = began_s + self._due_s(captured.item) - time.monotonic()
                if early_s > 0 and self._stop.wait(early_s):
                    return
                captured = _now(captured.item, captured.took_ms)
            self._mailbox.put(_dated(captured, self._captured_s(captured.item)))


def _read(items: Iterator[T]) -> Captured[T]:
    began_s = time.monotonic()
    try:
        item = next(items)
    except StopIteration:
        raise EndOfSourceError from None
    return _now(item, (time.monotonic() - began_s) * 1e3)


def _now(item: T, took_ms: float) -> Captured[T]:
    return Captured(item=item, at_s=time.monotonic(), ts_ms=unix_ms(), took_ms=took_ms)


def _dated(captured: Captured[T], captured_s: float | None) -> Captured[T]:
    """Return ``captured`` with the time that its source gives it, where that knows better than who read it."""
    if captured_s is None:
        return captured
    age_s = time.monotonic() - captured_s
    ts_ms = unix_ms(ago_s=age_s)
    return Captured(item=captured.item, at_s=captured_s, ts_ms=ts_ms, took_ms=age_s * 1e3)


class Slots:
    """Spreads work so that it begins at most ``max_fps`` times a second; None is no limit."""

    def __init__(self, max_fps: float | None) -> None:
        self._interval_s = 1.0 / max_fps if max_fps else 0.0
        self._next_s = 0.0

    def wait(self, timeout_s: float, *, pause: Callable[[float], object]) -> bool:
        """Wait for the next slot and take it; False when it is not within ``timeout_s``."""
        early_s = self._next_s - time.monotonic()
        if early_s > 0:
            pause(min(early_s, timeout_s))
        now_s = time.monotonic()
        if now_s < self._next_s:
            return False
        self._next_s = now_s + self._interval_s
        return True


class Mailbox(Generic[T]):
    """A place for one item between two threads: a newer one replaces it and is counted under ``cause``."""

    def __init__(self) -> None:
        self.cause = DROPPED_BUSY
        self._item: T | None = None
        self._end: Exception | None = None
        self._drops: Counter[str] = Counter()
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        """Leave an item, in place of one that nobody took."""
        with self._changed:
            if self._item is not None:
                self._drops[self.cause] += 1
            self._item = item
            self._changed.notify()

    def count(self, cause: str) -> None:
        """Count an item that was dropped before it came here."""
        with self._changed:
            self._drops[cause] += 1

    def end(self, error: Exception) -> None:
        """Say that no more items come, and why; what lies there can still be taken."""
        with self._changed:
            self._end = error
            self._changed.notify()

    def take(self, timeout_s: float) -> T | None:
        """Return the item, or None when none comes in time. Raises the error that the other side ended with."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._end is not None, timeout_s)
            item, self._item = self._item, None
            if item is None and self._end is not None:
                raise self._end
            return item

    def take_drops(self) -> dict[str, int]:
        """Return the counts since the last call, by cause."""
        with self._changed:
            drops = dict(self._drops)
            self._drops.clear()
            return drops
