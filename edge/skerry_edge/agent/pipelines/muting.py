"""Whether a pipeline may listen, as its parent orders."""

from __future__ import annotations

from skerry_edge.agent.line.link import Link
from skerry_edge.agent.line.protocol import Mute, Order, Picture, TakeSnapshot
from skerry_edge.audio.pcm import SAMPLE_RATE_HZ

ASK_SAMPLES = SAMPLE_RATE_HZ // 10
"""The parent is listened to as often as this much sound comes: it drops what comes in between."""


class Muting:
    """Takes the parent's orders to a pipeline that sees nothing."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.is_muted = False
        # The first sound comes after what was ordered before it.
        self._samples = ASK_SAMPLES

    def holds_for(self, samples: int) -> bool:
        """Take the orders that have come, and tell whether these samples must be neither kept nor judged."""
        self._samples += samples
        if self._samples >= ASK_SAMPLES:
            self._samples = 0
            for order in self._link.orders():
                self._take(order)
        return self.is_muted

    def _take(self, order: Order) -> None:
        if isinstance(order, Mute):
            self.is_muted = order.muted
        elif isinstance(order, TakeSnapshot):
            self._link.report(Picture(order=order.order, reason="a wake-word pipeline has no picture"))
