"""From the configuration to the time-series store that it names."""

from __future__ import annotations

from skerry_server.config.server import Settings
from skerry_server.config.stores import InfluxStore, SqliteStore, VictoriaStore
from skerry_server.stores.archive import TimeSeriesStore
from skerry_server.stores.influxdb import InfluxDbStore
from skerry_server.stores.sqlite import SqliteStore as SqliteFile
from skerry_server.stores.victoriametrics import VictoriaMetricsStore


def open_store(settings: Settings) -> TimeSeriesStore:
    """Return the configured store without reaching for it yet. Raises ReachError and ConfigError for its secrets."""
    config = settings.config.store
    if isinstance(config, SqliteStore):
        return SqliteFile(settings.store_path)
    password, token = settings.secret(config.password_file), settings.secret(config.token_file)
    if isinstance(config, InfluxStore):
        return InfluxDbStore(config, password=password, token=token)
    return VictoriaMetricsStore(config, password=password, token=token)


def known_durable_after_s(config: SqliteStore | InfluxStore | VictoriaStore) -> float | None:
    """Return how long a store may lose what it acknowledged (s), None where only a probe can tell."""
    return None if isinstance(config, VictoriaStore) else 0.0
