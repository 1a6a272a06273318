"""The rows in which ingest workers tell how they are, for processes that show or judge it.

Times are the database's own clock, as with leases: how old a report is does not depend on anybody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from skerry_server.registry.database import affected, insert_or_leave
from skerry_server.registry.leases import database_now_ms
from skerry_server.registry.models import WorkerHealthRow, table_of

FORGET_MS = 86_400_000
"""A worker that died and never came back is forgotten after a day."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a worker told of itself last, and how long ago (ms)."""

    name: str
    age_ms: int
    report: Mapping[str, Any]


def tell_health(session: Session, name: str, report: Mapping[str, Any]) -> None:
    """Keep how the worker ``name`` is now, and forget those that were silent for FORGET_MS."""
    now_ms = database_now_ms(session)
    # Seldom more than none: a lock on other workers' rows is not held for longer than this.
    session.execute(_silently(delete(WorkerHealthRow).where(WorkerHealthRow.seen_ms < now_ms - FORGET_MS)))
    told = {"seen_ms": now_ms, "report": dict(report)}
    if not affected(
        session.execute(_silently(update(WorkerHealthRow).where(WorkerHealthRow.name == name).values(told)))
    ):
        session.execute(insert_or_leave(session, table_of(WorkerHealthRow)).values(name=name, **told))


def forget_worker(session: Session, name: str) -> None:
    """Forget a worker that ends, so that nobody waits for its next word."""
    session.execute(_silently(delete(WorkerHealthRow).where(WorkerHealthRow.name == name)))


def all_told(session: Session) -> list[Told]:
    """Return what each worker told last, in the order of their names."""
    age_ms = database_now_ms(session) - WorkerHealthRow.seen_ms
    rows = session.execute(select(WorkerHealthRow.name, age_ms, WorkerHealthRow.report).order_by(WorkerHealthRow.name))
    return [Told(name=name, age_ms=max(0, age), report=report) for name, age, report in rows]


def _silently(statement: Any) -> Any:  # noqa: ANN401  # deletions and updates share no class with such options
    return statement.execution_options(synchronize_session=False)
