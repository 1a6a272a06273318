"""How far off the clock of a session is: decided once for each of its messages, and the same for every worker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from skerry_server.registry.chunks import chunks
from skerry_server.registry.database import insert_new
from skerry_server.registry.models import SessionClockRow, table_of

ClockKey = tuple[str, str, str]
"""Device, session, and what its messages say of their clock."""
Steps = list[tuple[int, int]]
"""(From which seq on, offset in ms), in the order of seq; the first is from 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionClock:
    """What is to be added to the times of a device's session, and when that was seen (Unix ms).

    ``clock`` is what its messages say of theirs, as in the contract: a clock is set in the middle of a session.
    ``from_seq`` is the first message for which it holds.
    """

    device: str
    session: str
    clock: str
    from_seq: int = 0
    offset_ms: int
    decided_ms: int


def decide_offsets(session: Session, proposed: Iterable[SessionClock]) -> dict[ClockKey, Steps]:
    """Keep each offset whose (device, session, clock, from_seq) has none, and return the ones that hold."""
    # In one order, so that two workers with the same sessions wait for each other instead of both.
    first = {(one.device, one.session, one.clock, one.from_seq): one for one in reversed(list(proposed))}
    rows = [asdict(one) for _, one in sorted(first.items())]
    insert_new(session, table_of(SessionClockRow), rows)
    # Read again rather than taken for granted: another worker may have decided first.
    return offsets_of(session, sorted({key[:3] for key in first}))


def offsets_of(session: Session, keys: Iterable[ClockKey]) -> dict[ClockKey, Steps]:
    """Return the offsets of each (device, session, clock) for which one was decided."""
    row = SessionClockRow
    key = (row.device, row.session, row.clock)
    found: dict[ClockKey, Steps] = defaultdict(list)
    for piece in chunks(keys):
        wanted = select(*key, row.from_seq, row.offset_ms).where(tuple_(*key).in_(piece)).order_by(row.from_seq)
        for one in session.execute(wanted):
            found[one.device, one.session, one.clock].append((one.from_seq, one.offset_ms))
    return dict(found)
