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
    """Have each duty act, then wait for the first that is due or for something to read, and read it.

    What is registered at ``selector`` has as its data the function that serves it.
    """
    due_s = min(duty.act(time.monotonic()) for duty in duties)
    sleep_s = due_s - time.monotonic()
    for key, _ in selector.select(min(max(0.0, sleep_s), _MAX_SLEEP_S)):
        key.data()
