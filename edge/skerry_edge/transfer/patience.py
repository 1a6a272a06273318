"""How long and how often a server is tried, and how much of the network and the disk it may take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """The bounds of a download.

    ``stall_s`` is the longest silence in an answer, ``least_rate`` the bytes a second below which one is given up.
    Waits between attempts double from ``first_wait_s`` on; a server may ask for more, up to ``longest_wait_s``.
    ``attempts`` in a row may fail without bringing anything worth mention. ``most_rate`` is how many bytes a second
    the network is used for, None for as many as come; ``reserve_bytes`` are left free on the disk.
    """

    connect_s: float = 10.0
    stall_s: float = 30.0
    least_rate: float = 1000.0
    attempts: int = 5
    redirects: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    most_rate: float | None = None
    reserve_bytes: int = 0
    sleep: Callable[[float], None] = time.sleep

    def wait_s(self, failures: int, asked_s: float | None) -> float:
        """Return how long to wait after so many failures; ``asked_s`` is what the server asks for."""
        return min(max(self.first_wait_s * 2.0 ** (failures - 1), asked_s or 0.0), self.longest_wait_s)

    def longest_s(self, size: int) -> float:
        """Return how long ``size`` bytes may take at most, in seconds."""
        slowest = self.least_rate if self.most_rate is None else min(self.least_rate, self.most_rate / 2)
        return self.stall_s + size / slowest
