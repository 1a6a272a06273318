"""Alerts in the registry: at most one lasts of a rule, device and subject; people take note of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from skerry_server.errors import ConflictError, NotFoundError
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.chunks import chunks
from skerry_server.registry.database import affected, insert_new
from skerry_server.registry.models import AlertRow, Device, table_of
from skerry_server.registry.text import storable

Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Why an alert fires: a rule, what it is about, and what was found. ``device`` of None is the fleet or server."""

    rule: str
    device: str | None
    subject: str
    severity: Severity
    value: float | None
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertSearch:
    """Which alerts are wanted, newest first; an empty field asks for nothing.

    With ``sites``, only those of devices there are, and none that is about the fleet or the server.
    """

    state: str | None = None
    is_open: bool | None = None
    rule: str | None = None
    device: str | None = None
    sites: frozenset[str] | None = None
    before_id: int | None = None
    limit: int = 50


def fire(session: Session, causes: Sequence[Cause], *, now_ms: int) -> int:
    """Begin alerts and return how many are new: of one rule, device and subject only one lasts."""
    rows = [
        {
            "rule": cause.rule,
            "device": cause.device,
            "subject": storable(cause.subject),
            "state": "firing",
            "began_ms": now_ms,
            **_found(cause),
        }
        for cause in causes
    ]
    # Another process may have begun one meanwhile: the unique indexes let only one in.
    return insert_new(session, table_of(AlertRow), rows)


def worsen(session: Session, alert_id: int, cause: Cause) -> None:
    """Note that an alert got worse: it fires again, whoever has seen to it, and people are to be told anew."""
    session.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id, _is_open())
        .values(state="firing", acknowledged_by=None, acknowledged_ms=None, notified_ms=None, **_found(cause))
    )


def resolve(session: Session, alert_ids: Iterable[int], *, now_ms: int) -> int:
    """End alerts and return how many of them lasted until now."""
    ended = {"state": "resolved", "ended_ms": now_ms}
    return sum(
        affected(session.execute(update(AlertRow).where(AlertRow.id.in_(piece), _is_open()).values(**ended)))
        for piece in chunks(alert_ids)
    )


def acknowledge(session: Session, author: Author, alert_id: int) -> None:
    """Note that somebody sees to it. Raises NotFoundError, and ConflictError where it is over or seen to."""
    row = session.scalar(select(AlertRow).where(AlertRow.id == alert_id).with_for_update())
    if row is None:
        raise NotFoundError("there is no such alert", found=str(alert_id))
    if row.state != "firing":
        raise ConflictError("only an alert that fires can be acknowledged", found=row.state)
    row.state, row.acknowledged_by, row.acknowledged_ms = "acknowledged", author.name, author.ts_ms
    session.flush()
    note(session, author, "alert.acknowledge", row.device or "", {"alert": alert_id, "rule": row.rule})


def get_alert(session: Session, alert_id: int) -> AlertRow:
    """Return an alert. Raises NotFoundError."""
    row = session.get(AlertRow, alert_id)
    if row is None:
        raise NotFoundError("there is no such alert", found=str(alert_id))
    return row


def mark_notified(session: Session, alert_ids: Iterable[int], *, now_ms: int) -> None:
    """Note when people were last told of alerts."""
    for piece in chunks(alert_ids):
        session.execute(update(AlertRow).where(AlertRow.id.in_(piece)).values(notified_ms=now_ms))


def open_alerts(session: Session) -> list[AlertRow]:
    """Return all alerts that last, oldest first."""
    return list(session.scalars(select(AlertRow).where(_is_open()).order_by(AlertRow.id)))


def over_untold(session: Session, *, since_ms: int) -> list[AlertRow]:
    """Return the alerts that ended after ``since_ms``, and of whose end people that knew of them were not told."""
    is_untold = AlertRow.notified_ms < AlertRow.ended_ms
    query = select(AlertRow).where(AlertRow.ended_ms > since_ms, is_untold).order_by(AlertRow.id)
    return list(session.scalars(query))


def count_firings(session: Session, *, since_ms: int) -> dict[tuple[str, str | None, str], int]:
    """Return how often each (rule, device, subject) fired, of those that last or ended after ``since_ms``."""
    about = (AlertRow.rule, AlertRow.device, AlertRow.subject)
    is_recent = or_(_is_open(), AlertRow.ended_ms > since_ms)
    rows = session.execute(select(*about, func.count()).where(is_recent).group_by(*about))
    return {(rule, device, subject): count for rule, device, subject, count in rows}


def list_alerts(session: Session, wanted: AlertSearch) -> list[AlertRow]:
    """Return at most ``wanted.limit`` alerts, newest first."""
    query = select(AlertRow).order_by(AlertRow.id.desc()).limit(wanted.limit)
    for column, value in (
        (AlertRow.state, wanted.state),
        (AlertRow.rule, wanted.rule),
        (AlertRow.device, wanted.device),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.is_open is not None:
        query = query.where(_is_open() if wanted.is_open else ~_is_open())
    if wanted.sites is not None:
        query = query.join(Device, Device.id == AlertRow.device).where(Device.site.in_(wanted.sites))
    if wanted.before_id is not None:
        query = query.where(AlertRow.id < wanted.before_id)
    return list(session.scalars(query))


def count_open_alerts(session: Session, *, sites: frozenset[str] | None = None) -> dict[str, int]:
    """Return the number of alerts that last by their severity; with ``sites``, only of devices there."""
    query = select(AlertRow.severity, func.count()).where(_is_open()).group_by(AlertRow.severity)
    if sites is not None:
        query = query.join(Device, Device.id == AlertRow.device).where(Device.site.in_(sites))
    return {row[0]: row[1] for row in session.execute(query)}


def _is_open() -> ColumnElement[bool]:
    return AlertRow.ended_ms.is_(None)


def _found(cause: Cause) -> dict[str, Any]:
    return {"severity": cause.severity, "value": cause.value, "detail": storable(cause.detail)}
