"""InfluxDB 1.x: line protocol to ``/write``, InfluxQL from ``/query``."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from skerry_server.errors import StoreError
from skerry_server.stores.base import Point, Query, StoreInfo
from skerry_server.stores.http import RejectedRequestError, StoreHttp
from skerry_server.stores.influxql import name, read_points, select
from skerry_server.stores.lineprotocol import LineEncoder
from skerry_server.stores.writing import write_lines


class InfluxDb1Store:
    """A database of an InfluxDB 1.x server, made on first use."""

    def __init__(self, http: StoreHttp, *, database: str) -> None:
        self._http = http
        self._database = database
        self._encoder = LineEncoder()
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
        write_lines(points, self._encoder, self._post, where=self._http.url)

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first. Raises StoreError."""
        params = {"db": self._database, "epoch": "ns", "q": select(query)}
        body = self._http.request("GET", "/query", params=params).content
        return read_points(query.measurement, body, where=self._http.url)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _post(self, lines: bytes) -> None:
        params = {"db": self._database, "precision": "ns"}
        try:
            self._http.request("POST", "/write", params=params, content=lines)
        except RejectedRequestError:
            raise
        except StoreError:
            # It may have been dropped behind our back; CREATE DATABASE before the next try does no harm.
            self._is_made = False
            raise

    def _make_database(self) -> None:
        body = self._http.request("POST", "/query", params={"q": f"CREATE DATABASE {name(self._database)}"}).content
        read_points("heartbeat", body, where=self._http.url)
        self._is_made = True
