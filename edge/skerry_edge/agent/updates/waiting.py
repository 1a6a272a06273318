"""How orders come to their end, as the agent's journal tells it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.contracts.updates import UpdateOutcome, UpdateState
from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.journal import Journal

LOOK_S = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How one order ended; ``reason`` is the word for why it did not succeed."""

    subject: str
    version: str
    outcome: UpdateOutcome
    reason: str | None


def ended(subject: str, order: UpdateOrder, journal: Journal) -> Ended | None:
    """Return how the order ended; None where it has not. Pure."""
    finished = journal.finished.get(subject)
    if finished is None or finished.order != order.id:
        return None
    return Ended(subject=subject, version=order.version, outcome=finished.outcome, reason=finished.reason)


def wait_for(
    orders: Mapping[str, UpdateOrder],
    read: Callable[[], Journal],
    *,
    runs: Callable[[], bool],
    told: Callable[[str, UpdateState], object],
) -> list[Ended]:
    """Return how all orders ended; ``told`` hears each state of theirs.

    Raises ReachError where the agent does not run any more.
    """
    waiting = dict(orders)
    results: list[Ended] = []
    while waiting:
        if not runs():
            todo = "start it: it goes on where it was"
            raise ReachError("the agent has ended before its updates did", found=", ".join(waiting), todo=todo)
        journal = read()
        record = journal.record
        if record is not None and record.order.id in {one.id for one in waiting.values()}:
            told(record.subject, record.state)
        found = [one for subject, order in waiting.items() if (one := ended(subject, order, journal)) is not None]
        for one in found:
            del waiting[one.subject]
        results += found
        if waiting:
            time.sleep(LOOK_S)
    return results
