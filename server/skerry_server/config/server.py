"""The whole configuration file, read and checked: what may be set, what holds where nothing is, what is refused."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec import ValidationError, convert, field, structs

from skerry_edge.foundation.config import load_toml
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.secret_file import read_secret
from skerry_server.config.alerts import Alerts, check_alerts
from skerry_server.config.broker import Broker, check_broker
from skerry_server.config.http import Http, check_http
from skerry_server.config.ingest import Ingest
from skerry_server.config.limits import Limits
from skerry_server.config.presence import PresenceRules
from skerry_server.config.registry import Registry
from skerry_server.config.retention import Retention
from skerry_server.config.section import Section
from skerry_server.config.stores import (
    InfluxStore,
    SqliteStore,
    Telemetry,
    VictoriaStore,
    check_store_url,
    check_telemetry,
)


class ServerConfig(Section, frozen=True, kw_only=True):
    """The whole file; every table may be left out."""

    broker: Broker = field(default_factory=Broker)
    store: SqliteStore | InfluxStore | VictoriaStore = field(default_factory=SqliteStore)
    telemetry: Telemetry = field(default_factory=Telemetry)
    limits: Limits = field(default_factory=Limits)
    registry: Registry = field(default_factory=Registry)
    retention: Retention = field(default_factory=Retention)
    http: Http = field(default_factory=Http)
    ingest: Ingest = field(default_factory=Ingest)
    presence: PresenceRules = field(default_factory=PresenceRules)
    alerts: Alerts = field(default_factory=Alerts)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A checked configuration with every path made absolute against ``base``, the configuration file's folder."""

    config: ServerConfig
    base: Path
    state: Path

    @property
    def store_path(self) -> Path:
        """The file of the embedded time-series store."""
        path = self.config.store.path if isinstance(self.config.store, SqliteStore) else None
        return self.base / path if path else self.state / "telemetry.sqlite"

    @property
    def registry_url(self) -> str:
        """The SQLAlchemy address of the registry."""
        return self.config.registry.url or f"sqlite:///{self.state / 'registry.sqlite'}"

    @property
    def spool_folder(self) -> Path:
        """The folder of this worker's spool."""
        path = self.config.ingest.spool
        return (self.base / path if path else self.state / "spool") / self.config.ingest.worker

    def secret(self, name: str | None) -> str | None:
        """Return the content of a secret's file without its last line end. Raises ReachError and ConfigError."""
        return None if name is None else read_secret(self.base / name)


def load_settings(path: Path | None) -> Settings:
    """Read ``path``, or take the defaults where there is none. Raises ReachError and ConfigError."""
    config = load_toml(path, ServerConfig) if path else ServerConfig()
    where = str(path) if path else "the server's configuration"
    check(config, where)
    base = path.resolve().parent if path else Path.cwd()
    return Settings(config=config, base=base, state=state_directory())


def with_worker(settings: Settings, *, worker: str | None, port: int | None) -> Settings:
    """Return ``settings`` for a worker of another name, with probes at ``port``. Raises ConfigError."""
    given = {"worker": worker, "port": port}
    changes = {key: value for key, value in given.items() if value is not None}
    try:
        # Made again from its parts, so that what the command line says is checked as the file is.
        ingest = convert(structs.asdict(settings.config.ingest) | changes, Ingest)
    except ValidationError as error:
        raise ConfigError("the worker cannot be called so", where="--worker", found=str(error)) from error
    return replace(settings, config=structs.replace(settings.config, ingest=ingest))


def check(config: ServerConfig, where: str) -> None:
    """Refuse what no type can: an address that is none, a listener that can be overheard. Raises ConfigError."""
    check_broker(config.broker, where=where)
    check_http(config.http, where=where)
    check_telemetry(config.telemetry, where=where)
    check_alerts(config.alerts, where=where)
    if not isinstance(config.store, SqliteStore):
        check_store_url(config.store.url, where=f"{where}, key 'store.url'")


def state_directory() -> Path:
    """Return where the server keeps its data: systemd's StateDirectory, else the XDG state directory."""
    given = os.environ.get("STATE_DIRECTORY")
    if given:
        return Path(given.split(":", 1)[0])
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "skerry"
