"""A device's presence over time as rows of text."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_server.durations import span
from skerry_server.registry.models import PresenceIntervalRow
from skerry_server.ui.rows import clock_time


@dataclass(frozen=True, kw_only=True, slots=True)
class IntervalLine:
    """One stretch of time in one state."""

    id: int
    state: str
    reason: str
    since: str
    until: str
    lasted: str
    session: str


def interval_line(row: PresenceIntervalRow, *, now_ms: int) -> IntervalLine:
    """Return one interval."""
    end_ms = now_ms if row.ended_ms is None else row.ended_ms
    return IntervalLine(
        id=row.id,
        state=row.state,
        reason=row.reason or "",
        since=clock_time(row.began_ms),
        until="now" if row.ended_ms is None else clock_time(row.ended_ms),
        lasted=span((end_ms - row.began_ms) / 1000),
        session=row.session,
    )
