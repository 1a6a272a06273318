"""Where the device keeps what belongs to updates, below its state directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skerry_edge.ota.trust.place import TrustPlace


@dataclass(frozen=True, slots=True)
class Places:
    """``ota`` holds the journal and what trust is kept in, ``incoming`` the downloads."""

    state_dir: Path

    @property
    def ota(self) -> Path:
        """The folder of journal, metadata and floors."""
        return self.state_dir / "ota"

    @property
    def incoming(self) -> Path:
        """The folder of downloads."""
        return self.ota / "incoming"

    @property
    def pictures(self) -> Path:
        """The folder of what the device saw last, while a model is tried on it."""
        return self.ota / "pictures"

    @property
    def counters(self) -> Path:
        """The release counters that were committed, which the agent raises."""
        return TrustPlace.below(self.ota).counters
