"""VictoriaMetrics: line protocol to ``/write``, points from ``/api/v1/export``, windows from ``/api/v1/query_range``.

It keeps one number a metric and time: the point ``heartbeat`` with the field ``cpu_percent`` is the metric
``heartbeat_cpu_percent``, and times are whole milliseconds. It answers 204 before data is on disk, to lines that it
drops as well, so points are judged here before they are sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence

from skerry_server.config.stores import VictoriaStore as VictoriaConfig
from skerry_server.errors import RefusedPointsError, UnableStoreError
from skerry_server.stores.archive import NS_PER_S, Retention, Tended, WindowQuery
from skerry_server.stores.base import TAGS, Point, Query, StoreInfo
from skerry_server.stores.http import StoreHttp
from skerry_server.stores.lineprotocol import LineEncoder
from skerry_server.stores.metricsql import read_export, read_range, select, select_windows, selector
from skerry_server.stores.victoriametrics_settings import Settings, read_settings

NS_PER_MS = 1_000_000
MAX_AHEAD_NS = 2 * 86_400 * NS_PER_S
"""What lies further in the future is dropped without a word (``big_timestamp``)."""
MARGIN_NS = 60 * NS_PER_S
"""Clocks may differ that much before a point is sent that the other side drops."""
FIRST_SLICE_NS = 600 * NS_PER_S
SLICE_GROWTH = 8
SETTINGS_S = 60.0


class VictoriaMetricsStore:
    """A single-node VictoriaMetrics server."""

    def __init__(self, config: VictoriaConfig, *, password: str | None, token: str | None) -> None:
        basic = (config.username, password or "") if config.username else None
        self._http = StoreHttp(config.url, timeout_s=config.timeout_s, basic=basic, token=token)
        self._encoder = LineEncoder()
        self._lock = threading.Lock()
        self._settings: Settings | None = None
        self._asked_s = 0.0

    def probe(self) -> StoreInfo:
        """Ask for version and settings. Raises StoreError, and ConfigError for what cannot work."""
        settings = self._ask_settings(max_age_s=0.0)
        return StoreInfo(
            product="victoriametrics",
            version=settings.version,
            where=self._http.url,
            durable_after_s=settings.durable_after_s,
            can=frozenset({"erase"}),
            remarks=settings.remarks(),
            started_ms=settings.started_ms,
        )

    def write(self, points: Sequence[Point]) -> None:
        """Send ``points``; what is acknowledged is on disk ``durable_after_s`` later. Raises as the Protocol says."""
        refused = self._refused(points)
        kept = newest_of_each_ms([one for one in enumerate(points) if one[0] not in refused])
        encoded = self._encoder.encode([point for _, point in kept])
        refused |= {kept[index][0]: why for index, why in encoded.refused.items()}
        if encoded.lines:
            self._http.write("/write", {"precision": "ns"}, b"".join(encoded.lines))
        if refused:
            raise RefusedPointsError(refused, where=self._http.url)

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first; their times end with whole milliseconds. Raises StoreError."""
        found: list[Point] = []
        settings = self._ask_settings(max_age_s=SETTINGS_S)
        oldest_ns = max(query.start_ns, time.time_ns() - settings.retention_ns - MARGIN_NS)
        stop_ns = min(query.stop_ns, time.time_ns() + MAX_AHEAD_NS + MARGIN_NS)
        slice_ns = FIRST_SLICE_NS
        # Backwards in slices that grow by need: the newest are wanted, and what there is in all may be anything.
        while stop_ns > oldest_ns and len(found) < query.limit:
            start_ns = max(oldest_ns, stop_ns - slice_ns)
            params = select(query, start_ns=start_ns, stop_ns=stop_ns)
            body = self._http.request("GET", "/api/v1/export", params=params).content
            got = read_export(query.measurement, body, where=self._http.url)
            found += got
            missing = query.limit - len(found)
            stop_ns, slice_ns = start_ns, slice_ns * min(SLICE_GROWTH, -(-missing // len(got)) if got else SLICE_GROWTH)
        return found[: query.limit]

    def windows(self, query: WindowQuery) -> list[Point]:
        """Return one point for each series and window, newest first. Raises StoreError and TooWideError."""
        settings = self._ask_settings(max_age_s=SETTINGS_S)
        now_ns = time.time_ns()
        start_ns = max(query.start_ns, now_ns - settings.retention_ns)
        stop_ns = min(query.stop_ns, now_ns + MAX_AHEAD_NS)
        if start_ns >= stop_ns:
            return []
        params = select_windows(query, start_ns=start_ns, stop_ns=stop_ns)
        body = self._http.request("GET", "/api/v1/query_range", params=params).content
        return read_range(query, body, where=self._http.url)

    def tend(self, retention: Retention, *, now_ns: int) -> Tended:  # noqa: ARG002  # the Protocol's
        """Raise UnableStoreError."""
        raise UnableStoreError("VictoriaMetrics takes no orders on retention", where=self._http.url)

    def erase(self, tags: Mapping[str, str]) -> None:
        """Delete all series with ``tags``. Raises StoreError."""
        if not tags:
            raise ValueError("erasing needs a tag: without one it would be everything")
        params = {"match[]": selector(tags, names=f"({'|'.join(TAGS)})_.+")}
        self._http.request("POST", "/api/v1/admin/tsdb/delete_series", params=params)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _ask_settings(self, *, max_age_s: float) -> Settings:
        asked_s = time.monotonic()
        with self._lock:
            if self._settings is not None and asked_s - self._asked_s < max_age_s:
                return self._settings
        # Without the lock: a write with settings that are young enough must not wait for a probe that hangs.
        settings = read_settings(self._http.request("GET", "/metrics").text, where=self._http.url)
        with self._lock:
            if asked_s >= self._asked_s:
                self._settings, self._asked_s = settings, asked_s
        return settings

    def _refused(self, points: Sequence[Point]) -> dict[int, str]:
        """Return why, by index, points would be dropped without a word."""
        kept_ns = self._ask_settings(max_age_s=SETTINGS_S).retention_ns
        now_ns = time.time_ns()
        first_ns, last_ns = now_ns - kept_ns + MARGIN_NS, now_ns + MAX_AHEAD_NS - MARGIN_NS
        return {
            index: "the point is older than what the store keeps, or more than two days ahead"
            for index, point in enumerate(points)
            if not first_ns <= point.time_ns <= last_ns
        }


def newest_of_each_ms(points: Sequence[tuple[int, Point]]) -> list[tuple[int, Point]]:
    """Return ``points``, given with their index, without those that another of their series and millisecond replaces.

    The store has no room for both; the one with the later digits, so the higher ``seq``, stays.
    """
    newest: dict[tuple[str, tuple[tuple[str, str], ...], int], tuple[int, Point]] = {}
    for one in points:
        point = one[1]
        key = (point.measurement, tuple(point.tags.items()), point.time_ns // NS_PER_MS)
        other = newest.get(key)
        if other is None or other[1].time_ns <= point.time_ns:
            newest[key] = one
    return list(newest.values())
