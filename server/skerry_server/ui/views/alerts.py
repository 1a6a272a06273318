"""Alerts and silences as rows of text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from skerry_server.registry.models import AlertRow, SilenceRow
from skerry_server.ui.rows import ago, clock_time

_SEVERITIES = {"critical": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertLine:
    """One alert; ``is_open`` while it lasts, ``may_acknowledge`` while nobody sees to it."""

    id: int
    rule: str
    subject: str
    device: str | None
    severity: str
    state: str
    detail: str
    since: str
    until: str
    seen_to: str
    is_open: bool
    may_acknowledge: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SilenceLine:
    """One silence: what it is about, until when, whose, and why."""

    id: int
    about: str
    until: str
    author: str
    comment: str
    may_end: bool


def open_lines(rows: Iterable[AlertRow], *, at_ms: int) -> list[AlertLine]:
    """Return the alerts that last, the gravest first, of these the newest first."""
    ordered = sorted(rows, key=lambda row: (_SEVERITIES.get(row.severity, 3), -row.began_ms))
    return [alert_line(row, at_ms=at_ms) for row in ordered if row.ended_ms is None]


def alert_line(row: AlertRow, *, at_ms: int) -> AlertLine:
    """Return one alert."""
    return AlertLine(
        id=row.id,
        rule=row.rule,
        subject=row.subject,
        device=row.device,
        severity=row.severity,
        state=row.state,
        detail=row.detail,
        since=ago(row.began_ms, now_ms=at_ms),
        until=clock_time(row.ended_ms) if row.ended_ms is not None else "",
        seen_to=f"{row.acknowledged_by}, {ago(row.acknowledged_ms, now_ms=at_ms)}" if row.acknowledged_by else "",
        is_open=row.ended_ms is None,
        may_acknowledge=row.state == "firing",
    )


def silence_line(row: SilenceRow, *, may_end: bool) -> SilenceLine:
    """Return one silence, and whether whoever looks may end it."""
    parts = [("rule", row.rule), ("device", row.device), ("group", row.group)]
    about = ", ".join(f"{what} {name}" for what, name in parts if name) or "all alerts"
    return SilenceLine(
        id=row.id,
        about=about,
        until=clock_time(row.until_ms),
        author=row.author,
        comment=row.comment,
        may_end=may_end,
    )
