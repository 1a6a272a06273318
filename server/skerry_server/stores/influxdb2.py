"""InfluxDB 2.x: line protocol to ``/api/v2/write``, reading InfluxQL from the 1.x-compatible ``/query``.

``/query`` needs a mapping from a database name to the bucket (DBRP); InfluxDB 2 makes a virtual one from a
bucket's own name (https://docs.influxdata.com/influxdb/v2/query-data/influxql/dbrp/), which is what is read here.
"""

from __future__ import annotations

from collections.abc import Sequence

from skerry_server.stores.base import Point, Query, StoreInfo
from skerry_server.stores.http import StoreHttp
from skerry_server.stores.influxql import read_points, select
from skerry_server.stores.lineprotocol import LineEncoder
from skerry_server.stores.writing import write_lines


class InfluxDb2Store:
    """A bucket of an InfluxDB 2.x server; the bucket must be there."""

    def __init__(self, http: StoreHttp, *, organisation: str, bucket: str) -> None:
        self._http = http
        self._organisation = organisation
        self._bucket = bucket
        self._encoder = LineEncoder()

    def probe(self) -> StoreInfo:
        """Ask for the version. Raises StoreError."""
        version = self._http.request("GET", "/ping").headers.get("X-Influxdb-Version", "unknown")
        return StoreInfo(product="influxdb", version=version, where=self._http.url)

    def write(self, points: Sequence[Point]) -> None:
        """Write ``points``; InfluxDB answers when they are durable. Raises as the Protocol says."""
        write_lines(points, self._encoder, self._post, where=self._http.url)

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first. Raises StoreError."""
        params = {"db": self._bucket, "epoch": "ns", "q": select(query)}
        body = self._http.request("GET", "/query", params=params).content
        return read_points(query.measurement, body, where=self._http.url)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _post(self, lines: bytes) -> None:
        params = {"org": self._organisation, "bucket": self._bucket, "precision": "ns"}
        self._http.request("POST", "/api/v2/write", params=params, content=lines)
