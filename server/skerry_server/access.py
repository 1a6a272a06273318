"""From the configuration to the broker: where it is, who we are there, and what we want from it."""

from __future__ import annotations

import os
import re
import socket
import ssl
from dataclasses import replace

from skerry_edge.contracts.topics import FLEET_FILTER
from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_edge.foundation.errors import ConfigError
from skerry_server.config.server import Settings
from skerry_server.ingest.link import Access

GROUP = "skerry"
"""The name of the shared subscription that all workers of a fleet are part of."""


def sole_access(settings: Settings) -> Access:
    """Return the access of a server that takes in the whole fleet alone. Raises ConfigError and ReachError."""
    return _access(settings, client_id=settings.config.broker.client_id, topic_filter=FLEET_FILTER)


def worker_access(settings: Settings) -> Access:
    """Return the access of one worker, among others where the subscription is shared.

    Raises ConfigError and ReachError.
    """
    filters = {"plain": FLEET_FILTER, "shared": f"$share/{GROUP}/{FLEET_FILTER}"}
    wanted = filters.pop(settings.config.broker.subscription)
    (other,) = filters.values()
    access = _access(
        settings,
        client_id=f"{settings.config.broker.client_id}-{settings.config.ingest.worker}",
        topic_filter=wanted,
    )
    return replace(access, former_filter=other)


def downlink_access(settings: Settings) -> Access:
    """Return the access of a process that publishes to devices. Raises ConfigError and ReachError.

    Its name is this process's alone: several may publish, and none has anything to come back to.
    """
    host = re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname())[:32]
    client_id = f"{settings.config.broker.client_id}-down-{host}-{os.getpid()}"
    return _access(settings, client_id=client_id, topic_filter="")


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
