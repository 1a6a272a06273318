"""Whether a pipeline may listen, as its parent orders."""

from __future__ import annotations

from skerry_edge.agent.link import Link
from skerry_edge.agent.protocol import Mute, Order, Picture, TakeSnapshot


class Muting:
    """Takes the parent's orders to a pipeline that hears and sees nothing."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._is_muted = False

    def is_muted(self) -> bool:
        """Take the orders that have come, and tell whether sound must be neither kept nor judged."""
        for order in self._link.orders():
            self._take(order)
        return self._is_muted

    def _take(self, order: Order) -> None:
        if isinstance(order, Mute):
            self._is_muted = order.muted
        elif isinstance(order, TakeSnapshot):
            self._link.report(Picture(order=order.order, reason="a wake-word pipeline has no picture"))
