"""What rules know of the past, learnt slice by slice from the time-series store and from the registry's events."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping

from sqlalchemy import func, select

from skerry_server.alerts.fleet import Watched
from skerry_server.alerts.readings import COUNTERS, LATENCY_STAGE
from skerry_server.alerts.slices import Slices
from skerry_server.alerts.usual import Drift, Scores, drift, thinned, upper_end
from skerry_server.registry.database import Database
from skerry_server.registry.models import EventRow
from skerry_server.stores.archive import ROLLUP_STEP_NS, Archive, WindowQuery
from skerry_server.stores.base import Measurement, Point

NS_PER_MS = 1_000_000
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
MAX_SERIES = 500_000
MAX_VALUES = 50
"""Values of one board and model that a slice keeps."""
BUDGET_S = 2.0
"""How long one look may learn: a server that starts knows its past after some looks, and none is late for it."""
SCORES_NOW_MS = 6 * HOUR_MS
P95 = f"{LATENCY_STAGE}_p95_ms"

Latencies = dict[tuple[str, str], list[float]]
Counts = dict[str, Mapping[str, float]]
ModelScores = dict[str, Scores]


class History:
    """Three days of latencies, a day of counters, a week of scores; `learn` is called with every look."""

    def __init__(self, store: Archive, database: Database) -> None:
        self._store = store
        self._database = database
        self._latencies = Slices[Latencies](count=72, step_ms=HOUR_MS, length_ms=5 * MINUTE_MS, lag_ms=HOUR_MS)
        self._counts = Slices[Counts](count=8, step_ms=3 * HOUR_MS, length_ms=5 * MINUTE_MS, lag_ms=MINUTE_MS)
        self._scores = Slices[ModelScores](count=168, step_ms=HOUR_MS, length_ms=HOUR_MS, lag_ms=MINUTE_MS)
        self._limits: dict[tuple[str, str], float | None] = {}
        self._drifts: dict[str, Drift | None] = {}
        self._counts_oldest_first: list[Counts] = []

    def learn(self, fleet: Mapping[str, Watched], *, now_ms: int) -> bool:
        """Read slices that are due, for a bounded time; tell whether none is left. Raises StoreError, RegistryError."""
        until_s = time.monotonic() + BUDGET_S
        is_new = False
        try:
            while step := self._next(fleet, now_ms):
                step()
                is_new = True
                if time.monotonic() >= until_s:
                    return False
        finally:
            # What was read before a failure counts as well.
            if is_new:
                self._sum_up(now_ms)
        return True

    def latency_limit_ms(self, board: str, model: str) -> float | None:
        """Return the upper end of what is usual for ``model`` ("name@version") on a board (ms)."""
        return self._limits.get((board, model))

    def count_before(self, device: str, counter: str) -> int | None:
        """Return where a device's counter stood a day ago, or as far back as anything is known of it."""
        for counts in self._counts_oldest_first:
            found = counts.get(device)
            if found is not None and counter in found:
                return round(found[counter])
        return None

    def drift(self, model: str) -> Drift | None:
        """Return the mean score of ``model`` ("name version") in the last hours and in the week before."""
        return self._drifts.get(model)

    def _next(self, fleet: Mapping[str, Watched], now_ms: int) -> Callable[[], None] | None:
        """Return what reads the next slice: first what is quick to matter, the counters."""
        if (begin_ms := self._counts.due(now_ms)) is not None:
            counts_ms = begin_ms
            return lambda: self._counts.put(counts_ms, self._read_counts(counts_ms))
        if (begin_ms := self._latencies.due(now_ms)) is not None:
            latencies_ms = begin_ms
            return lambda: self._latencies.put(latencies_ms, self._read_latencies(latencies_ms, fleet))
        if (begin_ms := self._scores.due(now_ms)) is not None:
            scores_ms = begin_ms
            return lambda: self._scores.put(scores_ms, self._read_scores(scores_ms))
        return None

    def _read_counts(self, begin_ms: int) -> Counts:
        points = self._points("heartbeat", tuple(COUNTERS.values()), begin_ms)
        return {point.tags["device"]: point.fields for point in points}

    def _read_latencies(self, begin_ms: int, fleet: Mapping[str, Watched]) -> Latencies:
        found: Latencies = defaultdict(list)
        for point in self._points("inference", (P95,), begin_ms):
            device = fleet.get(point.tags["device"])
            if device is not None and P95 in point.fields:
                found[device.board or "", point.tags["model"]].append(point.fields[P95])
        return {key: thinned(values, MAX_VALUES) for key, values in found.items()}

    def _read_scores(self, begin_ms: int) -> ModelScores:
        # Of an object that lasts its end has the best score, so it counts once and like one that is told at once.
        is_whole = EventRow.phase.in_(("instant", "end"))
        query = (
            select(EventRow.model, EventRow.model_version, func.count(EventRow.score), func.sum(EventRow.score))
            .where(EventRow.received_ms >= begin_ms, EventRow.received_ms < begin_ms + self._scores.length_ms)
            .where(EventRow.model.is_not(None), EventRow.score.is_not(None), is_whole)
            .group_by(EventRow.model, EventRow.model_version)
        )
        with self._database.reading() as session:
            rows = session.execute(query).all()
        return {f"{model} {version}": Scores(count=count, total=total or 0.0) for model, version, count, total in rows}

    def _points(self, measurement: Measurement, fields: tuple[str, ...], begin_ms: int) -> list[Point]:
        start_ns = begin_ms * NS_PER_MS
        return self._store.windows(
            WindowQuery(
                measurement=measurement,
                step_ns=ROLLUP_STEP_NS,
                aggregate="mean" if measurement == "inference" else "last",
                fields=fields,
                start_ns=start_ns,
                stop_ns=start_ns + ROLLUP_STEP_NS,
                limit=MAX_SERIES,
            )
        )

    def _sum_up(self, now_ms: int) -> None:
        self._counts_oldest_first = [counts for _, counts in self._counts.known()]
        values: Latencies = defaultdict(list)
        for _, latencies in self._latencies.known():
            for key, durations in latencies.items():
                values[key] += durations
        self._limits = {key: upper_end(some) for key, some in values.items()}
        totals: dict[str, tuple[Scores, Scores]] = defaultdict(lambda: (Scores(), Scores()))
        for begin_ms, scores in self._scores.known():
            for model, some in scores.items():
                now, before = totals[model]
                is_now = begin_ms >= now_ms - SCORES_NOW_MS - HOUR_MS
                totals[model] = (now + some, before) if is_now else (now, before + some)
        self._drifts = {model: drift(now, before) for model, (now, before) in totals.items()}
