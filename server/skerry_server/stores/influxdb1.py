"""InfluxDB 1.x: line protocol to ``/write``, InfluxQL from ``/query``."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from skerry_server.errors import RefusedPointsError, StoreError
from skerry_server.stores.base import Point, Query, StoreInfo
from skerry_server.stores.http import StoreHttp
from skerry_server.stores.influxql import name, read_points, select
from skerry_server.stores.lineprotocol import encode_points


class InfluxDb1Store:
    """A database of an InfluxDB 1.x server, made on first use."""

    def __init__(self, http: StoreHttp, *, database: str) -> None:
        self._http = http
        self._database = database
        self._lock = threading.Lock()
        self._is_made = False

    def probe(self) -> StoreInfo:
        """Ask for the version and make the database. Raises StoreError."""
        version = self._http.request("GET", "/ping").headers.get("X-Influxdb-Version", "unknown")
        self._make_database()
        return StoreInfo(product="influxdb", version=version, where=self._http.url)

    def write(self, points: Sequence[Point]) -> None:
        """Write ``points``; InfluxDB answers after its write-ahead log is synced. Raises as the Protocol says."""
        with self._lock:
            if not self._is_made:
                self._make_database()
        params = {"db": self._database, "precision": "ns"}
        try:
            self._http.request("POST", "/write", params=params, content=encode_points(points))
        except StoreError:
            # It may have been dropped behind our back; CREATE DATABASE before the next try does no harm.
            self._is_made = False
            raise

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first. Raises StoreError."""
        params = {"db": self._database, "epoch": "ns", "q": select(query)}
        try:
            body = self._http.request("GET", "/query", params=params).content
        except RefusedPointsError as error:
            raise StoreError("the time-series store refuses the query", where=error.where, found=error.found) from error
        return read_points(query.measurement, body, where=self._http.url)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _make_database(self) -> None:
        body = self._http.request("POST", "/query", params={"q": f"CREATE DATABASE {name(self._database)}"}).content
        read_points("heartbeat", body, where=self._http.url)
        self._is_made = True
