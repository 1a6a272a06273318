"""How messages reach the broker: its address, the login, TLS, and what may wait."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from skerry_edge.agent.config.parts import FileText, Part
from skerry_edge.contracts.patterns import whole

PREFIX_PATTERN = r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$"


class TlsConfig(Part, frozen=True, kw_only=True):
    """Files for TLS: who signs the broker's certificate (default: the system's list), and the device's own."""

    ca_file: FileText | None = None
    certificate_file: FileText | None = None
    key_file: FileText | None = None


class MqttConfig(Part, frozen=True, kw_only=True):
    """Where the broker is and how to log in; ``protocol`` auto means 5, and 3.1.1 where the broker has no 5.

    The password is read from ``password_file`` or, without it, from the environment variable that
    ``password_env`` names; it is never part of the configuration itself.

    After a connection was lost, the first attempt comes at a random moment within ``reconnect_within_s``: a fleet that
    lost its broker at one moment must not come back at one. ``keepalive_s`` is after how long of silence the broker is
    asked whether it is there; a line that is dead is known as such after twice that time at the latest. With
    ``home_assistant`` the device makes itself known to a Home Assistant at the same broker, under its
    ``discovery_prefix``.
    """

    url: Annotated[str, Meta(max_length=1024)]
    username: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    password_file: FileText | None = None
    password_env: Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "SKERRY_MQTT_PASSWORD"  # noqa: S105  # a variable's name
    tls: TlsConfig | None = None
    keepalive_s: Annotated[int, Meta(ge=5, le=3600)] = 30
    reconnect_within_s: Annotated[float, Meta(ge=0.1, le=300)] = 5.0
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    home_assistant: bool = False
    discovery_prefix: Annotated[str, Meta(max_length=128, pattern=whole(PREFIX_PATTERN))] = "homeassistant"


class OutboxConfig(Part, frozen=True, kw_only=True):
    """What may wait for the broker, and how it goes out once the broker is there.

    ``max_bytes`` counts the payload; the file takes up to a third more. What waited before a connection goes out at
    most ``replay_per_s`` messages a second, and at most ``replay_in_flight`` of them unacknowledged. With
    ``without_subscriber`` an event to which nobody subscribes is kept, or counts as ``done``.
    """

    max_bytes: Annotated[int, Meta(ge=65536, le=1 << 40)] = 64 << 20
    replay_per_s: Annotated[float, Meta(ge=1, le=100_000)] = 200.0
    replay_in_flight: Annotated[int, Meta(ge=1, le=1000)] = 10
    without_subscriber: Literal["keep", "done"] = "keep"
