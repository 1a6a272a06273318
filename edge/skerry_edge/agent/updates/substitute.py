"""What follows where the launcher passed over the version that was committed: the fleet is told of it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from skerry_edge import __version__
from skerry_edge.ota.slots.slots import Slots
from skerry_edge.ota.slots.start import end_well

_log = logging.getLogger(__name__)
PASSED_OVER = "agent-passed-over"
"""The label of the system event that says which slot does not live any more, why, and what runs in its place."""


class Substitute:
    """Acts once where this agent runs in the place of another; and lets a life that ends well count as one."""

    def __init__(self, slots: Slots, tell: Callable[[str, str], None]) -> None:
        """Prepare; ``tell`` reports a system event."""
        self._slots = slots
        self._tell = tell
        self._is_told = False

    def act(self) -> None:
        """Tell of it, and make this agent the one that was good last. Raises ReachError where the disk refuses.

        To be called while nothing is under way: an update knows for itself where it came from. What was passed over is
        not taken for kept any more, so that an order for it brings and builds it anew.
        """
        running = self._slots.running
        if running is None or not self._slots.is_substitute:
            return
        if not self._is_told:
            why = "; ".join(f"slot {slot} {reason}" for slot, reason in self._slots.passed.items())
            self._tell(PASSED_OVER, f"{why}; version {__version__} runs from {running} in its place")
            self._is_told = True
        self._slots.adopt(running)
        _log.warning("version %s runs from %s from now on", __version__, running)

    def end(self) -> None:
        """Say that this life ends in good order, so that it is not counted as one of a version that does not live."""
        end_well()
