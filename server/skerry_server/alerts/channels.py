"""Channels: where notifications go, through Apprise, whose addresses are secrets.

Apprise and the libraries under it write addresses to their logs, so their loggers are closed here; what went wrong is
taken from Apprise's own warnings, with everything of the address masked that could be a secret.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

from skerry_edge.foundation.errors import ConfigError, MissingError
from skerry_edge.foundation.extras import install_hint
from skerry_edge.foundation.redaction import MASK, redact
from skerry_server.alerts.rules import RANK
from skerry_server.config.alerts import Channel as ChannelTable
from skerry_server.config.server import Settings
from skerry_server.errors import ChannelError
from skerry_server.registry.alerts import Severity

if TYPE_CHECKING:
    from apprise import Apprise

LOUD = ("apprise", "urllib3", "requests", "requests_oauthlib", "oauthlib", "charset_normalizer")
LEAST_SECRET_CHARS = 4
_PARTS = re.compile(r"[^/?&=:@#]+")
_BODY_LIMIT = 8_000
_TYPES: dict[str, str] = {"info": "info", "warning": "warning", "critical": "failure"}


class Carrier(Protocol):
    """What brings a notification to people."""

    def send(self, *, severity: Severity, title: str, body: str) -> None:
        """Return when the service has taken it. Raises ChannelError."""
        ...


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel with what it wants to hear of."""

    name: str
    severity: Severity
    sites: frozenset[str]
    resolved: bool
    carrier: Carrier

    def wants(self, *, severity: Severity, site: str | None, is_resolved: bool) -> bool:
        """Tell whether something of ``severity`` goes here; ``site`` is None for what is about no device."""
        return (
            RANK[severity] >= RANK[self.severity]
            and (not self.sites or site in self.sites)
            and (self.resolved or not is_resolved)
        )


def open_channels(settings: Settings, *, environment: Mapping[str, str] = os.environ) -> list[Channel]:
    """Return the configured channels. Raises ConfigError, ReachError and MissingError."""
    return [
        Channel(
            name=table.name,
            severity=table.severity,
            sites=frozenset(table.sites),
            resolved=table.resolved,
            carrier=AppriseCarrier(_address(table, settings, environment), where=f"alerts channel '{table.name}'"),
        )
        for table in settings.config.alerts.channel
    ]


class AppriseCarrier:
    """One address of Apprise. Raises ConfigError for one that Apprise does not know, MissingError without Apprise."""

    def __init__(self, address: str, *, where: str) -> None:
        self._where = where
        self._secrets = _secrets_of(address)
        with _quiet():
            self._apprise = _apprise()
            is_known = self._apprise.add(address)
        if not is_known:
            raise ConfigError(
                "the channel's address is none that Apprise knows",
                where=where,
                found=f"{address.partition('://')[0][:20]}://{MASK}" if "://" in address else "no address",
                todo="see https://appriseit.com/services for their forms",
            )

    def send(self, *, severity: Severity, title: str, body: str) -> None:
        """Bring a notification; returns when the service has taken it. Raises ChannelError."""
        with _quiet() as said:
            # Said to be plain text, so that a service which sends HTML escapes what a device may have written.
            is_taken = self._apprise.notify(
                body=body[:_BODY_LIMIT], title=title, notify_type=_TYPES[severity], body_format="text"
            )
        if not is_taken:
            raise ChannelError("a channel did not take a notification", where=self._where, found=self._reason(said))

    def __repr__(self) -> str:
        """Return a form without the address."""
        return f"AppriseCarrier({self._where!r})"

    def _reason(self, said: Iterable[str]) -> str | None:
        text = "; ".join(said)
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return redact(text)[:500] or None


_SAID: ContextVar[list[str] | None] = ContextVar("said", default=None)
"""What is warned of in this context: Apprise sends in threads of its own, but takes the context along."""


class _Collector(logging.Handler):
    """Keeps each warning with whose sending it belongs to."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a warning."""
        said = _SAID.get()
        if said is not None:
            said.append(record.getMessage())


@contextmanager
def _quiet() -> Iterator[list[str]]:
    """Give the list of what Apprise warns of in the block; nothing of it reaches our log."""
    _close_loggers()
    said: list[str] = []
    token = _SAID.set(said)
    try:
        yield said
    finally:
        _SAID.reset(token)


@cache
def _close_loggers() -> None:
    for name in LOUD:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.setLevel(logging.WARNING)
        logger.addHandler(_Collector() if name == "apprise" else logging.NullHandler())


def _apprise() -> Apprise:
    try:
        import apprise  # noqa: PLC0415  # a third of a second and 40 MB, only where there are channels
    except ImportError as error:
        raise MissingError(
            "channels need the package 'apprise'", where="alerts.channel", todo=install_hint("server")
        ) from error
    # Of what a notification says nothing is read as a path or as an escape.
    asset = apprise.AppriseAsset(app_id="Skerry", app_desc="Skerry", async_mode=False, interpret_escapes=False)
    return apprise.Apprise(asset=asset)


def _address(table: ChannelTable, settings: Settings, environment: Mapping[str, str]) -> str:
    if table.url_env is None:
        return _checked(settings.secret(table.url_file) or "", table)
    address = environment.get(table.url_env, "")
    if not address:
        raise ConfigError(
            "a channel's address is not in the environment",
            where=f"alerts channel '{table.name}'",
            found=f"no variable '{table.url_env}'",
            todo="set it for the server's process, or use 'url_file'",
        )
    return _checked(address, table)


def _checked(address: str, table: ChannelTable) -> str:
    if len(address.split()) != 1:
        raise ConfigError(
            "a channel has one address, without blanks", where=f"alerts channel '{table.name}'", found="several words"
        )
    return address.strip()


def _secrets_of(address: str) -> set[str]:
    """Return every piece of an address that might be a secret, as it is written and decoded."""
    rest = address.partition("://")[2]
    pieces = {address, rest, *_PARTS.findall(rest)}
    return {one for piece in pieces for one in (piece, unquote(piece)) if len(one) >= LEAST_SECRET_CHARS}
