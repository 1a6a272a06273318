"""From the configuration to the registry that it names."""

from __future__ import annotations

from skerry_edge.foundation.errors import ConfigError
from skerry_server.config.server import Settings
from skerry_server.registry.database import Database
from skerry_server.registry.engine import parse_address


def open_registry(settings: Settings) -> Database:
    """Return the configured registry without reaching for it yet. Raises ReachError, ConfigError and MissingError."""
    return Database(_address(settings), patience_s=settings.config.registry.patience_s)


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
