"""The table `broker`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from skerry_server.config.section import Section


class Broker(Section, frozen=True, kw_only=True):
    """Where the fleet publishes; ``client_id`` must be this server's alone, since its session waits under it.

    ``subscription`` is that of `skerry server ingest`: `shared` among workers, or `plain`, of one that is alone.
    """

    url: str = "mqtt://127.0.0.1:1883"
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    protocol: Literal["5", "3.1.1"] = "5"
    client_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "skerry-server"
    subscription: Literal["shared", "plain"] = "shared"
    session_expiry_s: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 7 * 86_400
