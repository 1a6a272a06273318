"""The agent's MQTT session: connects, announces, empties the outbox, and connects again."""

from __future__ import annotations

import logging
import random
import threading
import time

from skerry_edge.agent.backoff import Backoff, is_worth_logging
from skerry_edge.agent.connection import Connection, Peer, Will
from skerry_edge.agent.delivery import Announcement, Delivery
from skerry_edge.agent.identity import Identity
from skerry_edge.agent.outbox import Sink
from skerry_edge.agent.refusal import BrokerError, Setting, first_version, next_version
from skerry_edge.agent.waker import Waker
from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import Status
from skerry_edge.foundation.errors import SkerryError

_log = logging.getLogger(__name__)
STABLE_AFTER_S = 10.0
"""A connection that lasted this long was a good one: the next failure is the first of a row."""
LOST = "connection lost"
STOPPED = Announcement(state="offline", reason="stopped")
_PUMP_S = 1.0
_GOODBYE_S = 0.4
"""What is kept of the time to stop for the last status and its acknowledgement."""


class Session:
    """Runs in a thread of its own from `start` to `stop`; the other methods may be called from any thread."""

    def __init__(self, *, peer: Peer, setting: Setting, identity: Identity, outbox: Sink) -> None:
        self._peer = peer
        self._setting = setting
        self._version = first_version(setting)
        self._identity = identity
        self._outbox = outbox
        self._backoff = Backoff()
        self._failures = 0
        self._waker = Waker()
        self._stop_by_s: float | None = None
        self._wanted = Announcement(state="online")
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> None:
        """Begin to connect; a broker that is not there is tried again and again."""
        self._thread.start()

    def announce(self, announcement: Announcement) -> None:
        """Publish this status now if connected, and on every connect from now on."""
        self._wanted = announcement
        self._waker.wake()

    def wake(self) -> None:
        """Look into the outbox now."""
        self._waker.wake()

    def stop(self, deadline_s: float) -> None:
        """Deliver what waits, say `offline` and disconnect; return by ``deadline_s`` (monotonic) in any case."""
        self._stop_by_s = deadline_s
        self._waker.wake()
        self._thread.join(max(0.0, deadline_s - time.monotonic()))
        if not self._thread.is_alive():
            self._waker.close()

    def _run(self) -> None:
        while self._stop_by_s is None:
            began_s = time.monotonic()
            try:
                self._connect_and_serve()
            except BrokerError as error:
                self._version = next_version(self._setting, self._version, error)
                self._wait_after(str(error), time.monotonic() - began_s)
            except SkerryError as error:
                self._wait_after(str(error), time.monotonic() - began_s)
            except Exception as error:  # noqa: BLE001  # the thread's outermost loop: a fault must not end all delivery
                _log.exception("the MQTT session failed")
                self._wait_after(f"{type(error).__name__} in the session", time.monotonic() - began_s)

    def _connect_and_serve(self) -> None:
        connection = Connection(self._peer, self._will(), self._version)
        try:
            connection.open(self._waker)
            _log.info("connected to %s with MQTT %s", self._peer.address, self._version)
            delivery = Delivery(connection, self._identity, self._outbox)
            self._serve(connection, delivery)
            self._finish(connection, delivery, self._stop_by_s or time.monotonic())
        finally:
            connection.close()

    def _will(self) -> Will:
        status = Status(**self._identity.will_stamp(), state="offline", reason=LOST)
        return Will(topic=self._identity.topic("status"), payload=encode(status))

    def _serve(self, connection: Connection, delivery: Delivery) -> None:
        said: Announcement | None = None
        while self._stop_by_s is None:
            wanted = self._wanted
            if wanted != said and delivery.has_room:
                delivery.announce(wanted)
                said = wanted
            delivery.send_waiting()
            delivery.take(connection.pump(self._waker, _PUMP_S))

    def _finish(self, connection: Connection, delivery: Delivery, stop_by_s: float) -> None:
        while delivery.waits and (left_s := stop_by_s - _GOODBYE_S - time.monotonic()) > 0:
            delivery.send_waiting()
            delivery.take(connection.pump(self._waker, left_s))
        delivery.announce(STOPPED)
        while delivery.is_unanswered and (left_s := stop_by_s - time.monotonic()) > 0:
            delivery.take(connection.pump(self._waker, left_s))
        connection.say_goodbye()

    def _wait_after(self, reason: str, lasted_s: float) -> None:
        self._failures = 1 if lasted_s >= STABLE_AFTER_S else self._failures + 1
        delay_s = self._backoff.delay_s(self._failures, random.random())  # noqa: S311  # spreads retries
        if is_worth_logging(self._failures):
            _log.warning("%s; failure %d in a row, next attempt in %.1f s", reason, self._failures, delay_s)
        end_s = time.monotonic() + delay_s
        while self._stop_by_s is None and (left_s := end_s - time.monotonic()) > 0:
            self._waker.wait(left_s)
