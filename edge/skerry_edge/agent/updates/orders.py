"""Which of the orders is to be worked on; pure."""

from __future__ import annotations

from collections.abc import Mapping

from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.ota.journal import Journal
from skerry_edge.ota.machine.record import Record


def next_order(updates: Mapping[str, UpdateOrder], journal: Journal) -> tuple[str, UpdateOrder] | None:
    """Return the first order, by subject, that has not come to its end here yet; None where none waits."""
    for subject, order in sorted(updates.items()):
        finished = journal.finished.get(subject)
        if finished is None or finished.order != order.id:
            return subject, order
    return None


def is_superseded(record: Record, updates: Mapping[str, UpdateOrder]) -> bool:
    """Tell whether something else, or nothing any more, is ordered of the record's subject."""
    order = updates.get(record.subject)
    return order is None or order.id != record.order.id
