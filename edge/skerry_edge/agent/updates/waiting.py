"""How orders come to their end, as the agent's journal tells it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.journal import JournalFile, NoJournalError
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.order_book import Known, OrderBook
from skerry_edge.ota.places import Places

LOOK_S = 0.25
RESTART_S = 90.0
"""For so long the agent may be away: its own update starts it anew, and the service manager takes its time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How one order ended; ``reason`` is the word for why it did not succeed."""

    subject: str
    version: str
    outcome: str
    reason: str | None


def ended(subject: str, order: UpdateOrder, known: Mapping[str, Known]) -> Ended | None:
    """Return how the order ended; None where it has not. Pure."""
    found = known.get(subject)
    if found is None or found.order != order.id or found.outcome is None:
        return None
    return Ended(subject=subject, version=order.version, outcome=found.outcome, reason=found.reason)


def wait_for(
    orders: Mapping[str, UpdateOrder],
    places: Places,
    *,
    runs: Callable[[], bool],
    told: Callable[[str], object],
    patience_s: float = RESTART_S,
) -> list[Ended]:
    """Return how all orders ended, as the running agent writes it down; ``told`` hears how far it is.

    Raises ReachError where the agent does not run for ``patience_s``, or what it writes cannot be read.
    """
    journal, book = JournalFile(places.ota), OrderBook(places.ota)
    waiting = dict(orders)
    results: list[Ended] = []
    seen_s = time.monotonic()
    while waiting:
        is_running = runs()
        seen_s = time.monotonic() if is_running else seen_s
        if time.monotonic() - seen_s > patience_s:
            todo = "start it: it goes on where it was"
            raise ReachError("the agent has ended before its updates did", found=", ".join(waiting), todo=todo)
        told(_stage(journal, waiting) if is_running else "waiting for the agent to start again")
        known = book.read()
        found = [one for subject, order in waiting.items() if (one := ended(subject, order, known)) is not None]
        for one in found:
            del waiting[one.subject]
        results += found
        if waiting:
            time.sleep(LOOK_S)
    return results


def _stage(file: JournalFile, waiting: Mapping[str, UpdateOrder]) -> str:
    """Return how far the agent is; a journal that is not there, or not whole, is the agent's to settle."""
    try:
        record: Record | None = file.read().record
    except NoJournalError as error:
        return f"waiting for the agent ({error.what})"
    if record is None or record.order.id not in {one.id for one in waiting.values()}:
        return "waiting for the agent"
    return f"{record.subject}: {record.state}" + (f" ({record.reason})" if record.reason else "")
