"""Whether the server hears what devices answer, and what follows for their deadlines where for a while it did not.

A device that answered while nobody listened has not run out of time: only time in which its answer could have come
counts. When the server hears again, what waited at the broker and on devices comes in first.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from skerry_server.registry.database import affected
from skerry_server.registry.models import RolloutDeviceRow, RolloutRow
from skerry_server.rollouts.states import UNDER_WAY
from skerry_server.workers import Worker, joined_parts

MAX_PAUSE_MS = 90_000
"""A longer time between two looks is one in which nobody listened, or a clock that was set."""
NOTE_EVERY_MS = 20_000
"""So often it is written down that the server hears."""
LATE_S = 30.0
"""What waits in memory for longer is not taken in as it comes."""
DEAF = "they go no further: nobody takes in what devices answer, or there is a backlog of it"


def hears(workers: Sequence[Worker]) -> bool:
    """Tell whether what devices say reaches the registry as it comes: no worker is cut off, none has a backlog. Pure.

    A worker that is silent itself has ended; there must be one that is not.
    """
    speaking = [one for one in workers if not one.is_silent]
    reports = [one.report for one in speaking if one.report is not None]
    parts = joined_parts(speaking)
    return (
        bool(speaking)
        and all(parts[name].is_ok for name in ("broker", "registry") if name in parts)
        and all(one.spool_owed_bytes == 0 and one.waits_s <= LATE_S for one in reports)
    )


def unheard_ms(heard_ms: int | None, now_ms: int) -> int:
    """Return the time (ms) since ``heard_ms`` that does not count; below 0 where the clock was set back. Pure."""
    if heard_ms is None or abs(now_ms - heard_ms) <= MAX_PAUSE_MS:
        return 0
    return now_ms - heard_ms


def note_hearing(session: Session, row: RolloutRow, *, now_ms: int) -> int:
    """Note that the server hears now; put off the deadlines of ``row`` by the time in which it did not.

    Return for how many devices that was done. Where none is under way, its stage is to be watched for so much longer.
    """
    lost_ms = unheard_ms(row.heard_ms, now_ms)
    if row.heard_since_ms is None or lost_ms:
        row.heard_since_ms = now_ms
    row.heard_ms = now_ms
    if not lost_ms:
        return 0
    under_way = update(RolloutDeviceRow).where(
        RolloutDeviceRow.rollout == row.id,
        RolloutDeviceRow.state.in_(UNDER_WAY),
        RolloutDeviceRow.deadline_ms.is_not(None),
    )
    later = under_way.values(deadline_ms=RolloutDeviceRow.deadline_ms + lost_ms)
    number = affected(session.execute(later.execution_options(synchronize_session=False)))
    if not number:
        row.unwatched_ms = (row.unwatched_ms or 0) + lost_ms
    return number
