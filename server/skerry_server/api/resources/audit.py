"""The audit: who changed what, and whether the chain of it holds."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from skerry_server.api.context import Asking, Context, cut
from skerry_server.api.queries import CURSOR_PATTERN, TEXT_PATTERN
from skerry_server.registry.audit.chain import verify
from skerry_server.registry.audit.trail import list_audit
from skerry_server.registry.events import MAX_PAGE
from skerry_server.registry.models import AuditRow

HASH_PATTERN = r"^[0-9a-f]{64}$"


class AuditQuery(BaseModel):
    """Which changes are wanted; what is not given excludes nothing."""

    model_config = ConfigDict(extra="forbid")

    actor: str | None = Field(default=None, max_length=128, pattern=TEXT_PATTERN)
    subject: str | None = Field(default=None, max_length=256, pattern=TEXT_PATTERN)
    limit: int = Field(default=50, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(default=None, pattern=CURSOR_PATTERN, description="`next` of the page before.")


class ChangeMadeOut(BaseModel):
    """A change that a person made."""

    id: int
    ts_ms: int
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    hash: str


class AuditOut(BaseModel):
    """One page of changes, newest first; ``next`` is the cursor of the following page, if there is one."""

    changes: list[ChangeMadeOut]
    next: str | None


class FaultOut(BaseModel):
    """A row at which the chain is broken, and how."""

    id: int
    what: str


class VerifiedOut(BaseModel):
    """Whether the chain holds, the rows there are, the hash of the newest, and the first 1000 breaks."""

    holds: bool
    rows: int
    hash: str
    faults: list[FaultOut]


def add_audit(router: APIRouter, context: Context) -> None:
    """Add the routes of the audit."""

    @router.get("/audit")
    def audit(query: Annotated[AuditQuery, Query()], _visitor: Asking) -> AuditOut:
        """Who changed what, newest first."""
        before_id = int(query.cursor) if query.cursor else None
        with context.database.reading() as session:
            rows = list_audit(
                session, limit=query.limit + 1, before_id=before_id, actor=query.actor, subject=query.subject
            )
        page, last = cut(rows, query.limit)
        return AuditOut(changes=[change_out(row) for row in page], next=str(last.id) if last else None)

    @router.get("/audit/verify")
    def verified(
        _visitor: Asking,
        expected_hash: Annotated[
            str | None, Query(pattern=HASH_PATTERN, description="One that was noted before.")
        ] = None,
    ) -> VerifiedOut:
        """Follow the chain of the audit and name every break in it."""
        with context.database.reading() as session:
            found = verify(session, expected_hash=expected_hash)
        faults = [FaultOut(id=one.id, what=one.what) for one in found.faults]
        return VerifiedOut(holds=not faults, rows=found.rows, hash=found.hash, faults=faults)


def change_out(row: AuditRow) -> ChangeMadeOut:
    """Return a change."""
    return ChangeMadeOut(
        id=row.id,
        ts_ms=row.ts_ms,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        detail=json.loads(row.detail),
        hash=row.hash,
    )
