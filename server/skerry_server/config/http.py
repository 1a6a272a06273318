"""The table `http`, and who can reach an address."""

from __future__ import annotations

import ipaddress

from skerry_server.config.section import Port, Section


class Http(Section, frozen=True, kw_only=True):
    """Where API and dashboard listen."""

    host: str = "127.0.0.1"
    port: Port = 8080


def is_loopback(host: str) -> bool:
    """Tell whether ``host`` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
