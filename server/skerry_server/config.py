"""The server's configuration: what may be set, what holds where nothing is set, and what is refused."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct, field

from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_edge.foundation.config import load_toml
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.redaction import redact
from skerry_edge.foundation.secret_file import read_secret

Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the tables of the configuration file."""


class Broker(Section, frozen=True, kw_only=True):
    """Where the fleet publishes; ``client_id`` must be this server's alone, since its session waits under it."""

    url: str = "mqtt://127.0.0.1:1883"
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    protocol: Literal["5", "3.1.1"] = "5"
    client_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "skerry-server"
    session_expiry_s: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 7 * 86_400


class SqliteStore(Section, frozen=True, kw_only=True, tag="sqlite", tag_field="kind"):
    """Time series in one local file, by default in the state directory."""

    path: str | None = None


class InfluxStore(Section, frozen=True, kw_only=True, tag="influxdb", tag_field="kind"):
    """Time series in InfluxDB; which version answers is found out by asking it.

    1.x takes ``database`` with ``username`` and ``password_file``; 2.x takes ``organisation``, ``bucket`` and
    ``token_file``.
    """

    url: str = "http://127.0.0.1:8086"
    database: str = "skerry"
    username: str | None = None
    password_file: str | None = None
    organisation: str | None = None
    bucket: str | None = None
    token_file: str | None = None
    timeout_s: Seconds = 10.0


class Registry(Section, frozen=True, kw_only=True):
    """The relational database, as a SQLAlchemy address; by default a file in the state directory."""

    url: str | None = None


class Http(Section, frozen=True, kw_only=True):
    """Where API and dashboard listen."""

    host: str = "127.0.0.1"
    port: Port = 8080


class PresenceRules(Section, frozen=True, kw_only=True):
    """After ``missed`` heartbeats of ``heartbeat_s`` seconds have stayed out, a device counts as offline."""

    heartbeat_s: Seconds = 30.0
    missed: Annotated[int, Meta(ge=1, le=1000)] = 3


class ServerConfig(Section, frozen=True, kw_only=True):
    """The whole file; every table may be left out."""

    broker: Broker = field(default_factory=Broker)
    store: SqliteStore | InfluxStore = field(default_factory=SqliteStore)
    registry: Registry = field(default_factory=Registry)
    http: Http = field(default_factory=Http)
    presence: PresenceRules = field(default_factory=PresenceRules)


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


def check(config: ServerConfig, where: str) -> None:
    """Refuse what no type can: an address that is none, and a listener that anyone could reach. Raises ConfigError."""
    parse_broker_url(config.broker.url, where=f"{where}, key 'broker.url'")
    if not is_loopback(config.http.host):
        raise ConfigError(
            "the server listens on this machine only, because API and dashboard have no sign-in yet",
            where=f"{where}, key 'http.host'",
            found=repr(config.http.host),
            todo="use 127.0.0.1 and reach it through an SSH tunnel or a reverse proxy that asks for a password",
        )
    if isinstance(config.store, InfluxStore):
        _check_store_url(config.store.url, where=f"{where}, key 'store.url'")


def _check_store_url(url: str, *, where: str) -> None:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise ConfigError(
            "the store's address must be http://host:port or https://host:port", where=where, found=repr(redact(url))
        )
    # Errors name the address, and health shows them to everybody: it must hold no secret.
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ConfigError(
            "the store's address must not hold a login, a query or a fragment",
            where=where,
            found=repr(redact(url)),
            todo="set 'username' and 'password_file', or 'token_file', beside it",
        )


def is_loopback(host: str) -> bool:
    """Tell whether ``host`` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def state_directory() -> Path:
    """Return where the server keeps its data: systemd's StateDirectory, else the XDG state directory."""
    given = os.environ.get("STATE_DIRECTORY")
    if given:
        return Path(given.split(":", 1)[0])
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "skerry"
