"""Rows of the registry as the messages that devices get. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from skerry_edge.contracts.messages import Command, Desired, UpdateOrder
from skerry_edge.contracts.topics import topic_of
from skerry_server.registry.models import CommandRow, DesiredRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A message to publish at QoS 1; ``expires_s`` is for how long the broker is to keep it, None for good."""

    topic: str
    payload: bytes
    retain: bool
    expires_s: int | None = None


def desired_message(row: DesiredRow, *, site: str) -> Outgoing:
    """Return a version as its device gets it: retained, so that it finds it whenever it connects."""
    message = Desired(
        v=1,
        version=row.version,
        ts=row.ts_ms,
        device=row.device,
        config=row.config,
        models=row.models,
        updates=msgspec.convert(row.updates, dict[str, UpdateOrder]),
    )
    return Outgoing(topic=topic_of(site, row.device, "desired"), payload=msgspec.json.encode(message), retain=True)


def no_desired_message(device: str, *, site: str) -> Outgoing:
    """Return what removes a retained version from a topic (MQTT 5 clause 3.3.1.3)."""
    return Outgoing(topic=topic_of(site, device, "desired"), payload=b"", retain=True)


def command_message(row: CommandRow, *, site: str, now_ms: int) -> Outgoing:
    """Return a command as its device gets it; the broker forgets it when it expires."""
    message = Command(
        v=1,
        id=row.id,
        name=row.name,  # type: ignore[arg-type]  # only what the contract names is written there
        ts=row.ts_ms,
        expires_ts=row.expires_ms,
        args=row.args,
    )
    return Outgoing(
        topic=topic_of(site, row.device, "command"),
        payload=msgspec.json.encode(message),
        retain=False,
        # Rounded up: a device judges by `expires_ts` anyway.
        expires_s=max(1, -(-(row.expires_ms - now_ms) // 1000)),
    )
