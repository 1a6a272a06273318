"""From the configuration to what commits messages: the one place where it is put together."""

from __future__ import annotations

from skerry_server.config.server import ServerConfig
from skerry_server.ingest.commit import Committer
from skerry_server.ingest.pauses import PatientStore
from skerry_server.presence import SilenceRules
from skerry_server.registry.database import Database
from skerry_server.stores.base import Store


def committer_of(config: ServerConfig, store: Store, database: Database) -> Committer:
    """Return what commits messages to ``store`` and ``database``."""
    return Committer(store=PatientStore(store), database=database, rules=silence_rules(config), limits=config.limits)


def silence_rules(config: ServerConfig) -> SilenceRules:
    """Return after how long a device counts as silent."""
    return SilenceRules(heartbeat_s=config.presence.heartbeat_s, missed=config.presence.missed)
