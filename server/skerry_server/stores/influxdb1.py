"""InfluxDB 1.x: line protocol to ``/write``, InfluxQL from ``/query``, roll-ups in a retention policy of their own."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from skerry_server.errors import StoreError
from skerry_server.stores.archive import Retention, Tended, WindowQuery
from skerry_server.stores.base import TAGS, Point, Query, StoreInfo
from skerry_server.stores.http import AnswerError, RejectedRequestError, StoreHttp
from skerry_server.stores.influxdb1_rollup import InfluxRollup
from skerry_server.stores.influxdb_reading import InfluxReader
from skerry_server.stores.influxql import matching, name
from skerry_server.stores.writing import LineWriter

FORBIDDEN = 403
NO_ADMINISTRATOR = (
    "The server's user is no administrator of InfluxDB: the database keeps points as its own retention policies say, "
    "and there are no roll-ups."
)


class InfluxDb1Store:
    """A database of an InfluxDB 1.x server, made on first use where this user may make one."""

    def __init__(self, http: StoreHttp, *, database: str) -> None:
        self._http = http
        self._database = database
        self._reader = InfluxReader(http, database=database)
        self._rollup = InfluxRollup(http, self._reader, database=database)
        self._writer = LineWriter(self._post, where=http.url)
        self._lock = threading.Lock()
        self._is_made = False

    def probe(self) -> StoreInfo:
        """Ask for the version and make the database. Raises StoreError."""
        version = self._http.request("GET", "/ping").headers.get("X-Influxdb-Version", "unknown")
        is_administrator = self._make_database()
        return StoreInfo(
            product="influxdb",
            version=version,
            where=self._http.url,
            can=frozenset({"retention", "rollup", "erase"}) if is_administrator else frozenset({"erase"}),
            remarks=() if is_administrator else (NO_ADMINISTRATOR,),
        )

    def write(self, points: Sequence[Point]) -> None:
        """Write ``points``; InfluxDB answers after its write-ahead log is synced. Raises as the Protocol says."""
        with self._lock:
            if not self._is_made:
                self._make_database()
        self._writer.write(points)

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first. Raises StoreError."""
        return self._reader.query(query)

    def windows(self, query: WindowQuery) -> list[Point]:
        """Return one point for each series and window, newest first. Raises StoreError."""
        return self._rollup.windows(query)

    def tend(self, retention: Retention, *, now_ns: int) -> Tended:
        """Do one bounded step of roll-up; InfluxDB itself lets go of what is old. Raises StoreError."""
        return self._rollup.tend(retention, now_ns=now_ns)

    def erase(self, tags: Mapping[str, str]) -> None:
        """Drop all series with ``tags``, in every retention policy. Raises StoreError."""
        if not tags:
            raise ValueError("erasing needs a tag: without one it would be everything")
        self._reader.order(f"DROP SERIES FROM {', '.join(map(name, TAGS))} WHERE {matching(tags)}")

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _post(self, lines: bytes) -> None:
        params = {"db": self._database, "precision": "ns"}
        try:
            self._http.write("/write", params, lines)
        except RejectedRequestError:
            raise
        except StoreError:
            # It may have been dropped behind our back; CREATE DATABASE before the next try does no harm.
            self._is_made = False
            raise

    def _make_database(self) -> bool:
        """Make the database, or find it where only administrators may make one; tell whether this user is one."""
        try:
            self._reader.order(f"CREATE DATABASE {name(self._database)}")
        except AnswerError as error:
            if error.status != FORBIDDEN:
                raise
            self._find_database()
            self._is_made = True
            return False
        self._is_made = True
        return True

    def _find_database(self) -> None:
        """Raise StoreError unless this user may use the database: InfluxDB lists nobody any other."""
        listed = self._reader.rows("SHOW DATABASES")
        if self._database not in [row["name"] for row in listed]:
            raise StoreError(
                "the time-series store has no such database for this user",
                where=self._http.url,
                found=f"'{self._database}' is not among {len(listed)} databases that it may use",
                todo="as an administrator: CREATE DATABASE, then GRANT ALL ON it TO the user of 'store.username'",
            )
