"""Leases: a job that only one process may do goes to the one whose name is in the row.

Times are the database's own clock. With the callers' clocks, a process whose clock is ahead would take a lease that
another still holds; with one clock for all, that cannot happen however wrong it is, and a clock that is set costs at
worst one term. Whoever holds a lease must count its term on the monotonic clock from before it asked.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ColumnElement, Float, cast, delete, func, literal, or_, select, update
from sqlalchemy.orm import Session

from skerry_server.registry.database import COUNTED, affected, insert_or_leave
from skerry_server.registry.models import LeaseRow, table_of

UNIX_EPOCH_JULIAN_DAY = 2_440_587.5
DAY_MS = 86_400_000


def acquire(session: Session, name: str, holder: str, *, term_ms: int) -> bool:
    """Take the lease, or renew it where ``holder`` has it; tell whether it is held for ``term_ms`` from now on."""
    now_ms = database_now_ms(session)
    is_mine_or_over = or_(LeaseRow.holder == holder, LeaseRow.until_ms <= now_ms)
    # One statement compares and sets: whoever comes at the same time waits for the row and finds it taken.
    taken = session.execute(
        update(LeaseRow)
        .where(LeaseRow.name == name, is_mine_or_over)
        .values(holder=holder, until_ms=now_ms + term_ms)
        .execution_options(synchronize_session=False)
    )
    if affected(taken):
        return True
    new = insert_or_leave(session, table_of(LeaseRow))
    added = session.execute(
        new.values(name=name, holder=holder, until_ms=now_ms + literal(term_ms)), execution_options=COUNTED
    )
    if affected(added):
        return True
    # Nobody's term is longer than this: the clock was set back, and whoever has the lease may be gone. One who is
    # there renews it within the term that is left.
    session.execute(
        update(LeaseRow)
        .where(LeaseRow.name == name, LeaseRow.until_ms > now_ms + literal(term_ms))
        .values(until_ms=now_ms + literal(term_ms))
        .execution_options(synchronize_session=False)
    )
    return False


def is_held(session: Session, name: str, holder: str) -> bool:
    """Tell whether ``holder`` has the lease now, and let nobody take it until this transaction ends."""
    query = select(LeaseRow.name).where(LeaseRow.name == name, LeaseRow.holder == holder)
    return session.scalar(query.where(LeaseRow.until_ms > database_now_ms(session)).with_for_update()) is not None


def is_taken(session: Session, name: str) -> bool:
    """Tell whether anybody has the lease now."""
    query = select(LeaseRow.name).where(LeaseRow.name == name)
    return session.scalar(query.where(LeaseRow.until_ms > database_now_ms(session))) is not None


def release(session: Session, name: str, holder: str) -> None:
    """Give the lease back where ``holder`` has it, so that another need not wait for its end."""
    session.execute(delete(LeaseRow).where(LeaseRow.name == name, LeaseRow.holder == holder))


def database_now_ms(session: Session) -> ColumnElement[int]:
    """Return an expression for the database's wall clock as Unix milliseconds, read when the statement runs."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.extract("epoch", func.clock_timestamp()) * 1000, BigInteger)
    days = cast(func.julianday("now"), Float) - UNIX_EPOCH_JULIAN_DAY
    return cast(days * DAY_MS, BigInteger)
