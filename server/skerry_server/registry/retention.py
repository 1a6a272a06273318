"""What has been kept long enough is deleted, a small batch at a time, so that nobody waits for long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, exists, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from skerry_server.config.retention import Retention
from skerry_server.registry.database import Database, affected
from skerry_server.registry.models import (
    AlertRow,
    Base,
    CommandRow,
    DeadLetterRow,
    EventRow,
    PresenceIntervalRow,
    ReportRow,
    RolloutDeviceRow,
    RolloutRow,
    SessionClockRow,
    SilenceRow,
)
from skerry_server.registry.snapshots import SNAPSHOT
from skerry_server.rollouts.states import ENDED

DAY_MS = 86_400_000
BATCH_ROWS = 1000
MAX_BATCHES = 100
"""Batches of one table in one round; the rest waits for the next."""
CLOCK_DAYS = 30
"""What waited on a device may come for so long after its session has ended, and then needs the session's offset."""
STILL_LASTS_MS = 2**62
"""The end of what has none, above every time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expiry:
    """Rows of a table that may go from an age on; ``what`` is what people call them."""

    what: str
    table: type[Base]
    age: ColumnElement[int] | InstrumentedAttribute[int] | InstrumentedAttribute[int | None]
    days: int
    condition: ColumnElement[bool] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Purged:
    """How many rows went by what they were, and whether everything that was due has gone."""

    rows: dict[str, int]
    is_done: bool


def purge(database: Database, rules: Retention, *, now_ms: int) -> Purged:
    """Delete what is due, each batch in a transaction of its own. Raises RegistryError; what has gone is gone then."""
    rows: dict[str, int] = {}
    is_done = True
    for expiry in expiries(rules):
        if expiry.days:
            before_ms = now_ms - expiry.days * DAY_MS
            batches = list(_batches(database, expiry, before_ms))
            rows[expiry.what] = sum(batches)
            is_done &= not batches or batches[-1] < BATCH_ROWS
    return Purged(rows=rows, is_done=is_done)


def expiries(rules: Retention) -> list[Expiry]:
    """Return what may go and when. What refers to other rows comes before them."""
    is_snapshot = ReportRow.kind == SNAPSHOT
    is_result = ReportRow.kind == "result"
    return [
        Expiry(
            what="snapshots",
            table=ReportRow,
            age=ReportRow.received_ms,
            days=rules.snapshots_days,
            condition=is_snapshot,
        ),
        Expiry(
            what="results", table=ReportRow, age=ReportRow.received_ms, days=rules.results_days, condition=is_result
        ),
        Expiry(what="commands", table=CommandRow, age=CommandRow.expires_ms, days=rules.results_days),
        Expiry(what="events", table=EventRow, age=EventRow.received_ms, days=rules.events_days),
        Expiry(
            what="dead letters", table=DeadLetterRow, age=DeadLetterRow.last_received_ms, days=rules.dead_letters_days
        ),
        # What lasts has no end, and no NULL is earlier than anything.
        Expiry(what="presence", table=PresenceIntervalRow, age=PresenceIntervalRow.ended_ms, days=rules.presence_days),
        Expiry(what="alerts", table=AlertRow, age=AlertRow.ended_ms, days=rules.alerts_days),
        Expiry(what="silences", table=SilenceRow, age=SilenceRow.until_ms, days=rules.alerts_days),
        Expiry(what="devices of rollouts", table=RolloutDeviceRow, age=_end_of_rollout_ms(), days=rules.rollouts_days),
        Expiry(
            what="rollouts",
            table=RolloutRow,
            age=RolloutRow.ended_ms,
            days=rules.rollouts_days,
            # Its devices may be so many that the rest of them waits for the next round.
            condition=RolloutRow.state.in_(ENDED) & ~exists().where(RolloutDeviceRow.rollout == RolloutRow.id),
        ),
        Expiry(what="session clocks", table=SessionClockRow, age=_end_of_clock_ms(), days=CLOCK_DAYS),
    ]


def _end_of_rollout_ms() -> ColumnElement[int]:
    """Return when the rollout of a device ended; NULL, which is earlier than nothing, where it has not."""
    rollout = select(RolloutRow.ended_ms).where(RolloutRow.id == RolloutDeviceRow.rollout, RolloutRow.state.in_(ENDED))
    return rollout.scalar_subquery()


def _end_of_clock_ms() -> ColumnElement[int]:
    """Return when the session of a clock ended; where presence knows nothing of it, when the clock was first heard."""
    clock, interval = SessionClockRow, PresenceIntervalRow
    last = select(func.max(func.coalesce(interval.ended_ms, STILL_LASTS_MS)))
    last = last.where(interval.device == clock.device, interval.session == clock.session)
    return func.coalesce(last.scalar_subquery(), clock.decided_ms)


def _batches(database: Database, expiry: Expiry, before_ms: int) -> Iterator[int]:
    for _ in range(MAX_BATCHES):
        with database.transaction() as session:
            deleted = _delete_batch(session, expiry, before_ms)
        yield deleted
        if deleted < BATCH_ROWS:
            return


def _delete_batch(session: Session, expiry: Expiry, before_ms: int) -> int:
    key = tuple_(*expiry.table.__mapper__.primary_key)
    due = select(*expiry.table.__mapper__.primary_key).where(expiry.age < before_ms)
    if expiry.condition is not None:
        due = due.where(expiry.condition)
    deleted = session.execute(
        delete(expiry.table).where(key.in_(due.limit(BATCH_ROWS))).execution_options(synchronize_session=False)
    )
    return affected(deleted)
