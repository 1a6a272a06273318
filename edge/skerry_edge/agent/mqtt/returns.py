"""What becomes of a letter that the broker does not take: an event waits with its lane, a picture is given up."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable

from skerry_edge.agent.mqtt.holds import GIVEN_UP, HEARTBEATS, Holds, lane_of
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
        """Hold the lane of a letter that the broker does not take, for ``reason``."""
        lane = lane_of(letter)
        now_s, chance = time.monotonic(), random.random()  # noqa: S311  # spreads retries
        is_new = self.holds.hold(lane, letter.key, reason, now_s=now_s, chance=chance)
        if lane in GIVEN_UP:
            self.give_up(letter, reason)
            return
        if not is_new:
            return
        text = f"the broker does not take {lane} ({reason}): they wait in the outbox, and are tried again"
        if lane == HEARTBEATS:  # nothing is lost: the next one says more
            _log.warning("%s", text)
        else:
            self._tell(HELD, text)

    def give_up(self, letter: Letter, reason: str) -> None:
        """Drop a letter that nothing waits for, and tell of the first that is dropped for ``reason``."""
        self._outbox.discard(letter.key)
        text = f"the broker does not take {lane_of(letter)} ({reason}): they are dropped, and counted in the heartbeat"
        # They may be many.
        if text not in self._told and len(self._told) < _MAX_TOLD:
            self._told.add(text)
            self._tell(DROPPED, text)

    def refuse(self, letter: Letter, reason: str) -> None:
        """Decide about a letter that this broker can never take: of those that are given up, others may be well."""
        (self.give_up if lane_of(letter) in GIVEN_UP else self.take_back)(letter, reason)

    def blame(self, letter: Letter, reason: str) -> bool:
        """Note that a connection ended with this letter as the oldest unanswered; tell whether it is to blame."""
        if not self.holds.strike(letter):
            return False
        self.take_back(letter, f"each connection ends with it: {reason}")
        return True

    def delivered(self, letter: Letter) -> bool:
        """Note that the broker took a letter, whoever may hear it; tell whether its lane was held until now."""
        self.holds.acquit(letter)
        lane = lane_of(letter)
        if not self.holds.holds_lane(letter):
            return False
        self.holds.release(lane)
        _log.info("the broker takes %s again", lane)
        return True

    def _tell(self, label: str, text: str) -> None:
        _log.warning("%s", text)
        self._report(Undelivered(label=label, text=text))
