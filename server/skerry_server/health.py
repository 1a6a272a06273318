"""How the server is: which of the programs it stands on work, and what went through. Read by API and dashboard."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

PartName = Literal["broker", "store", "registry"]
LOG = logging.getLogger(__name__)
RATE_WINDOW_S = 10.0


def now_ms() -> int:
    """Return the wall clock in Unix milliseconds, for records; liveness goes by the monotonic clock."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Whether one thing that the server needs works, since when, and what it said last."""

    is_ok: bool
    detail: str
    since_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Messages since the server started; ``waiting`` are received and not yet durable."""

    received: int
    durable: int
    dead: int
    waiting: int
    per_second: float


@dataclass
class Health:
    """The parts and counts; may be written and read from any thread."""

    _parts: dict[PartName, Part] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _received: int = 0
    _durable: int = 0
    _dead: int = 0
    _recent: deque[tuple[float, int]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        names: tuple[PartName, ...] = ("broker", "store", "registry")
        for name in names:
            self._parts[name] = Part(is_ok=False, detail="not reached yet", since_ms=now_ms())

    def works(self, name: PartName, detail: str) -> None:
        """Note that a part works."""
        self._set(name, detail, is_ok=True)

    def fails(self, name: PartName, detail: str) -> None:
        """Note that a part does not work, and why."""
        self._set(name, detail, is_ok=False)

    def receive(self) -> None:
        """Count a message that came from the broker."""
        with self._lock:
            self._received += 1

    def settle(self, *, durable: int, dead: int) -> None:
        """Count messages that became durable, and how many of them as dead letters."""
        with self._lock:
            self._durable += durable
            self._dead += dead
            self._recent.append((time.monotonic(), durable))

    def parts(self) -> dict[PartName, Part]:
        """Return all parts."""
        with self._lock:
            return dict(self._parts)

    def is_ok(self) -> bool:
        """Tell whether everything works."""
        return all(part.is_ok for part in self.parts().values())

    def counts(self) -> Counts:
        """Return what went through."""
        with self._lock:
            edge = time.monotonic() - RATE_WINDOW_S
            while self._recent and self._recent[0][0] < edge:
                self._recent.popleft()
            return Counts(
                received=self._received,
                durable=self._durable,
                dead=self._dead,
                waiting=max(0, self._received - self._durable),
                per_second=sum(count for _, count in self._recent) / RATE_WINDOW_S,
            )

    def _set(self, name: PartName, detail: str, *, is_ok: bool) -> None:
        with self._lock:
            before = self._parts[name]
            since_ms = before.since_ms if before.is_ok == is_ok else now_ms()
            self._parts[name] = Part(is_ok=is_ok, detail=detail, since_ms=since_ms)
        if before.is_ok != is_ok or (not is_ok and before.detail != detail):
            LOG.log(logging.INFO if is_ok else logging.WARNING, "%s: %s", name, detail)
