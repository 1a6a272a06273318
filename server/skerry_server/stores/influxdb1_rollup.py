"""Roll-ups and retention in InfluxDB 1.x: two retention policies, and ``SELECT … INTO`` from one to the other.

A continuous query of InfluxDB's own would leave out what comes late, as a replayed outbox does. A window is rolled up
when it is a week old instead; until then, and for as long as nothing needs roll-ups, points are read themselves.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace

from skerry_server.errors import StoreError
from skerry_server.stores.archive import NS_PER_S, ROLLUP_STEP_NS, Retention, Tended, WindowQuery
from skerry_server.stores.base import TAGS, Point
from skerry_server.stores.http import StoreHttp
from skerry_server.stores.influxdb_reading import InfluxReader
from skerry_server.stores.influxql import name
from skerry_server.stores.ranges import plan

MAX_LAG_NS = 7 * 86_400 * NS_PER_S
"""The age at which a window is rolled up, at most half of that at which its points go."""
STRETCH_NS = 12 * ROLLUP_STEP_NS
"""How much time is rolled up in one step."""
POLICY = "skerry_rollup"
MARKS = "skerry_upkeep"
"""The measurement, in the policy of roll-ups, that says up to where that is done."""
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(\d+)s\Z")


def next_stop(done_ns: int, retention: Retention, *, now_ns: int) -> int | None:
    """Return up to where the next step rolls up what follows ``done_ns``, None where all is done."""
    target_ns = _begin_of_window(now_ns - min(MAX_LAG_NS, retention.raw_ns // 2))
    return min(done_ns + STRETCH_NS, target_ns) if done_ns < target_ns else None


class InfluxRollup:
    """The roll-ups of one database."""

    def __init__(self, http: StoreHttp, reader: InfluxReader, *, database: str) -> None:
        self._http = http
        self._reader = reader
        self._database = database

    def windows(self, query: WindowQuery) -> list[Point]:
        """Return one point for each series and window, newest first. Raises StoreError."""
        policies = self._policies()
        _, kept_ns = _raw(policies, self._http.url)
        done_ns = self._done_ns() if POLICY in policies else None
        since_ns = time.time_ns() - kept_ns if kept_ns else 0
        found: list[Point] = []
        for part in reversed(plan(query, rolled_until_ns=done_ns or 0, kept_since_ns=since_ns)):
            asked = replace(query, start_ns=part.start_ns, stop_ns=part.stop_ns, step_ns=part.step_ns)
            if part.source == "points":
                found += self._reader.windows(asked)
            else:
                found += self._reader.windows(asked, source=self._source(POLICY), prefix=f"{query.aggregate}_")
        return found[: query.limit]

    def tend(self, retention: Retention, *, now_ns: int) -> Tended:
        """Do one bounded step. Raises StoreError."""
        policies = self._policies()
        raw, _ = _raw(policies, self._http.url)
        self._keep(policies, POLICY, retention.rollup_ns, shard="7d")
        done_ns = self._done_ns() or self._oldest_ns(raw, now_ns=now_ns, since_ns=now_ns - retention.rollup_ns)
        stop_ns = next_stop(done_ns, retention, now_ns=now_ns)
        if stop_ns is None:
            # Not before: a database that is older than its roll-ups would lose what is not in them yet.
            self._keep(policies, raw, retention.raw_ns, shard="1d")
            return Tended(detail="nothing to do", is_done=True, rolled_until_ns=done_ns)
        self._roll_up(raw, done_ns, stop_ns)
        self._write_done(stop_ns, now_ns)
        minutes = (stop_ns - done_ns) // (60 * NS_PER_S)
        return Tended(detail=f"minutes rolled up: {minutes}", is_done=False, rolled_until_ns=stop_ns)

    def _roll_up(self, raw: str, start_ns: int, stop_ns: int) -> None:
        measurements = "|".join(TAGS)
        self._reader.order(
            f"SELECT mean(*), min(*), max(*), last(*), count(*) INTO {self._source(POLICY)}:MEASUREMENT "  # noqa: S608  # numbers and quoted names
            f"FROM {self._source(raw)}/^({measurements})$/ WHERE time >= {start_ns} AND time < {stop_ns} "
            f"GROUP BY time({ROLLUP_STEP_NS}ns), *"
        )

    def _policies(self) -> dict[str, dict[str, object]]:
        rows = self._reader.rows(f"SHOW RETENTION POLICIES ON {name(self._database)}")
        return {str(row["name"]): row for row in rows}

    def _keep(self, policies: Mapping[str, dict[str, object]], policy: str, kept_ns: int, *, shard: str) -> None:
        """Make ``policy`` keep points for ``kept_ns``."""
        if policy in policies and _duration_ns(str(policies[policy]["duration"])) == kept_ns:
            return
        # A shard is dropped as a whole, and none may be longer than what its policy keeps.
        what = "ALTER" if policy in policies else "CREATE"
        replication = "" if policy in policies else " REPLICATION 1"
        self._reader.order(
            f"{what} RETENTION POLICY {name(policy)} ON {name(self._database)} "
            f"DURATION {kept_ns // NS_PER_S}s{replication} SHARD DURATION {shard}"
        )

    def _done_ns(self) -> int | None:
        rows = self._reader.rows(f"SELECT last(done_ns) AS done_ns FROM {self._source(POLICY)}{MARKS}")  # noqa: S608  # quoted names
        return int(rows[0]["done_ns"]) if rows else None

    def _write_done(self, done_ns: int, now_ns: int) -> None:
        params = {"db": self._database, "rp": POLICY, "precision": "ns"}
        # One point that is replaced for ever would end with its shard; one an hour does not.
        line = f"{MARKS} done_ns={done_ns}i {now_ns - now_ns % (3_600 * NS_PER_S)}"
        self._http.write("/write", params, line.encode())

    def _oldest_ns(self, raw: str, *, now_ns: int, since_ns: int) -> int:
        """Return the begin of the oldest window with points that are kept, where nothing is rolled up yet."""
        times = [
            row["time"]
            for measurement in TAGS
            for row in self._reader.rows(
                f"SELECT * FROM {self._source(raw)}{measurement} WHERE time >= {since_ns} ORDER BY time ASC LIMIT 1"  # noqa: S608  # numbers and quoted names
            )
        ]
        return _begin_of_window(min([now_ns, *times]))

    def _source(self, policy: str) -> str:
        return f"{name(self._database)}.{name(policy)}."


def _raw(policies: Mapping[str, Mapping[str, object]], where: str) -> tuple[str, int]:
    """Return the policy that points are written to, and how long it keeps them, 0 for ever."""
    for policy, row in policies.items():
        if row["default"] is True:
            return policy, _duration_ns(str(row["duration"]))
    raise StoreError("the database has no default retention policy", where=where, found=", ".join(policies) or "none")


def _duration_ns(text: str) -> int:
    """Return what Go writes as ``720h0m0s`` in ns. Raises StoreError."""
    matched = _DURATION.match(text)
    if matched is None:
        raise StoreError("the store gives a duration in a form that is not known", found=text)
    hours, minutes, seconds = (int(part or 0) for part in matched.groups())
    return (hours * 3_600 + minutes * 60 + seconds) * NS_PER_S


def _begin_of_window(time_ns: int) -> int:
    return max(time_ns, 0) // ROLLUP_STEP_NS * ROLLUP_STEP_NS
