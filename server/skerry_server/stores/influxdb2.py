"""InfluxDB 2.x: line protocol to ``/api/v2/write``, reading InfluxQL from the 1.x-compatible ``/query``.

``/query`` needs a mapping from a database name to the bucket (DBRP). Newer servers make a virtual one from a bucket's
own name, for older ones a probe makes it (https://docs.influxdata.com/influxdb/v2/query-data/influxql/dbrp/).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from skerry_server.errors import StoreError
from skerry_server.stores.archive import NS_PER_S, Retention, Tended, WindowQuery
from skerry_server.stores.base import TAGS, Point, Query, StoreInfo
from skerry_server.stores.http import StoreHttp
from skerry_server.stores.influxdb_reading import InfluxReader
from skerry_server.stores.writing import LineWriter

T = TypeVar("T")
_EVER = {"start": "1970-01-01T00:00:00Z", "stop": "2262-04-11T00:00:00Z"}
REMARKS = (
    "It makes no roll-ups here: InfluxQL on 2.x has no INTO, so long ranges are read from the points themselves.",
)


class _Rule(msgspec.Struct, rename="camel"):
    every_seconds: int = 0


class _Bucket(msgspec.Struct, rename="camel"):
    id: str
    name: str
    retention_rules: list[_Rule] = []


class _Buckets(msgspec.Struct):
    buckets: list[_Bucket] = []


class _Mapping(msgspec.Struct):
    database: str


class _Mappings(msgspec.Struct):
    content: list[_Mapping] = []


class InfluxDb2Store:
    """A bucket of an InfluxDB 2.x server; the bucket must be there."""

    def __init__(self, http: StoreHttp, *, organisation: str, bucket: str) -> None:
        self._http = http
        self._place = {"org": organisation, "bucket": bucket}
        self._reader = InfluxReader(http, database=bucket)
        self._writer = LineWriter(self._post, where=http.url)
        self._is_mapped = False

    def probe(self) -> StoreInfo:
        """Ask for the version, and make the bucket readable. Raises StoreError."""
        version = self._http.request("GET", "/ping").headers.get("X-Influxdb-Version", "unknown")
        bucket = self._bucket()
        if not self._is_mapped:
            self._map(bucket)
        return StoreInfo(
            product="influxdb",
            version=version,
            where=self._http.url,
            can=frozenset({"retention", "erase"}),
            remarks=REMARKS,
        )

    def write(self, points: Sequence[Point]) -> None:
        """Write ``points``; InfluxDB answers when they are durable. Raises as the Protocol says."""
        self._writer.write(points)

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first. Raises StoreError."""
        return self._reader.query(query)

    def windows(self, query: WindowQuery) -> list[Point]:
        """Return one point for each series and window, newest first. Raises StoreError."""
        return self._reader.windows(query)

    def tend(self, retention: Retention, *, now_ns: int) -> Tended:  # noqa: ARG002  # the server keeps the time itself
        """Have the bucket keep points as long as ``retention`` says; InfluxDB lets go of them. Raises StoreError."""
        bucket = self._bucket()
        wanted_s = retention.raw_ns // NS_PER_S
        if [rule.every_seconds for rule in bucket.retention_rules] == [wanted_s]:
            return Tended(detail="nothing to do", is_done=True)
        rules = [{"type": "expire", "everySeconds": wanted_s}]
        self._http.request("PATCH", f"/api/v2/buckets/{bucket.id}", json={"retentionRules": rules})
        return Tended(detail=f"the bucket keeps points for {wanted_s} s from now on", is_done=True)

    def erase(self, tags: Mapping[str, str]) -> None:
        """Delete all points with ``tags``. Raises StoreError."""
        if not tags:
            raise ValueError("erasing needs a tag: without one it would be everything")
        # The predicate's strings are quoted as JSON's are.
        wanted = " AND ".join(f"{key}={msgspec.json.encode(value).decode()}" for key, value in sorted(tags.items()))
        # A predicate has no OR.
        for measurement in TAGS:
            body = {**_EVER, "predicate": f'_measurement="{measurement}" AND {wanted}'}
            self._http.request("POST", "/api/v2/delete", params=self._place, json=body)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _post(self, lines: bytes) -> None:
        self._http.write("/api/v2/write", {**self._place, "precision": "ns"}, lines)

    def _bucket(self) -> _Bucket:
        params = {"org": self._place["org"], "name": self._place["bucket"]}
        found = self._read("/api/v2/buckets", params, _Buckets).buckets
        for bucket in found:
            if bucket.name == self._place["bucket"]:
                return bucket
        raise StoreError(
            "InfluxDB has no such bucket, or the token may not see it",
            where=self._http.url,
            found=self._place["bucket"],
            todo="make the bucket, and let the token read and write it",
        )

    def _map(self, bucket: _Bucket) -> None:
        params = {"org": self._place["org"], "bucketID": bucket.id, "db": bucket.name}
        if not self._read("/api/v2/dbrps", params, _Mappings).content:
            mapping = {
                "org": self._place["org"],
                "bucketID": bucket.id,
                "database": bucket.name,
                "retention_policy": "autogen",
                "default": True,
            }
            self._http.request("POST", "/api/v2/dbrps", json=mapping)
        self._is_mapped = True

    def _read(self, path: str, params: dict[str, str], kind: type[T]) -> T:
        body = self._http.request("GET", path, params=params).content
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StoreError("the store's answer is not what it documents", where=path, found=str(error)) from error
