"""When a device begins with a fresh order, and why not before; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from msgspec.structs import replace

from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.settings import OtaSettings
from skerry_edge.ota.transfer.schedule import Window, may_begin, start_delay_s

WINDOW_S = 60.0
"""How often it is seen whether the maintenance window has begun."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginning:
    """``due_s`` is when it may begin, on the loop's clock; ``reason`` and ``detail`` say what it waits for until then.

    The reason is a word of `contracts.release.REASONS`, None where nothing is waited for.
    """

    due_s: float
    reason: str | None = None
    detail: str | None = None

    def of(self, record: Record) -> Record:
        """Return the record with what it waits for, which nothing else has yet said; it is told, and not kept."""
        if self.reason is None or record.reason is not None:
            return record
        return replace(record, reason=self.reason, detail=self.detail)


def beginning(
    order: str, device: str, settings: OtaSettings, *, seen_s: float, now_s: float, local: time | None
) -> Beginning:
    """Return when ``device`` begins with an ``order`` that it took on at ``seen_s``.

    It is spread over the fleet, and in the maintenance window; ``local`` is the time of day, None where no clock tells.
    """
    delay_s = start_delay_s(order, device, settings.spread_s)
    start_s = seen_s + delay_s
    window = Window.parse(settings.window) if settings.window else None
    if not may_begin(window, local):
        detail = f"begins in its maintenance window, {settings.window} local time"
        return Beginning(due_s=max(start_s, now_s + WINDOW_S), reason="window", detail=detail)
    if now_s < start_s:
        detail = f"begins {delay_s:.0f} s after it took the order on, as spread_s is {settings.spread_s:g}"
        return Beginning(due_s=start_s, reason="spread", detail=detail)
    return Beginning(due_s=start_s)
