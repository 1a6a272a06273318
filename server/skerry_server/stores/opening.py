"""From the configuration to the time-series store that it names."""

from __future__ import annotations

from skerry_server.config.server import Settings
from skerry_server.config.stores import SqliteStore
from skerry_server.stores.base import Store
from skerry_server.stores.influxdb import InfluxDbStore
from skerry_server.stores.sqlite import SqliteStore as SqliteFile


def open_store(settings: Settings) -> Store:
    """Return the configured store without reaching for it yet. Raises ReachError and ConfigError for its secrets."""
    config = settings.config.store
    if isinstance(config, SqliteStore):
        return SqliteFile(settings.store_path)
    return InfluxDbStore(
        config, password=settings.secret(config.password_file), token=settings.secret(config.token_file)
    )
