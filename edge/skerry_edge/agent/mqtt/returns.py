"""What becomes of a letter that the broker does not take: an event is held back, anything else given up and told."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable

from skerry_edge.agent.mqtt.holds import HEARTBEATS, Holds, lane_of
from skerry_edge.agent.mqtt.news import Undelivered
from skerry_edge.agent.outbox.sink import Letter, Outlet

_log = logging.getLogger(__name__)
HELD, DROPPED = "events-held", "messages-dropped"
"""Labels of the system events that tell of it."""
_MAX_TOLD = 64


class Returns:
    """Lives as long as the session, over all of its connections; used by one thread but for ``holds.trouble``."""

    def __init__(self, outbox: Outlet, report: Callable[[Undelivered], None]) -> None:
        self.holds = Holds()
        self._outbox = outbox
        self._report = report
        self._told: set[str] = set()

    def take_back(self, letter: Letter, reason: str) -> None:
        """Decide about a letter that the broker does not take, for ``reason``."""
        lane = lane_of(letter)
        if lane is None:
            self._outbox.discard(letter.key)
            kind = "pictures" if isinstance(letter.message, bytes) else "answers to commands"
            self._tell_once(
                f"the broker does not take {kind} ({reason}): they are dropped, and counted in the heartbeat"
            )
            return
        now_s, chance = time.monotonic(), random.random()  # noqa: S311  # spreads retries
        if not self.holds.hold(lane, letter.key, reason, now_s=now_s, chance=chance):
            return
        text = f"the broker does not take {lane} ({reason}): they wait in the outbox, and are tried again"
        if lane == HEARTBEATS:  # nothing is lost: the next one says more
            _log.warning("%s", text)
        else:
            self._tell(HELD, text)

    def blame(self, letter: Letter, reason: str) -> None:
        """Note that a connection ended with this letter as the oldest unanswered."""
        if self.holds.strike(letter):
            self.take_back(letter, f"each connection ends with it: {reason}")

    def delivered(self, letter: Letter) -> bool:
        """Note that the broker took a letter, whoever may hear it; tell whether its lane was held until now."""
        lane = lane_of(letter)
        if lane is None or not self.holds.holds_lane(letter):
            return False
        self.holds.release(lane)
        _log.info("the broker takes %s again", lane)
        return True

    def _tell_once(self, text: str) -> None:
        """Tell of what is dropped: the first of all that are for the same reason, as they may be many."""
        if text not in self._told and len(self._told) < _MAX_TOLD:
            self._told.add(text)
            self._tell(DROPPED, text)

    def _tell(self, label: str, text: str) -> None:
        _log.warning("%s", text)
        self._report(Undelivered(label=label, text=text))
