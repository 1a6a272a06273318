"""The parent's loop: one thread that serves what is readable and does what is due."""

from __future__ import annotations

import time
from collections.abc import Sequence
from selectors import BaseSelector
from typing import Protocol

NEVER_S = float("inf")
_MAX_SLEEP_S = 60.0


class Duty(Protocol):
    """Something that the loop does in its turn; it never blocks."""

    def act(self, now_s: float) -> float:
        """Do what is due, and return when there is something to do next (monotonic seconds; NEVER_S: not by itself).

        Called on every turn of the loop, so at least after everything that was read from the selector.
        """
        ...


def turn(selector: BaseSelector, duties: Sequence[Duty]) -> None:
    """Have each duty act, then wait for the first that is due or for something to read, and serve that."""
    due_s = min(duty.act(time.monotonic()) for duty in duties)
    serve(selector, min(due_s - time.monotonic(), _MAX_SLEEP_S))


def serve(selector: BaseSelector, timeout_s: float) -> None:
    """Wait for something to read, and have it served by the function that it was registered with as its data."""
    for key, _ in selector.select(max(0.0, timeout_s)):
        # Serving one may have closed another: a child's line its log.
        if key in selector.get_map().values():
            key.data()
