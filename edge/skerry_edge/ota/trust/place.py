"""Where a device keeps what it trusts; the floors lie beside the metadata, so that who empties that leaves them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustPlace:
    """The folder of cached metadata, and the two files of floors outside of it."""

    metadata: Path
    floors: Path
    counters: Path

    @classmethod
    def below(cls, folder: Path) -> TrustPlace:
        """Return the place in the device's own state ``folder``."""
        return cls(metadata=folder / "metadata", floors=folder / "floors.json", counters=folder / "counters.json")
