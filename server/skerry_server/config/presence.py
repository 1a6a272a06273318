"""The table `presence`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from skerry_server.config.section import Seconds, Section


class PresenceRules(Section, frozen=True, kw_only=True):
    """After ``missed`` heartbeats of ``heartbeat_s`` seconds have stayed out, a device counts as offline."""

    heartbeat_s: Seconds = 30.0
    missed: Annotated[int, Meta(ge=1, le=1000)] = 3
