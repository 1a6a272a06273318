"""InfluxDB 2.x: writing through ``influxdb-client``, reading InfluxQL from the 1.x-compatible ``/query``.

``/query`` needs a mapping from a database name to the bucket (DBRP); InfluxDB 2 makes a virtual one from a
bucket's own name (https://docs.influxdata.com/influxdb/v2/query-data/influxql/dbrp/), which is what is read here.
"""

from __future__ import annotations

from collections.abc import Sequence

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from skerry_server.errors import RefusedPointsError, StoreError
from skerry_server.stores.base import Point, Query, StoreInfo
from skerry_server.stores.http import StoreHttp, failure
from skerry_server.stores.influxql import read_points, select
from skerry_server.stores.lineprotocol import encode_points


class InfluxDb2Store:
    """A bucket of an InfluxDB 2.x server; the bucket must be there."""

    def __init__(self, http: StoreHttp, *, organisation: str, bucket: str, token: str, timeout_s: float) -> None:
        self._http = http
        self._bucket = bucket
        self._client = InfluxDBClient(url=http.url, token=token, org=organisation, timeout=int(timeout_s * 1000))
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)

    def probe(self) -> StoreInfo:
        """Ask for the version. Raises StoreError."""
        version = self._http.request("GET", "/ping").headers.get("X-Influxdb-Version", "unknown")
        return StoreInfo(product="influxdb", version=version, where=self._http.url)

    def write(self, points: Sequence[Point]) -> None:
        """Write ``points``; InfluxDB answers when they are durable. Raises as the Protocol says."""
        # The client's default precision is the nanosecond.
        lines = encode_points(points).decode()
        try:
            self._writer.write(bucket=self._bucket, record=lines)
        except ApiException as error:
            raise failure(error.status or 500, str(error.message), where=self._http.url) from error
        except HTTPError as error:
            found = f"{type(error).__name__}: {error}"
            raise StoreError("the time-series store does not answer", where=self._http.url, found=found) from error

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first. Raises StoreError."""
        params = {"db": self._bucket, "epoch": "ns", "q": select(query)}
        try:
            body = self._http.request("GET", "/query", params=params).content
        except RefusedPointsError as error:
            raise StoreError("the time-series store refuses the query", where=error.where, found=error.found) from error
        return read_points(query.measurement, body, where=self._http.url)

    def close(self) -> None:
        """Close both connections."""
        self._writer.close()  # type: ignore[no-untyped-call]
        self._client.close()  # type: ignore[no-untyped-call]
        self._http.close()
