"""How messages reach the broker: its address, the login, TLS, and what may wait."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from skerry_edge.agent.config.parts import FileText, Part


class TlsConfig(Part, frozen=True, kw_only=True):
    """Files for TLS: who signs the broker's certificate (default: the system's list), and the device's own."""

    ca_file: FileText | None = None
    certificate_file: FileText | None = None
    key_file: FileText | None = None


class MqttConfig(Part, frozen=True, kw_only=True):
    """Where the broker is and how to log in; ``protocol`` auto means 5, and 3.1.1 where the broker has no 5.

    The password is read from ``password_file`` or, without it, from the environment variable that
    ``password_env`` names; it is never part of the configuration itself.
    """

    url: Annotated[str, Meta(max_length=1024)]
    username: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    password_file: FileText | None = None
    password_env: Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "SKERRY_MQTT_PASSWORD"  # noqa: S105  # a variable's name
    tls: TlsConfig | None = None
    keepalive_s: Annotated[int, Meta(ge=5, le=3600)] = 30
    protocol: Literal["auto", "5", "3.1.1"] = "auto"


class OutboxConfig(Part, frozen=True, kw_only=True):
    """How many bytes of messages may wait for the broker."""

    max_bytes: Annotated[int, Meta(ge=65536, le=1 << 40)] = 4 << 20
