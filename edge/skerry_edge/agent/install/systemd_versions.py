"""What a unit may say to which systemd: an older one ignores what it does not know, and not all of that is harmless.

Versions are from systemd's NEWS and, where that is silent, from "Added in version" of systemd.exec(5), .service(5),
.unit(5) and .resource-control(5); `@system-service` came with its pull request 8766, before 239.
"""

from __future__ import annotations

from skerry_edge.foundation.errors import ConfigError

OLDEST = 235
"""The first with StateDirectory= and CacheDirectory=, without which the service has no place for its state."""
SINCE = {
    "OOMPolicy": 243,
    "PrivateMounts": 239,
    "ProtectHostname": 242,
    "ProtectKernelLogs": 244,
    "ProtectProc": 247,
    "RestrictSUIDSGID": 242,
}
"""Those of the unit's settings that came after `OLDEST`."""
_ALLOWING_SINCE = 239
_ALLOWED = ("SystemCallFilter=@system-service", "SystemCallFilter=~@privileged")
_DENIED = (
    "SystemCallFilter=~@clock @cpu-emulation @debug @keyring @module @mount @obsolete @privileged @raw-io",
    "SystemCallFilter=~@reboot @swap",
)
"""Before `@system-service` a list of what is allowed would be empty, and the service killed at its first step."""


def require_known(version: int) -> None:
    """Refuse a systemd that could not keep the service's state. Raises ConfigError."""
    if version < OLDEST:
        raise ConfigError(
            "the system's systemd is too old for the service",
            found=f"version {version}, and {OLDEST} is the first that would do",
            todo="upgrade the system (Debian 10, Ubuntu 18.04 or later), or run the agent in a container",
        )


def system_call_filter(version: int) -> str:
    """Return the lines that keep the service from system calls of administration, the first deciding what others do."""
    return "\n".join(_ALLOWED if version >= _ALLOWING_SINCE else _DENIED)


def fitted(unit: str, version: int) -> str:
    """Return a unit's text without the settings that this systemd does not know, and the comments right above them."""
    kept: list[str] = []
    for line in unit.splitlines():
        if SINCE.get(line.partition("=")[0], OLDEST) <= version:
            kept.append(line)
            continue
        while kept and kept[-1].startswith("#"):
            kept.pop()
    return "\n".join(kept) + "\n"
