"""What comes down a connection: messages, and the broker's refusals to send any."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Inbound:
    """A message from the broker; ``expires_in_s`` is what the broker says is left of its life (MQTT 5)."""

    topic: str
    payload: bytes
    retained: bool = False
    expires_in_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusedSubscription:
    """A topic that the broker does not let this device listen to, and its reason."""

    topic: str
    reason: str


News = Inbound | RefusedSubscription
