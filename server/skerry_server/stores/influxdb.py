"""InfluxDB of whichever version answers: asked once, on first use, and again when asked to probe."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from skerry_edge.foundation.errors import ConfigError
from skerry_server.config.stores import InfluxStore as InfluxConfig
from skerry_server.errors import StoreError
from skerry_server.stores.base import Point, Query, Store, StoreInfo
from skerry_server.stores.http import StoreHttp
from skerry_server.stores.influxdb1 import InfluxDb1Store
from skerry_server.stores.influxdb2 import InfluxDb2Store


class InfluxDbStore:
    """Finds out which InfluxDB it talks to, so that a server that is away at start is no reason to give up."""

    def __init__(self, config: InfluxConfig, *, password: str | None, token: str | None) -> None:
        self._config = config
        self._token = token
        basic = (config.username, password or "") if config.username else None
        self._http = StoreHttp(config.url, timeout_s=config.timeout_s, basic=basic, token=token)
        self._lock = threading.Lock()
        self._found: Store | None = None

    def probe(self) -> StoreInfo:
        """Ask which version answers and make it ready. Raises StoreError and ConfigError."""
        with self._lock:
            self._found = None
        return self._store().probe()

    def write(self, points: Sequence[Point]) -> None:
        """Write ``points`` with the interface of the version found. Raises as the Protocol says."""
        self._store().write(points)

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first. Raises StoreError."""
        return self._store().query(query)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            if self._found is not None:
                self._found.close()
        self._http.close()

    def _store(self) -> Store:
        with self._lock:
            if self._found is None:
                self._found = self._find()
            return self._found

    def _find(self) -> Store:
        version = self._http.request("GET", "/ping").headers.get("X-Influxdb-Version", "")
        major = version.removeprefix("v").split(".", 1)[0]
        if major == "1":
            return InfluxDb1Store(self._http, database=self._config.database)
        if major == "2":
            return self._version_2()
        raise StoreError(
            "this is no InfluxDB 1.x or 2.x",
            where=self._http.url,
            found=f"X-Influxdb-Version: {version!r}",
            todo="check 'store.url'",
        )

    def _version_2(self) -> Store:
        organisation, bucket = self._config.organisation, self._config.bucket
        if not (organisation and bucket and self._token):
            raise ConfigError(
                "InfluxDB 2.x answers, and it needs an organisation, a bucket and a token",
                where="the server's configuration, table 'store'",
                todo="set 'organisation', 'bucket' and 'token_file'",
            )
        return InfluxDb2Store(self._http, organisation=organisation, bucket=bucket)
