"""Figures that a process keeps of itself, in Prometheus's terms: counters, gauges, histograms, and what they mean."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable, Sequence

BATCH_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BATCH_MESSAGES = (1, 5, 10, 50, 100, 500, 1_000, 2_500, 5_000)
REFUSALS = ("topic", "oversize", "encoding", "schema", "identity", "cardinality", "time", "store", "internal")
"""Why messages become dead letters; the first five are WireError's."""
LAG_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)


class Counter:
    """A number that only rises."""

    def __init__(self, name: str, help_text: str) -> None:
        self.name = name
        self.help = help_text
        self._value = 0
        self._lock = threading.Lock()

    @property
    def value(self) -> int:
        """What was counted so far."""
        return self._value

    def add(self, count: int = 1) -> None:
        """Count ``count`` more."""
        with self._lock:
            self._value += count


class LabelledCounter:
    """Counters told apart by one label, whose values are few and our own.

    Those of ``values`` are there from the start with 0: what waits for a counter to rise misses the first of one that
    begins to be with 1.
    """

    def __init__(self, name: str, help_text: str, *, label: str, values: Iterable[str] = ()) -> None:
        self.name = name
        self.help = help_text
        self.label = label
        self._values: dict[str, int] = dict.fromkeys(values, 0)
        self._lock = threading.Lock()

    def values(self) -> dict[str, int]:
        """Return what was counted so far, by the label's value."""
        with self._lock:
            return dict(self._values)

    def add(self, value: str, count: int = 1) -> None:
        """Count ``count`` more under the label's ``value``; 0 has it be there."""
        with self._lock:
            self._values[value] = self._values.get(value, 0) + count


class Gauge:
    """A number that rises and falls."""

    def __init__(self, name: str, help_text: str) -> None:
        self.name = name
        self.help = help_text
        self.value = 0.0


class Histogram:
    """How often a value was at most each of ``bounds``, cumulated as Prometheus wants it, and their sum."""

    def __init__(self, name: str, help_text: str, *, bounds: Sequence[float]) -> None:
        self.name = name
        self.help = help_text
        self.bounds = tuple(bounds)
        self._counts = [0] * (len(self.bounds) + 1)
        self._sum = 0.0
        self._lock = threading.Lock()

    def observe(self, value: float) -> None:
        """Note one value."""
        with self._lock:
            self._counts[bisect_left(self.bounds, value)] += 1
            self._sum += value

    def read(self) -> tuple[list[tuple[str, int]], float]:
        """Return (upper bound, values up to it) in rising order, the last for `+Inf`, and the sum of all values."""
        with self._lock:
            counts, total = list(self._counts), self._sum
        names = [*(f"{bound:g}" for bound in self.bounds), "+Inf"]
        cumulated, seen = [], 0
        for name, count in zip(names, counts, strict=True):
            seen += count
            cumulated.append((name, seen))
        return cumulated, total


class IngestMetrics:
    """What ingest counts of itself; ``all`` is what an exporter walks over."""

    def __init__(self) -> None:
        self.received = Counter("skerry_ingest_received_total", "Messages that came from the broker.")
        self.durable = Counter("skerry_ingest_durable_total", "Messages that were made durable and acknowledged.")
        self.stored = Counter("skerry_ingest_points_total", "Points that the time-series store took.")
        self.spooled = Counter("skerry_ingest_spooled_total", "Messages written to the spool.")
        self.replayed = Counter("skerry_ingest_replayed_total", "Messages replayed from the spool.")
        self.dead = LabelledCounter(
            "skerry_ingest_dead_total", "Messages that became dead letters.", label="reason", values=REFUSALS
        )
        self.trimmed = LabelledCounter(
            "skerry_ingest_trimmed_total",
            "Dead letters that were deleted to make room before replay.",
            label="reason",
            values=REFUSALS,
        )
        self.waiting = Gauge("skerry_ingest_waiting", "Messages received and not yet durable.")
        self.spool_segments = Gauge("skerry_spool_segments", "Files in the spool.")
        self.spool_oldest_s = Gauge("skerry_spool_oldest_seconds", "Age of the oldest in the spool that is not stored.")
        self.spool_bytes = Gauge("skerry_spool_bytes", "Bytes in the spool.")
        self.spool_budget_bytes = Gauge("skerry_spool_budget_bytes", "Bytes that the spool may have.")
        self.spool_owed_bytes = Gauge("skerry_spool_owed_bytes", "Bytes in the spool that the store does not have.")
        self.spool_damaged_bytes = Gauge("skerry_spool_damaged_bytes", "Bytes of the spool found damaged or torn.")
        self.batch_seconds = Histogram(
            "skerry_ingest_batch_seconds", "How long it took to make a batch durable.", bounds=BATCH_SECONDS
        )
        self.batch_messages = Histogram(
            "skerry_ingest_batch_messages", "How many messages were made durable at once.", bounds=BATCH_MESSAGES
        )
        self.flush_seconds = Histogram(
            "skerry_ingest_flush_seconds", "How long writing soft state took.", bounds=BATCH_SECONDS
        )
        self.lag_seconds = Histogram(
            "skerry_ingest_lag_seconds",
            "How long the oldest message of a batch waited until it was durable.",
            bounds=LAG_SECONDS,
        )

    @property
    def all(self) -> tuple[Counter | LabelledCounter | Gauge | Histogram, ...]:
        """All of them."""
        return tuple(vars(self).values())


class AlertMetrics:
    """What a process counts of alerts and notifications; ``all`` is what an exporter walks over."""

    def __init__(self) -> None:
        self.fired = Counter("skerry_alerts_fired_total", "Alerts that began.")
        self.sent = LabelledCounter("skerry_alerts_sent_total", "Notifications that were brought.", label="channel")
        self.failed = LabelledCounter(
            "skerry_alerts_failed_total", "Attempts to bring a notification that failed.", label="channel"
        )
        self.given_up = LabelledCounter(
            "skerry_alerts_given_up_total", "Notifications that were never brought.", label="channel"
        )
        self.look_seconds = Histogram(
            "skerry_alerts_look_seconds", "How long one look at the whole fleet took.", bounds=BATCH_SECONDS
        )

    def expect(self, channel: str) -> None:
        """Have the figures of ``channel`` be there before anything is brought to it."""
        for counter in (self.sent, self.failed, self.given_up):
            counter.add(channel, 0)

    @property
    def all(self) -> tuple[Counter | LabelledCounter | Gauge | Histogram, ...]:
        """All of them."""
        return tuple(vars(self).values())
