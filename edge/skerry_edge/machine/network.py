"""The interface by which the device reaches the rest: the default route's, its speed and its radio signal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.machine.files import number, read_number, read_text

_HEXADECIMAL = re.compile(r"[0-9a-fA-F]+\Z")
_UP, _REJECT = 0x1, 0x200
"""RTF_UP and RTF_REJECT of the kernel's include/uapi/linux/route.h."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """``mbit`` is the link's speed, which a radio does not tell here; ``signal_dbm`` is a radio's."""

    interface: str
    mbit: float | None
    signal_dbm: float | None


def network(root: Path) -> Network | None:
    """Return what there is to say about the default route's interface; None where there is no such route."""
    interface = default_interface(
        read_text(root / "proc/net/route") or "", read_text(root / "proc/net/ipv6_route") or ""
    )
    if interface is None:
        return None
    mbit = read_number(root / "sys/class/net" / interface / "speed")
    return Network(
        interface=interface,
        mbit=mbit if mbit is not None and mbit > 0 else None,
        signal_dbm=signal_dbm(read_text(root / "proc/net/wireless") or "", interface),
    )


def default_interface(routes: str, routes6: str) -> str | None:
    """Return the interface of the default route with the least metric, IPv4 before IPv6, from the kernel's tables."""
    found = [_default4(line.split()) for line in routes.splitlines()[1:]]
    if not any(found):
        found = [_default6(line.split()) for line in routes6.splitlines()]
    return min((one for one in found if one is not None), default=(0, None))[1]


def _default4(words: list[str]) -> tuple[int, str] | None:
    """Return metric and interface where a line of `/proc/net/route` is a default route's."""
    is_default = len(words) >= 8 and words[1] == words[7] == "00000000" and words[6].isdecimal()
    return (int(words[6]), words[0]) if is_default and _flags(words[3]) & _UP else None


def _default6(words: list[str]) -> tuple[int, str] | None:
    """Return metric and interface where a line of `/proc/net/ipv6_route` is a default route's."""
    is_default = len(words) == 10 and words[0] == "0" * 32 and words[1] == "00"
    return (_flags(words[5]), words[9]) if is_default and _flags(words[8]) & (_UP | _REJECT) == _UP else None


def _flags(text: str) -> int:
    return int(text, 16) if _HEXADECIMAL.match(text) else 0


def signal_dbm(wireless: str, interface: str) -> float | None:
    """Return an interface's signal from `/proc/net/wireless` in dBm; None for one that has none.

    Drivers that count in a byte give dBm plus 256.
    """
    for line in wireless.splitlines():
        name, colon, rest = line.partition(":")
        words = rest.split()
        if colon and name.strip() == interface and len(words) >= 3:
            level = number(words[2].rstrip("."))
            if level is None or level == 0:
                return None
            return level - 256 if level > 0 else level
    return None
