"""The audit: each change that a person makes is noted in its own transaction, and sealed into a chain of hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from skerry_server.registry.models import AuditHeadRow, AuditRow
from skerry_server.registry.text import storable

NO_HASH = "0" * 64
"""What the first row has before it."""
_HEAD = select(AuditHeadRow.newest_id, AuditHeadRow.hash).where(AuditHeadRow.id == 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Who changes something, and when (Unix ms)."""

    name: str
    ts_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A row of the audit as it is sealed; ``detail`` is a JSON object."""

    id: int
    ts_ms: int
    actor: str
    action: str
    subject: str
    detail: str
    previous_hash: str

    def seal(self) -> str:
        """Return the SHA-256 over all fields, in hexadecimal digits."""
        fields = [self.id, self.ts_ms, self.actor, self.action, self.subject, self.detail, self.previous_hash]
        # A JSON array says where each field ends, so that nothing can be moved from one into the next.
        return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def take_turn(session: Session) -> None:
    """Wait until nobody else changes anything that is audited, and keep all others waiting until this has ended.

    For a decision that stands on many rows, such as whether an administrator is left.
    """
    session.execute(_HEAD.with_for_update())


def note(session: Session, author: Author, action: str, subject: str, detail: Mapping[str, object]) -> None:
    """Add a change to the audit; it is kept if and only if the change itself is.

    Call it last in a transaction: from here on whoever else changes something waits until this one has ended.
    """
    newest_id, newest_hash = session.execute(_HEAD.with_for_update()).one()
    entry = Entry(
        id=newest_id + 1,
        ts_ms=author.ts_ms,
        actor=storable(author.name),
        action=action,
        subject=storable(subject),
        detail=json.dumps(detail, sort_keys=True),
        previous_hash=newest_hash,
    )
    sealed = entry.seal()
    session.execute(
        insert(AuditRow).values(
            id=entry.id,
            ts_ms=entry.ts_ms,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            detail=entry.detail,
            previous_hash=entry.previous_hash,
            hash=sealed,
        )
    )
    session.execute(update(AuditHeadRow).where(AuditHeadRow.id == 1).values(newest_id=entry.id, hash=sealed))


def list_audit(
    session: Session, *, limit: int, before_id: int | None = None, actor: str | None = None, subject: str | None = None
) -> list[AuditRow]:
    """Return at most ``limit`` changes, newest first, of one actor or subject where that is given."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(AuditRow.id < before_id)
    if actor is not None:
        query = query.where(AuditRow.actor == actor)
    if subject is not None:
        query = query.where(AuditRow.subject == subject)
    return list(session.scalars(query))
