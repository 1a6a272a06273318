"""What a simulated device does on the wire, as values: it connects, publishes, breaks off or leaves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """One PUBLISH at QoS 1; ``topic`` and ``payload`` need not fit the contract."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Connect:
    """Connect with a clean session; the broker publishes ``will`` when the connection ends without a DISCONNECT."""

    will: Outgoing


@dataclass(frozen=True, kw_only=True, slots=True)
class Publish:
    """Publish over the connection that there is."""

    message: Outgoing


@dataclass(frozen=True, slots=True)
class Cut:
    """Let the connection break, as when the power or the network fails."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Send DISCONNECT, after which the broker forgets the will."""


Act = Connect | Publish | Cut | Leave
