"""The table `broker`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_edge.foundation.errors import ConfigError
from skerry_server.config.section import Section


class Broker(Section, frozen=True, kw_only=True):
    """Where the fleet publishes; ``client_id`` must be this server's alone, since its session waits under it.

    A worker with another name than "1" adds that to it. ``subscription`` is that of `skerry server ingest`: `plain`, of
    one that takes in all, or `shared` among several.
    """

    url: str = "mqtt://127.0.0.1:1883"
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    protocol: Literal["5", "3.1.1"] = "5"
    client_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "skerry-server"
    subscription: Literal["plain", "shared"] = "plain"
    session_expiry_s: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 7 * 86_400


def check_broker(broker: Broker, *, where: str) -> None:
    """Refuse an address that is none, and what MQTT 3.1.1 has no words for. Raises ConfigError."""
    parse_broker_url(broker.url, where=f"{where}, key 'broker.url'")
    if broker.subscription == "shared" and broker.protocol != "5":
        raise ConfigError(
            "MQTT 3.1.1 knows no shared subscriptions",
            where=f"{where}, key 'broker.subscription'",
            found=f'subscription = "shared" with protocol = "{broker.protocol}"',
            todo='set protocol = "5", or run one worker with subscription = "plain"',
        )
