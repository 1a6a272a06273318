"""What the fleet hears of updates: where they are, how they ended, and that again where it still has the order out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from skerry_edge.agent.updates.reporting import report_of, report_of_ended
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.contracts.updates import FINAL_OUTCOMES, UpdateReport
from skerry_edge.ota.job import Progress
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.order_book import Known

AGAIN_S = 3600.0
"""An order that has ended is answered again no more often, however often the connection comes and goes."""


class Link(Protocol):
    """The way to the fleet."""

    @property
    def is_connected(self) -> bool:
        """Whether the broker has taken the connection."""
        ...

    def stamp(self) -> dict[str, Any]:
        """Return what every message begins with."""
        ...

    def send(self, message: UpdateReport) -> None:
        """Have a message sent; on return it is in the outbox."""
        ...

    def tell(self, label: str, text: str) -> None:
        """Report a system event."""
        ...


class Reports:
    """Says it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._was_connected = False
        self._told_s: dict[str, float] = {}

    def report(self, record: Record, progress: Progress | None) -> None:
        """Tell where an update is; what is merely progress, only where it can be told now."""
        message = report_of(record, self._link.stamp(), progress)
        if message.outcome != "under-way" or self._link.is_connected:
            self._link.send(message)

    def answer(self, updates: Mapping[str, UpdateOrder], known: Mapping[str, Known], now_s: float) -> None:
        """Tell with each new connection how the orders ended that are still out.

        A report may be lost with a full outbox, or with the disk; that order would wait for it until it is given up.
        """
        was_connected, self._was_connected = self._was_connected, self._link.is_connected
        if was_connected or not self._was_connected:
            return
        self._told_s = {order: at_s for order, at_s in self._told_s.items() if now_s - at_s < AGAIN_S}
        for subject, order in updates.items():
            found = known.get(subject)
            is_ended = found is not None and found.order == order.id and found.outcome in FINAL_OUTCOMES
            if found is not None and is_ended and order.id not in self._told_s:
                self._told_s[order.id] = now_s
                self._link.send(report_of_ended(subject, found, self._link.stamp()))

    def tell(self, label: str, text: str) -> None:
        """Report a system event."""
        self._link.tell(label, text)
