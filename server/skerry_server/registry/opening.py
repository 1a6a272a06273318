"""From the configuration to the registry that it names."""

from __future__ import annotations

from skerry_edge.foundation.errors import ConfigError
from skerry_server.config.server import Settings
from skerry_server.registry.database import Database
from skerry_server.registry.engine import MOST_CONNECTIONS, parse_address


def open_registry(settings: Settings, *, connections: int = MOST_CONNECTIONS) -> Database:
    """Return the configured registry without reaching for it yet. Raises ReachError, ConfigError and MissingError."""
    return Database(_address(settings), patience_s=settings.config.registry.patience_s, connections=connections)


def open_present_registry(settings: Settings) -> Database:
    """Return the configured registry, and make none where there is none: what reads it would find nothing, and be well.

    Raises ReachError, ConfigError, MissingError and RegistryError.
    """
    database = open_registry(settings)
    if database.is_present():
        return database
    database.close()
    raise ConfigError(
        "there is no registry here",
        where=database.where,
        todo="name the server's configuration with --config and its state directory with STATE_DIRECTORY, as its owner;"
        " a new server makes its registry when it starts",
    )


def _address(settings: Settings) -> str:
    password = settings.secret(settings.config.registry.password_file)
    url = parse_address(settings.registry_url)
    if url.get_backend_name() == "sqlite":
        if password is not None:
            where = "the server's configuration, key 'registry.password_file'"
            raise ConfigError("SQLite knows no passwords", where=where)
        # Like every path of the configuration: all commands then find the same file, wherever they are run.
        url = url.set(database=str(settings.base / (url.database or "")))
    elif password is not None:
        url = url.set(password=password)
    return url.render_as_string(hide_password=False)
