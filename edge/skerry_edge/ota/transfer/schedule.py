"""When a device begins with an update: spread over the fleet, and only in its maintenance window. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import time

WINDOW_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"


@dataclass(frozen=True, slots=True)
class Window:
    """A time of day, from ``begin`` up to ``end``; where ``end`` is not later, it goes over midnight."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Window:
        """Return the window of a text such as `02:00-05:30`, which fits WINDOW_PATTERN."""
        begin, end = (time.fromisoformat(part) for part in text.split("-"))
        return cls(begin, end)

    def holds(self, now: time) -> bool:
        """Tell whether ``now``, local, is inside."""
        if self.begin < self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


def may_begin(window: Window | None, local: time | None) -> bool:
    """Tell whether an update may begin; ``local`` is None where no clock can be trusted.

    Such a device would wait for ever, so it does not wait at all.
    """
    return window is None or local is None or window.holds(local)


def start_delay_s(order: str, device: str, spread_s: float) -> float:
    """Return how long ``device`` waits before it begins with ``order``: always the same, below ``spread_s``."""
    digest = hashlib.sha256(f"{order}\0{device}".encode()).digest()
    return spread_s * int.from_bytes(digest[:8], "big") / 2**64
