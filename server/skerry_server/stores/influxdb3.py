"""InfluxDB 3: line protocol to ``/api/v3/write_lp``, which names the lines it refuses; InfluxQL from ``/query``.

https://docs.influxdata.com/influxdb3/core/write-data/http-api/v3-write-lp/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skerry_server.errors import UnableStoreError
from skerry_server.stores.archive import Retention, Tended, WindowQuery
from skerry_server.stores.base import Point, Query, StoreInfo
from skerry_server.stores.http import AnswerError, StoreHttp
from skerry_server.stores.influxdb_reading import InfluxReader
from skerry_server.stores.writing import LineWriter

REMARKS = (
    "How long it keeps points is set when the database is made and cannot be changed (`retention_period`).",
    "It makes no roll-ups here, and points of one device cannot be deleted.",
)
CONFLICT = 409


class InfluxDb3Store:
    """A database of an InfluxDB 3 server, Core or Enterprise, made by a probe where the token may."""

    def __init__(self, http: StoreHttp, *, database: str) -> None:
        self._http = http
        self._database = database
        self._reader = InfluxReader(http, database=database)
        self._writer = LineWriter(self._post, where=http.url)
        self._is_made = False

    def probe(self) -> StoreInfo:
        """Ask for the version and make the database. Raises StoreError."""
        headers = self._http.request("GET", "/ping").headers
        if not self._is_made:
            self._make_database()
        version = f"{headers.get('X-Influxdb-Version', 'unknown')} {headers.get('X-Influxdb-Build', '')}".strip()
        return StoreInfo(product="influxdb", version=version, where=self._http.url, remarks=REMARKS)

    def write(self, points: Sequence[Point]) -> None:
        """Write ``points``; InfluxDB answers when its write-ahead log is kept. Raises as the Protocol says."""
        self._writer.write(points)

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first. Raises StoreError."""
        return self._reader.query(query)

    def windows(self, query: WindowQuery) -> list[Point]:
        """Return one point for each series and window, newest first. Raises StoreError."""
        return self._reader.windows(query)

    def tend(self, retention: Retention, *, now_ns: int) -> Tended:  # noqa: ARG002  # the Protocol's
        """Raise UnableStoreError."""
        raise UnableStoreError("InfluxDB 3 takes no orders on retention", where=self._http.url, todo=REMARKS[0])

    def erase(self, tags: Mapping[str, str]) -> None:  # noqa: ARG002  # the Protocol's
        """Raise UnableStoreError."""
        raise UnableStoreError("InfluxDB 3 cannot delete the points of one device", where=self._http.url)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _post(self, lines: bytes) -> None:
        params = {"db": self._database, "precision": "nanosecond", "accept_partial": "true", "no_sync": "false"}
        self._http.write("/api/v3/write_lp", params, lines)

    def _make_database(self) -> None:
        try:
            self._http.request("POST", "/api/v3/configure/database", json={"db": self._database})
        except AnswerError as error:
            # It is there already, or the token may only write to one that is: the first write tells.
            if error.status not in (CONFLICT, 401, 403):
                raise
        self._is_made = True
