"""The agent's MQTT session: connects, announces, empties the outbox, and connects again."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

from skerry_edge.agent.config.delivery import OutboxConfig
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.life.waker import Waker
from skerry_edge.agent.mqtt.bulletins import Bulletin, BulletinBoard
from skerry_edge.agent.mqtt.connection import Connection, Peer, Will
from skerry_edge.agent.mqtt.delivery import Delivery
from skerry_edge.agent.mqtt.news import News
from skerry_edge.agent.mqtt.refusal import BrokerError, Setting, first_version, next_version
from skerry_edge.agent.outbox.sink import Sink
from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import Status
from skerry_edge.foundation.backoff import Backoff, is_worth_logging
from skerry_edge.foundation.errors import ConfigError, SkerryError

_log = logging.getLogger(__name__)
STANDS_STILL_AFTER_S = 600.0
"""To look up a name and to connect takes a resolver and a network at their worst minutes; the longest pause is one."""
STABLE_AFTER_S = 10.0
"""A connection that lasted this long was a good one: the next failure is the first of a row."""
LOST = "connection lost"
RECONNECT = Backoff(first_s=0.5, max_s=60.0, chance_share=1.0)
DELIVERY = OutboxConfig()
_PUMP_S = 1.0
_GOODBYE_S = 0.4
"""What is kept of the time to stop for the last status and its acknowledgement."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """What the retained status says."""

    state: Literal["online", "degraded", "offline"]
    reason: str | None = None


STOPPED = Announcement(state="offline", reason="stopped")


class Listener(Protocol):
    """Whoever wants what the broker sends; called from the session's thread, and returns at once."""

    topics: Sequence[str]
    """What to subscribe to on every connect."""

    def hear(self, news: News) -> None:
        """Take a message, or a subscription's refusal."""
        ...


class Session:
    """Runs in a thread of its own from `start` to `stop`; the other methods may be called from any thread."""

    def __init__(
        self,
        *,
        peer: Peer,
        setting: Setting,
        identity: Identity,
        outbox: Sink,
        listener: Listener | None = None,
        backoff: Backoff = RECONNECT,
        delivery: OutboxConfig = DELIVERY,
    ) -> None:
        self._waker = Waker()
        self._peer = peer
        self._setting = setting
        self._version = first_version(setting)
        self._identity = identity
        self._outbox = outbox
        self._listener = listener
        self._backoff = backoff
        self._delivery = delivery
        self._failures = 0
        self._told: str | None = None
        self._board = BulletinBoard()
        self.announce(Announcement(state="online"))
        self._stop_by_s: float | None = None
        self._turned_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> None:
        """Begin to connect; a broker that is not there is tried again and again."""
        self._thread.start()

    def announce(self, announcement: Announcement) -> None:
        """Publish this status now if connected, and on every connect from now on."""
        self.post(self._status(announcement))

    def post(self, bulletin: Bulletin) -> None:
        """Publish this retained message now if connected, and on every connect from now on."""
        self._board.put(bulletin)
        self._waker.wake()

    def renew(self) -> None:
        """Publish the status and all other retained messages again, as on a connect."""
        self._board.renew()
        self._waker.wake()

    def wake(self) -> None:
        """Look into the outbox now."""
        self._waker.wake()

    def turns(self, now_s: float) -> bool:
        """Tell whether the thread has come round of late (monotonic seconds); to connect may take it long."""
        return now_s - self._turned_s < STANDS_STILL_AFTER_S

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
                self._wait_after(str(error), time.monotonic() - began_s, lasting=error.lasting)
            except SkerryError as error:
                self._wait_after(str(error), time.monotonic() - began_s, lasting=isinstance(error, ConfigError))
            except Exception as error:  # noqa: BLE001  # the thread's outermost loop: a fault must not end all delivery
                _log.exception("the MQTT session failed")
                self._wait_after(f"{type(error).__name__} in the session", time.monotonic() - began_s)

    def _connect_and_serve(self) -> None:
        connection = Connection(self._peer, self._will(), self._version)
        try:
            connection.open(self._waker)
            _log.info("connected to %s with MQTT %s", self._peer.address, self._version)
            self._told = None
            for topic in self._listener.topics if self._listener is not None else ():
                connection.subscribe(topic)
            delivery = Delivery(connection, self._outbox, self._board, self._delivery)
            self._serve(connection, delivery)
            self._finish(connection, delivery, self._stop_by_s or time.monotonic())
        finally:
            connection.close()

    def _will(self) -> Will:
        status = Status(**self._identity.will_stamp(), state="offline", reason=LOST)
        return Will(topic=self._identity.topic("status"), payload=encode(status))

    def _status(self, announcement: Announcement) -> Bulletin:
        return Bulletin(
            topic=self._identity.topic("status"), make=partial(self._status_payload, announcement), needed=True
        )

    def _status_payload(self, announcement: Announcement) -> bytes:
        return encode(Status(**self._identity.stamp(), state=announcement.state, reason=announcement.reason))

    def _serve(self, connection: Connection, delivery: Delivery) -> None:
        while self._stop_by_s is None:
            self._turned_s = time.monotonic()
            delivery.post_changed()
            delivery.send_waiting()
            delivery.take(connection.pump(self._waker, min(_PUMP_S, delivery.pause_s)))
            self._pass_on(connection)

    def _pass_on(self, connection: Connection) -> None:
        for news in connection.take_news():
            if self._listener is not None:
                self._listener.hear(news)

    def _finish(self, connection: Connection, delivery: Delivery, stop_by_s: float) -> None:
        while delivery.waits and (left_s := stop_by_s - _GOODBYE_S - time.monotonic()) > 0:
            # What is fresh is still sent; a backlog is safe where it is, and would hold up the end.
            if delivery.is_caught_up:
                delivery.send_waiting()
            delivery.take(connection.pump(self._waker, left_s))
        delivery.post(self._status(STOPPED))
        while delivery.is_unanswered and (left_s := stop_by_s - time.monotonic()) > 0:
            delivery.take(connection.pump(self._waker, left_s))
        connection.say_goodbye()

    def _wait_after(self, reason: str, lasted_s: float, *, lasting: bool = False) -> None:
        self._failures = 1 if lasted_s >= STABLE_AFTER_S else self._failures + 1
        delay_s = self._backoff.delay_s(self._failures, random.random())  # noqa: S311  # spreads retries
        self._tell(reason, delay_s, lasting=lasting)
        end_s = time.monotonic() + delay_s
        while self._stop_by_s is None and (left_s := end_s - time.monotonic()) > 0:
            self._turned_s = time.monotonic()
            self._waker.wait(left_s)

    def _tell(self, reason: str, delay_s: float, *, lasting: bool) -> None:
        """Log a failure: one that lasts when it is new, any other ever more seldom."""
        if lasting and reason != self._told:
            _log.error(
                "%s; this does not pass by itself: it is tried again at least every %.0f s, and not told again",
                reason,
                self._backoff.max_s,
            )
        elif not lasting and is_worth_logging(self._failures):
            _log.warning("%s; failure %d in a row, next attempt in %.1f s", reason, self._failures, delay_s)
        self._told = reason if lasting else None
