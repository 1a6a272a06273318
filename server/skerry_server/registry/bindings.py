"""Which devices people moved or erased since somebody last looked: what a worker remembers of them holds no more.

The audit tells: its rows are in the order in which the changes came to hold, without a gap, and its head is one row.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry_server.registry.models import AuditHeadRow, AuditRow

ERASE = "device.erase"
MOVE = "device.move"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """How far the audit was read: its newest row then."""

    id: int
    hash: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebound:
    """The devices that were moved or erased, None where it may be any, and how far that was read."""

    devices: frozenset[str] | None
    mark: Mark


def rebound_since(session: Session, mark: Mark | None) -> Rebound:
    """Return what was changed since ``mark``; without one, or where the registry was restored, that may be anything."""
    head = session.execute(select(AuditHeadRow.newest_id, AuditHeadRow.hash)).one()
    now = Mark(id=head.newest_id, hash=head.hash)
    if mark == now:
        return Rebound(devices=frozenset(), mark=now)
    if mark is None or not _still_holds(session, mark):
        return Rebound(devices=None, mark=now)
    # Rows after the head were added since it was read, and are read the next time.
    later = select(AuditRow.subject).where(AuditRow.id > mark.id, AuditRow.id <= now.id)
    devices = session.scalars(later.where(AuditRow.action.in_((ERASE, MOVE))))
    return Rebound(devices=frozenset(devices), mark=now)


def _still_holds(session: Session, mark: Mark) -> bool:
    """Tell whether the audit still is the one that was read; a restored registry has another from some row on."""
    return mark.id == 0 or session.scalar(select(AuditRow.hash).where(AuditRow.id == mark.id)) == mark.hash
