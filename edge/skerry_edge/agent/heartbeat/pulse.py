"""The heartbeat's clock: gathers what the parts know of themselves and puts it into the outbox when it is time."""

from __future__ import annotations

import logging

from skerry_edge import __version__
from skerry_edge.agent.children.supervisor import Supervisor
from skerry_edge.agent.heartbeat.machine import Machine
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.life.lives import Lives
from skerry_edge.agent.mqtt.session import Session
from skerry_edge.agent.outbox.sink import Sink
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import Heartbeat
from skerry_edge.machine.boot import since_boot_s

_log = logging.getLogger(__name__)


class Pulse:
    """Sends a heartbeat every ``interval_s`` (may be changed), the first at once."""

    def __init__(
        self,
        *,
        board: str,
        interval_s: float,
        identity: Identity,
        machine: Machine,
        lives: Lives,
        supervisor: Supervisor,
        outbox: Sink,
        session: Session,
    ) -> None:
        self.board = board
        self.interval_s = interval_s
        self._identity = identity
        self._machine = machine
        self._lives = lives
        self._supervisor = supervisor
        self._outbox = outbox
        self._session = session
        self._last_s = float("-inf")

    def act(self, now_s: float) -> float:
        """Send the heartbeat that is due (see Duty)."""
        if now_s >= self._last_s + self.interval_s:
            self._last_s = now_s
            self._beat()
        return self._last_s + self.interval_s

    def _beat(self) -> None:
        stats = self._outbox.stats()
        stamp = self._identity.stamp()
        heartbeat = Heartbeat(
            **stamp,
            **self._machine.read(),
            **self._lives.fields(since_boot_s()),
            board=self.board,
            interval_s=self.interval_s,
            agent_version=__version__,
            outbox_depth=stats.depth,
            outbox_dropped=stats.dropped,
            outbox_bytes=stats.held_bytes,
            # By the wall clock, as the letters are: one that was set back since gives 0.
            outbox_oldest_s=None if stats.oldest_ts_ms is None else max(0, stamp["ts"] - stats.oldest_ts_ms) / 1e3,
            pipelines=self._supervisor.take_vitals(),
        )
        try:
            self._outbox.put((self._identity.topic("heartbeat"), heartbeat))
        except WireError as error:
            # What a driver says must not end the events along with the heartbeats.
            _log.error("a heartbeat is not sent: %s", error)
            return
        self._session.wake()
