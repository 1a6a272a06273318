"""How far off the clock of a session is: decided once, and the same for every worker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from skerry_server.registry.chunks import chunks
from skerry_server.registry.database import insert_new
from skerry_server.registry.models import SessionClockRow, table_of

ClockKey = tuple[str, str, str]
"""Device, session, and what its messages say of their clock."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionClock:
    """What is to be added to the times of a device's session, and when that was seen (Unix ms).

    ``clock`` is what its messages say of theirs, as in the contract: a clock is set in the middle of a session.
    """

    device: str
    session: str
    clock: str
    offset_ms: int
    decided_ms: int


def decide_offsets(session: Session, proposed: Iterable[SessionClock]) -> dict[ClockKey, int]:
    """Keep each offset whose (device, session, clock) has none, and return the ones that hold."""
    # In one order, so that two workers with the same sessions wait for each other instead of both.
    first = {(one.device, one.session, one.clock): one for one in reversed(list(proposed))}
    rows = [asdict(one) for _, one in sorted(first.items())]
    insert_new(session, table_of(SessionClockRow), rows)
    # Read again rather than taken for granted: another worker may have decided first.
    return offsets_of(session, first)


def offsets_of(session: Session, keys: Iterable[ClockKey]) -> dict[ClockKey, int]:
    """Return the offset of each (device, session, clock) for which one was decided."""
    row = SessionClockRow
    key = (row.device, row.session, row.clock)
    return {
        (one.device, one.session, one.clock): one.offset_ms
        for piece in chunks(keys)
        for one in session.execute(select(*key, row.offset_ms).where(tuple_(*key).in_(piece)))
    }
