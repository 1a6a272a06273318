"""What a worker remembers of each device, so that an ordinary heartbeat needs no look into the registry.

It may be outdated, as other workers write too: what matters is decided on the rows of the registry, and the next flush
of soft state finds out.
"""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern

from msgspec import Struct

from skerry_server.presence import Presence
from skerry_server.registry.bindings import Mark, Rebound


class Known(Struct, gc=False):
    """A device: its site, and its presence as far as it is plain.

    ``session`` is None unless the device is there and nothing about it is in question; messages of that session with a
    seq above ``seq`` then change nothing but that. ``series`` are hashes of its tags, ``fields_brought`` counts those
    that it was the first with.
    """

    site: str
    session: str | None = None
    seq: int = -1
    series: tuple[int, ...] = ()
    fields_brought: int = 0


class FleetMemory:
    """The devices that this worker has heard; ``mark`` is how far it knows what people changed about them.

    What `get` returned stays what is known of that device until ``edition`` changes.
    """

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._erased_ms: dict[str, int] = {}
        self._last_erasure_ms = -1
        self.mark: Mark | None = None
        self.edition = 0

    def __len__(self) -> int:
        return len(self._known)

    def get(self, device: str) -> Known | None:
        """Return what is known of a device."""
        return self._known.get(device)

    def may_outlive(self, received_ms: int) -> bool:
        """Tell whether any device was erased since ``received_ms``."""
        return received_ms < self._last_erasure_ms

    def was_erased_since(self, device: str, received_ms: int) -> bool:
        """Tell whether a device was erased after something of it was received."""
        return received_ms < self._erased_ms.get(device, -1)

    def bind(self, sites: Mapping[str, str]) -> None:
        """Note the sites of devices."""
        for device, site in sites.items():
            known = self._known.get(device)
            if known is not None and known.site != site:
                self.edition += 1
                known = None
            if known is None:
                self._known[device] = Known(intern(site))

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
        if rebound.devices is None or rebound.devices:
            self.edition += 1
        if rebound.erased_ms:
            self._erased_ms |= rebound.erased_ms
            self._last_erasure_ms = max(self._erased_ms.values())
        if rebound.devices is None:
            self._known.clear()
        else:
            for device in rebound.devices:
                self._known.pop(device, None)

    def clear(self) -> None:
        """Make strangers of all."""
        self._known.clear()
        self.edition += 1
        self.mark = None
