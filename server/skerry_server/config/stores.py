"""The table `store`: one class for each kind of time-series store."""

from __future__ import annotations

from urllib.parse import urlsplit

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.redaction import redact
from skerry_server.config.section import Seconds, Section


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


def check_store_url(url: str, *, where: str) -> None:
    """Refuse what is no address of a store, and one that holds a secret. Raises ConfigError."""
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
