"""Alerting put together: the lookout, which one process does, and the courier, which every process may do."""

from __future__ import annotations

from skerry_server.alerts.channels import open_channels
from skerry_server.alerts.courier import Courier
from skerry_server.alerts.history import History
from skerry_server.alerts.lookout import LEASE, Lookout
from skerry_server.config.server import Settings
from skerry_server.health import Health, now_ms
from skerry_server.registry.database import Database
from skerry_server.stores.archive import Archive


class Alerting:
    """The lookout is to run where ``holder`` has ``lease``. Raises ConfigError, ReachError, MissingError."""

    lease = LEASE

    def __init__(self, settings: Settings, *, store: Archive, database: Database, health: Health, holder: str) -> None:
        config = settings.config
        channels = open_channels(settings)
        self.lookout = Lookout(
            alerts=config.alerts,
            channels=channels,
            database=database,
            history=History(store, database),
            health=health,
            holder=holder,
            now_ms=now_ms,
        )
        self.courier = Courier(channels=channels, database=database, health=health, now_ms=now_ms)
