"""What a worker remembers of each device, so that an ordinary heartbeat needs no look into the registry.

It may be outdated, as other workers write too: what matters is decided on the rows of the registry, and the next flush
of soft state finds out.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from skerry_server.presence import Presence
from skerry_server.registry.bindings import Mark, Rebound


class Known(Struct, gc=False):
    """A device: its site, and its presence as far as it is plain.

    ``session`` is None unless the device is there and nothing about it is in question; messages of that session with a
    seq above ``seq`` then change nothing but that. ``series`` are hashes of its tags.
    """

    site: str
    session: str | None = None
    seq: int = -1
    series: tuple[int, ...] = ()


class FleetMemory:
    """The devices that this worker has heard; ``mark`` is how far it knows what people changed about them."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self.mark: Mark | None = None

    def __len__(self) -> int:
        return len(self._known)

    def get(self, device: str) -> Known | None:
        """Return what is known of a device."""
        return self._known.get(device)

    def bind(self, sites: Mapping[str, str]) -> None:
        """Note the sites of devices."""
        for device, site in sites.items():
            known = self._known.get(device)
            if known is None or known.site != site:
                self._known[device] = Known(site)

    def note(self, presences: Mapping[str, Presence]) -> None:
        """Note what the registry has of the presence of devices."""
        for device, presence in presences.items():
            known = self._known.get(device)
            if known is None:
                continue
            is_plain = presence.state != "offline" and presence.facts.rival is None
            known.session = presence.session if is_plain else None
            known.seq = presence.seq

    def learn(self, rebound: Rebound) -> None:
        """Make strangers of the devices that were moved or erased."""
        self.mark = rebound.mark
        if rebound.devices is None:
            self._known.clear()
        else:
            for device in rebound.devices:
                self._known.pop(device, None)

    def clear(self) -> None:
        """Make strangers of all."""
        self._known.clear()
        self.mark = None
