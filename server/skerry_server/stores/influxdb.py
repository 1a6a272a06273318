"""InfluxDB of whichever version answers: asked once, on first use, and again when asked to probe."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from skerry_edge.foundation.errors import ConfigError
from skerry_server.config.stores import InfluxStore as InfluxConfig
from skerry_server.errors import StoreError
from skerry_server.stores.archive import Retention, Tended, TimeSeriesStore, WindowQuery
from skerry_server.stores.base import Point, Query, StoreInfo
from skerry_server.stores.http import RejectedRequestError, StoreHttp
from skerry_server.stores.influxdb1 import InfluxDb1Store
from skerry_server.stores.influxdb2 import InfluxDb2Store
from skerry_server.stores.influxdb3 import InfluxDb3Store


class InfluxDbStore:
    """Finds out which InfluxDB it talks to, so that a server that is away at start is no reason to give up."""

    def __init__(self, config: InfluxConfig, *, password: str | None, token: str | None) -> None:
        self._config = config
        self._token = token
        basic = (config.username, password or "") if config.username else None
        self._http = StoreHttp(config.url, timeout_s=config.timeout_s, basic=basic, token=token)
        self._lock = threading.Lock()
        self._found: tuple[str, TimeSeriesStore] | None = None

    def probe(self) -> StoreInfo:
        """Ask which version answers and make it ready. Raises StoreError and ConfigError."""
        return self._store(ask=True).probe()

    def write(self, points: Sequence[Point]) -> None:
        """Write ``points`` with the interface of the version found. Raises as the Protocol says."""
        self._store().write(points)

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first. Raises StoreError."""
        return self._store().query(query)

    def windows(self, query: WindowQuery) -> list[Point]:
        """Return one point for each series and window, newest first. Raises StoreError."""
        return self._store().windows(query)

    def tend(self, retention: Retention, *, now_ns: int) -> Tended:
        """Do one bounded step of roll-up and retention. Raises StoreError and UnableStoreError."""
        return self._store().tend(retention, now_ns=now_ns)

    def erase(self, tags: Mapping[str, str]) -> None:
        """Forget all points with ``tags``. Raises StoreError and UnableStoreError."""
        self._store().erase(tags)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _store(self, *, ask: bool = False) -> TimeSeriesStore:
        """Return the store of the version found, asked for again where ``ask``: it may have been upgraded."""
        with self._lock:
            if self._found is None or ask:
                version = self._http.request("GET", "/ping").headers.get("X-Influxdb-Version", "")
                if self._found is None or self._found[0] != version:
                    self._found = version, self._find(version)
            return self._found[1]

    def _find(self, version: str) -> TimeSeriesStore:
        major = version.removeprefix("v").split(".", 1)[0]
        self._http.authorize("Token" if major == "2" else "Bearer")
        if major == "1":
            self._check_honesty()
            return InfluxDb1Store(self._http, database=self._config.database)
        if major == "2":
            return self._version_2()
        if major == "3":
            return InfluxDb3Store(self._http, database=self._config.database)
        raise StoreError(
            "this is no InfluxDB 1.x, 2.x or 3",
            where=self._http.url,
            found=f"X-Influxdb-Version: {version!r}",
            todo="check 'store.url'",
        )

    def _check_honesty(self) -> None:
        """Raise ConfigError where something answers that only calls itself InfluxDB 1.x."""
        # VictoriaMetrics says 200 to every statement; InfluxDB says 400 to one that is none.
        try:
            self._http.request("GET", "/query", params={"q": "NO STATEMENT"})
        except RejectedRequestError:
            return
        raise ConfigError(
            "this calls itself InfluxDB 1.x and is none: it takes a statement that does not exist",
            where=self._http.url,
            todo="set kind = 'victoriametrics' in the table 'store' if it is VictoriaMetrics",
        )

    def _version_2(self) -> TimeSeriesStore:
        organisation, bucket = self._config.organisation, self._config.bucket
        if not (organisation and bucket and self._token):
            raise ConfigError(
                "InfluxDB 2.x answers, and it needs an organisation, a bucket and a token",
                where="the server's configuration, table 'store'",
                todo="set 'organisation', 'bucket' and 'token_file'",
            )
        return InfluxDb2Store(self._http, organisation=organisation, bucket=bucket)
