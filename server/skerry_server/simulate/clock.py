"""The clock of a simulated device: right, at 1970, years ahead, or at 1970 until NTP sets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ClockKind = Literal["right", "clock_1970", "clock_ahead", "clock_ntp"]
YEAR_MS = 31_556_952_000
BOOT_MS = 14_000
"""What a clock that begins at 1970 shows when the agent starts."""
NTP_HEARTBEATS = 3
"""After so many heartbeats NTP has set the clock of a device that can reach a time server."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a device believes of the time: Unix ms, and whether it takes its clock for synchronised."""

    ts_ms: int
    state: Literal["synced", "unsynced"]


@dataclass(kw_only=True, slots=True)
class DeviceClock:
    """A clock that was started at ``booted_ms`` (Unix ms, the true time); ``extra_ms`` sets two clocks apart."""

    kind: ClockKind
    interval_ms: int
    extra_ms: int
    booted_ms: int = 0

    def read(self, now_ms: int) -> Reading:
        """Return what the device reads at the true time ``now_ms``."""
        if self.kind == "clock_ahead":
            return Reading(ts_ms=now_ms + 3 * YEAR_MS + self.extra_ms, state="synced")
        if self.kind == "right" or self._was_set(now_ms):
            return Reading(ts_ms=now_ms, state="synced")
        return Reading(ts_ms=now_ms - self.booted_ms + BOOT_MS + self.extra_ms, state="unsynced")

    def _was_set(self, now_ms: int) -> bool:
        return self.kind == "clock_ntp" and now_ms - self.booted_ms >= NTP_HEARTBEATS * self.interval_ms
