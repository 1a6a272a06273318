"""Questions to InfluxDB's ``/query``, which all versions have: InfluxQL in, points out."""

from __future__ import annotations

from typing import Any

from skerry_server.stores.archive import WindowQuery
from skerry_server.stores.base import Point, Query
from skerry_server.stores.http import StoreHttp
from skerry_server.stores.influxql import read_points, read_rows, read_windows, select, select_windows


class InfluxReader:
    """Reads one database; on 2.x that is what a bucket is mapped to."""

    def __init__(self, http: StoreHttp, *, database: str) -> None:
        self._http = http
        self._database = database

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first. Raises StoreError."""
        return read_points(query.measurement, self._ask(select(query)), where=self._http.url)

    def windows(self, query: WindowQuery, *, source: str = "", prefix: str = "") -> list[Point]:
        """Return one point for each series and window, newest first. Raises StoreError."""
        statement = select_windows(query, source=source, prefix=prefix)
        return read_windows(query, self._ask(statement), where=self._http.url, prefix=prefix)

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """Return the rows that ``statement`` gives, by column. Raises StoreError."""
        return read_rows(self._ask(statement), where=self._http.url)

    def order(self, statement: str) -> None:
        """Have ``statement`` done, which changes something. Raises StoreError."""
        params = {"db": self._database, "q": statement}
        read_rows(self._http.request("POST", "/query", params=params).content, where=self._http.url)

    def _ask(self, statement: str) -> bytes:
        params = {"db": self._database, "epoch": "ns", "q": statement}
        return self._http.request("GET", "/query", params=params).content
