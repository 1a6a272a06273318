"""Which of the orders is to be worked on; pure."""

from __future__ import annotations

from collections.abc import Mapping

from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.order_book import Known


def next_order(updates: Mapping[str, UpdateOrder], known: Mapping[str, Known]) -> tuple[str, UpdateOrder] | None:
    """Return the first order, by subject, that is not known to have come to its end here; None where none waits."""
    for subject, order in sorted(updates.items()):
        found = known.get(subject)
        if found is None or found.order != order.id or found.outcome is None:
            return subject, order
    return None


def is_superseded(record: Record, updates: Mapping[str, UpdateOrder]) -> bool:
    """Tell whether something else, or nothing any more, is ordered of the record's subject."""
    order = updates.get(record.subject)
    return order is None or order.id != record.order.id
