"""Which devices people moved or erased since somebody last looked: what a worker remembers of them holds no more.

The audit tells: its rows are in the order in which the changes came to hold, without a gap, and its head is one row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
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
    """The devices that were moved or erased, None where it may be any, and how far that was read.

    ``erased_ms`` is when each of those was erased last (Unix ms); where it may be any, of all that ever were.
    """

    devices: frozenset[str] | None
    erased_ms: Mapping[str, int]
    mark: Mark


def rebound_since(session: Session, mark: Mark | None) -> Rebound:
    """Return what was changed since ``mark``; without one, or where the registry was restored, that may be anything."""
    head = session.execute(select(AuditHeadRow.newest_id, AuditHeadRow.hash)).one()
    now = Mark(id=head.newest_id, hash=head.hash)
    if mark == now:
        return Rebound(devices=frozenset(), erased_ms={}, mark=now)
    if mark is None or not _still_holds(session, mark):
        return Rebound(devices=None, erased_ms=_erased_ms(session, after_id=0, up_to_id=now.id), mark=now)
    # Rows after the head were added since it was read, and are read the next time.
    later = select(AuditRow.subject).where(AuditRow.id > mark.id, AuditRow.id <= now.id)
    devices = session.scalars(later.where(AuditRow.action.in_((ERASE, MOVE))))
    erased_ms = _erased_ms(session, after_id=mark.id, up_to_id=now.id)
    return Rebound(devices=frozenset(devices), erased_ms=erased_ms, mark=now)


def _erased_ms(session: Session, *, after_id: int, up_to_id: int) -> dict[str, int]:
    """Return when each device was erased last (Unix ms) that was between two rows of the audit."""
    query = select(AuditRow.subject, func.max(AuditRow.ts_ms)).where(
        AuditRow.id > after_id, AuditRow.id <= up_to_id, AuditRow.action == ERASE
    )
    rows = session.execute(query.group_by(AuditRow.subject))
    return {row[0]: row[1] for row in rows}


def _still_holds(session: Session, mark: Mark) -> bool:
    """Tell whether the audit still is the one that was read; a restored registry has another from some row on."""
    return mark.id == 0 or session.scalar(select(AuditRow.hash).where(AuditRow.id == mark.id)) == mark.hash
