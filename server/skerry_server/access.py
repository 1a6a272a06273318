"""From the configuration to the broker: where it is, who we are there, and what we want from it."""

from __future__ import annotations

import os
import re
import socket
import ssl
from dataclasses import replace
from typing import Literal

from skerry_edge.contracts.topics import FLEET_FILTER
from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_edge.foundation.errors import ConfigError
from skerry_server.config.ingest import Ingest
from skerry_server.config.server import Settings
from skerry_server.ingest.link import Access

GROUP = "skerry"
"""The name of the shared subscription that all workers of a fleet are part of."""


def sole_access(settings: Settings) -> Access:
    """Return the access of a server that takes in the whole fleet alone. Raises ConfigError and ReachError."""
    return _ingest_access(settings, "plain")


def worker_access(settings: Settings) -> Access:
    """Return the access of one worker, among others where the subscription is shared.

    Raises ConfigError and ReachError.
    """
    return _ingest_access(settings, settings.config.broker.subscription)


def downlink_access(settings: Settings) -> Access:
    """Return the access of a process that publishes to devices. Raises ConfigError and ReachError.

    Its name is this process's alone: several may publish, and none has anything to come back to.
    """
    host = re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname())[:32]
    client_id = f"{settings.config.broker.client_id}-down-{host}-{os.getpid()}"
    return _access(settings, client_id=client_id, topic_filter="")


def _ingest_access(settings: Settings, subscription: Literal["plain", "shared"]) -> Access:
    filters = {"plain": FLEET_FILTER, "shared": f"$share/{GROUP}/{FLEET_FILTER}"}
    wanted = filters.pop(subscription)
    (other,) = filters.values()
    return replace(_access(settings, client_id=session_name(settings), topic_filter=wanted), former_filter=other)


def session_name(settings: Settings) -> str:
    """Return the client id under which this worker's session stays at the broker.

    `skerry server run` and the first worker are one and the same there, as they are in their spool: whichever of the
    two runs next goes on with what waits.
    """
    name, worker = settings.config.broker.client_id, settings.config.ingest.worker
    return name if worker == Ingest().worker else f"{name}-{worker}"


def _access(settings: Settings, *, client_id: str, topic_filter: str) -> Access:
    broker = settings.config.broker
    address = parse_broker_url(broker.url, where="the server's configuration, key 'broker.url'")
    return Access(
        address=address,
        client_id=client_id,
        is_mqtt5=broker.protocol == "5",
        session_expiry_s=broker.session_expiry_s,
        topic_filter=topic_filter,
        username=broker.username,
        password=settings.secret(broker.password_file),
        tls=_tls(settings, broker.ca_file) if address.encrypted else None,
    )


def _tls(settings: Settings, ca_file: str | None) -> ssl.SSLContext:
    path = settings.base / ca_file if ca_file else None
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            "the broker's certificate authority cannot be loaded", where=str(path), found=str(error)
        ) from error
