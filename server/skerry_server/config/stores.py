"""The tables `store`, one class for each kind of time-series store, and `telemetry`: how long it keeps what."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.redaction import redact
from skerry_server.config.section import Seconds, Section

Days = Annotated[int, Meta(ge=1, le=36_500)]


class SqliteStore(Section, frozen=True, kw_only=True, tag="sqlite", tag_field="kind"):
    """Time series in one local file, by default in the state directory."""

    path: str | None = None


class InfluxStore(Section, frozen=True, kw_only=True, tag="influxdb", tag_field="kind"):
    """Time series in InfluxDB; which version answers is found out by asking it.

    1.x takes ``database`` with ``username`` and ``password_file``; 2.x takes ``organisation``, ``bucket`` and
    ``token_file``; 3 takes ``database`` and ``token_file``.
    """

    url: str = "http://127.0.0.1:8086"
    database: str = "skerry"
    username: str | None = None
    password_file: str | None = None
    organisation: str | None = None
    bucket: str | None = None
    token_file: str | None = None
    timeout_s: Seconds = 10.0


class VictoriaStore(Section, frozen=True, kw_only=True, tag="victoriametrics", tag_field="kind"):
    """Time series in a single-node VictoriaMetrics; login or token are those of what stands before it."""

    url: str = "http://127.0.0.1:8428"
    username: str | None = None
    password_file: str | None = None
    token_file: str | None = None
    timeout_s: Seconds = 10.0


class Telemetry(Section, frozen=True, kw_only=True):
    """How long points are kept as they came, and how long their 5-minute roll-ups, where the store can do that."""

    raw_days: Days = 30
    rollup_days: Days = 365


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


def check_telemetry(telemetry: Telemetry, *, where: str) -> None:
    """Refuse roll-ups that end before the points that they stand for. Raises ConfigError."""
    if telemetry.rollup_days < telemetry.raw_days:
        raise ConfigError(
            "roll-ups must be kept at least as long as the points",
            where=f"{where}, key 'telemetry.rollup_days'",
            found=f"{telemetry.rollup_days}, with 'raw_days' {telemetry.raw_days}",
        )
