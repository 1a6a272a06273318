"""What the retained status says of a device, and what it says last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """What the retained status says."""

    state: Literal["online", "degraded", "offline"]
    reason: str | None = None


LOST = "connection lost"
"""The reason in the will."""
STOPPED = Announcement(state="offline", reason="stopped")
RECONNECTING = Announcement(state="offline", reason="reconnecting")
MOVED = Announcement(state="offline", reason="moved to another broker")
