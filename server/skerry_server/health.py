"""How the server is: which of the programs it stands on work, and what went through. Read by API and dashboard."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from skerry_server.metrics import AlertMetrics, IngestMetrics

PartName = Literal["broker", "store", "registry", "spool"]
PARTS: tuple[PartName, ...] = ("broker", "store", "registry", "spool")
LOG = logging.getLogger(__name__)
RATE_WINDOW_S = 10.0
STUCK_AFTER_S = 120.0
"""The longest wait of a write is bounded by the time-outs of store and registry, far below this."""


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
    spooled: int
    waiting: int
    per_second: float


class Health:
    """The parts that this process needs, and its figures; may be written and read from any thread.

    ``worker`` is the name of the worker that it is.
    """

    def __init__(self, parts: Iterable[PartName] = PARTS, *, worker: str = "") -> None:
        self.worker = worker
        self.metrics = IngestMetrics()
        self.alerts = AlertMetrics()
        self._parts = {name: Part(is_ok=False, detail="not reached yet", since_ms=now_ms()) for name in parts}
        self._remarks: dict[str, str] = {}
        self._lock = threading.Lock()
        self._recent: deque[tuple[float, int]] = deque()
        self._turned_s: float | None = None
        self._oldest_ms: Callable[[], int | None] = lambda: None

    def works(self, name: PartName, detail: str) -> None:
        """Note that a part works."""
        self._set(name, detail, is_ok=True)

    def fails(self, name: PartName, detail: str) -> None:
        """Note that a part does not work, and why."""
        self._set(name, detail, is_ok=False)

    def settle(self, count: int) -> None:
        """Count messages that became durable."""
        self.metrics.durable.add(count)
        with self._lock:
            self._recent.append((time.monotonic(), count))
            # Here and not where it is read: a worker may run for months without anybody who asks.
            self._drop_old()

    def remark(self, name: str, detail: str | None) -> None:
        """Note what is wrong with something that the server can do without, None where nothing is any more."""
        with self._lock:
            before = self._remarks.pop(name, None)
            if detail is not None:
                self._remarks[name] = detail
        if detail is not None and before is None:
            LOG.warning("%s: %s", name, detail)

    def remarks(self) -> dict[str, str]:
        """Return what is wrong with what the server can do without, by its name."""
        with self._lock:
            return dict(self._remarks)

    def parts(self) -> dict[PartName, Part]:
        """Return all parts."""
        with self._lock:
            return dict(self._parts)

    def is_ok(self) -> bool:
        """Tell whether everything works."""
        return all(part.is_ok for part in self.parts().values())

    def turned(self, *, under_way_since_s: float | None = None) -> None:
        """Note that the thread that writes has come round.

        ``under_way_since_s`` (monotonic) is when a write began that another thread waits for, None where there is none.
        """
        self._turned_s = time.monotonic() if under_way_since_s is None else under_way_since_s

    def is_alive(self) -> bool:
        """Tell whether this process gets on with its work, whatever else is away; where not, a new start may help."""
        return self._turned_s is None or time.monotonic() - self._turned_s < STUCK_AFTER_S

    def follow(self, oldest_ms: Callable[[], int | None]) -> None:
        """Ask ``oldest_ms`` when the oldest message was received that is not durable (Unix ms, None where all are)."""
        self._oldest_ms = oldest_ms

    def waits_s(self) -> float:
        """Return for how long the oldest message that is not durable has waited, 0 where there is none."""
        oldest_ms = self._oldest_ms()
        return 0.0 if oldest_ms is None else max(0.0, (now_ms() - oldest_ms) / 1e3)

    def hears(self) -> bool:
        """Tell whether what devices send can reach the registry; whether it does in time, `waits_s` tells."""
        parts = self.parts()
        return all(parts[name].is_ok for name in ("broker", "registry") if name in parts)

    def counts(self) -> Counts:
        """Return what went through."""
        with self._lock:
            self._drop_old()
            recent = sum(count for _, count in self._recent)
        received, durable = self.metrics.received.value, self.metrics.durable.value
        return Counts(
            received=received,
            durable=durable,
            dead=sum(self.metrics.dead.values().values()),
            spooled=self.metrics.spooled.value,
            waiting=max(0, received - durable),
            per_second=recent / RATE_WINDOW_S,
        )

    def _drop_old(self) -> None:
        edge_s = time.monotonic() - RATE_WINDOW_S
        while self._recent and self._recent[0][0] < edge_s:
            self._recent.popleft()

    def _set(self, name: PartName, detail: str, *, is_ok: bool) -> None:
        with self._lock:
            before = self._parts[name]
            since_ms = before.since_ms if before.is_ok == is_ok else now_ms()
            self._parts[name] = Part(is_ok=is_ok, detail=detail, since_ms=since_ms)
        if before.is_ok != is_ok or (not is_ok and before.detail != detail):
            LOG.log(logging.INFO if is_ok else logging.WARNING, "%s: %s", name, detail)
