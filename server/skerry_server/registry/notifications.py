"""Notifications in the registry: written with the alerts they tell of, taken by one process at a time, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from skerry_server.registry.alerts import Severity
from skerry_server.registry.database import insert_new
from skerry_server.registry.models import NotificationRow, table_of
from skerry_server.registry.text import storable


@dataclass(frozen=True, kw_only=True, slots=True)
class Notification:
    """What a channel is to tell people."""

    channel: str
    severity: Severity
    title: str
    body: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """What waits for a channel: how many, since when (Unix ms), and why the last attempt failed."""

    count: int
    since_ms: int
    error: str | None


def add_notifications(session: Session, notifications: Sequence[Notification], *, now_ms: int) -> None:
    """Have ``notifications`` brought to people from now on."""
    rows = [
        {
            "channel": one.channel,
            "severity": one.severity,
            "title": storable(one.title),
            "body": storable(one.body),
            "created_ms": now_ms,
            "due_ms": now_ms,
            "attempts": 0,
        }
        for one in notifications
    ]
    insert_new(session, table_of(NotificationRow), rows)


def has_due(session: Session, channel: str, *, now_ms: int) -> bool:
    """Tell whether any notification is due for ``channel``."""
    return session.scalar(select(NotificationRow.id).where(*_is_due(channel, now_ms)).limit(1)) is not None


def claim_due(session: Session, channel: str, *, now_ms: int, hold_ms: int, limit: int) -> list[NotificationRow]:
    """Return at most ``limit`` that are due for ``channel``, oldest first; nobody else gets them for ``hold_ms``."""
    query = select(NotificationRow).where(*_is_due(channel, now_ms)).order_by(NotificationRow.id).limit(limit)
    rows = list(session.scalars(query.with_for_update(skip_locked=True)))
    for row in rows:
        row.due_ms = now_ms + hold_ms
    session.flush()
    return rows


def put_off(session: Session, notification_id: int, *, due_ms: int, attempts: int, error: str | None) -> None:
    """Have a notification tried again at ``due_ms``."""
    session.execute(
        update(NotificationRow)
        .where(NotificationRow.id == notification_id)
        .values(due_ms=due_ms, attempts=attempts, error=storable(error))
    )


def remove_notification(session: Session, notification_id: int) -> None:
    """Forget a notification that was brought."""
    session.execute(delete(NotificationRow).where(NotificationRow.id == notification_id))


def give_up_older(session: Session, *, than_ms: int) -> list[NotificationRow]:
    """Forget the notifications from before ``than_ms``, and return them."""
    is_old = NotificationRow.created_ms < than_ms
    rows = list(session.scalars(select(NotificationRow).where(is_old).with_for_update(skip_locked=True)))
    for row in rows:
        session.delete(row)
    return rows


def waiting_by_channel(session: Session) -> dict[str, Waiting]:
    """Return what waits for each channel."""
    row = NotificationRow
    query = select(row.channel, func.count(), func.min(row.created_ms), func.max(row.error)).group_by(row.channel)
    return {
        name: Waiting(count=count, since_ms=since, error=error) for name, count, since, error in session.execute(query)
    }


def _is_due(channel: str, now_ms: int) -> tuple[ColumnElement[bool], ...]:
    return NotificationRow.channel == channel, NotificationRow.due_ms <= now_ms
