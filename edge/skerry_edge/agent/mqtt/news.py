"""What a session has to say: messages that came down, and what the broker refuses to send or to take."""

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Undelivered:
    """Something that the broker does not take, or sends and is not taken here: a system event's label and text."""

    label: str
    text: str


News = Inbound | RefusedSubscription | Undelivered
