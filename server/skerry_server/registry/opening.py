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
    if password is None:
        return settings.registry_url
    url = parse_address(settings.registry_url)
    if url.get_backend_name() == "sqlite":
        raise ConfigError("SQLite knows no passwords", where="the server's configuration, key 'registry.password_file'")
    return url.set(password=password).render_as_string(hide_password=False)
