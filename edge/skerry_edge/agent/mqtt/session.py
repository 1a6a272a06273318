"""The agent's MQTT session: connects, announces, empties the outbox, and connects again."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from skerry_edge.agent.config.delivery import OutboxConfig
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.life.waker import Waker
from skerry_edge.agent.mqtt.announcement import LOST, MOVED, RECONNECTING, STOPPED, Announcement
from skerry_edge.agent.mqtt.bounded import OversizedPacketError
from skerry_edge.agent.mqtt.bulletins import Bulletin, BulletinBoard
from skerry_edge.agent.mqtt.connection import Connection, Will
from skerry_edge.agent.mqtt.delivery import Delivery
from skerry_edge.agent.mqtt.farewell import part
from skerry_edge.agent.mqtt.hearing import Hearing
from skerry_edge.agent.mqtt.news import News, Undelivered
from skerry_edge.agent.mqtt.refusal import BrokerError
from skerry_edge.agent.mqtt.retries import Retries
from skerry_edge.agent.mqtt.returns import Returns
from skerry_edge.agent.mqtt.terms import Terms
from skerry_edge.agent.mqtt.version import accepted, failed, first_choice
from skerry_edge.agent.outbox.sink import Outlet
from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import Status
from skerry_edge.foundation.errors import ConfigError, SkerryError

_log = logging.getLogger(__name__)
STANDS_STILL_AFTER_S = 600.0
"""To look up a name and to connect takes a resolver and a network at their worst minutes; the longest pause is one."""
TOO_LARGE = "packet-too-large"
"""The label of the system event that tells of what the broker sends and is not taken."""
DELIVERY = OutboxConfig()
_PUMP_S = 1.0
_LEAVE_S = 1.0
"""How long the end of a connection may take that another is to follow, to another broker or under other terms."""


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
        terms: Terms,
        identity: Identity,
        outbox: Outlet,
        listener: Listener | None = None,
        delivery: OutboxConfig = DELIVERY,
    ) -> None:
        self._waker = Waker()
        self._terms = terms
        self._choice = first_choice(terms.setting)
        self._identity = identity
        self._outbox = outbox
        self._listener = listener
        self._delivery = delivery
        self._returns = Returns(outbox, self._hear)
        self._hearing = Hearing()
        self._attempts = 0
        self._retries = Retries(terms.backoff)
        self._taken_s: float | None = None
        """When the broker took the connection, on the monotonic clock; None where it did not."""
        self.is_connected = False
        """Whether there is a connection now that the broker took."""
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

    def reconnect(self, terms: Terms) -> None:
        """Connect anew under these terms; the connection that is there ends in good order first."""
        self._terms = terms
        self._waker.wake()

    def configure(self, delivery: OutboxConfig) -> None:
        """Send what waits at another pace from now on."""
        self._delivery = delivery
        self._waker.wake()

    @property
    def trouble(self) -> str | None:
        """What the broker does not take of what must not be lost, None where all is well."""
        return self._returns.holds.trouble

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
        terms = self._terms
        while self._stop_by_s is None:
            if terms is not self._terms:
                terms, self._retries = self._terms, Retries(self._terms.backoff)
                # Another broker may take and send other things.
                self._choice, self._hearing = first_choice(terms.setting), Hearing()
                self._returns = Returns(self._outbox, self._hear)
            self._taken_s = None
            try:
                self._connect_and_serve(terms)
            except BrokerError as error:
                if error.of_letter:
                    self._wait(terms, self._retries.after_letter(str(error), _chance()))
                else:
                    self._wait_after(terms, str(error), lasting=error.lasting)
            except SkerryError as error:
                self._wait_after(terms, str(error), lasting=isinstance(error, ConfigError))
            except Exception as error:  # noqa: BLE001  # the thread's outermost loop: a fault must not end all delivery
                _log.exception("the MQTT session failed")
                self._wait_after(terms, f"{type(error).__name__} in the session", lasting=False)

    def _connect_and_serve(self, terms: Terms) -> None:
        connection = self._opened(terms)
        try:
            delivery = Delivery(connection, self._outbox, self._board, self._returns, self._delivery)
            try:
                self._serve(terms, connection, delivery)
                self._leave(terms, connection, delivery)
            except OversizedPacketError as error:
                self._note_oversized(error)
                raise
            except BrokerError as error:
                raise delivery.lost(error) from error
        finally:
            self.is_connected = False
            connection.close()

    def _opened(self, terms: Terms) -> Connection:
        """Connect, once more where the broker does not speak the version that was tried first."""
        # Each attempt has a number of its own: the broker may have let in one whose answer never came.
        self._attempts += 1
        connection = Connection(terms.peer, self._will(), self._choice.version)
        try:
            connection.open(self._waker)
        except BrokerError as error:
            connection.close()
            self._choice = failed(self._choice, error.version_doubt)
            if self._choice.version in ("5", connection.version):
                raise
            return self._opened(terms)
        self._taken_s, self.is_connected = time.monotonic(), True
        is_new, self._choice = not self._choice.speaks_3, accepted(self._choice)
        _log.info("connected to %s with MQTT %s", connection.where, connection.version)
        if is_new and connection.version != "5" and self._delivery.without_subscriber == "keep":
            _log.warning(
                "with MQTT %s the broker does not tell whether anybody subscribes: an event that nobody hears is lost",
                connection.version,
            )
        return connection

    def _listen(self, connection: Connection, now_s: float) -> bool:
        """Subscribe where that may be; tell whether it was done."""
        if self._listener is None or not self._hearing.may_begin(now_s):
            return False
        self._hearing.begins(now_s)
        for topic in self._listener.topics:
            connection.subscribe(topic)
        return True

    def _note_oversized(self, error: OversizedPacketError) -> None:
        self._hearing.overfed(time.monotonic(), _chance())
        self._hear(Undelivered(label=TOO_LARGE, text=f"nothing is heard from the broker for some time: {error}"))

    def _hear(self, news: News) -> None:
        if self._listener is not None:
            self._listener.hear(news)

    def _will(self) -> Will:
        status = Status(**self._identity.will_stamp(), state="offline", reason=LOST, connection=self._attempts)
        return Will(topic=self._identity.topic("status"), payload=encode(status))

    def _status(self, announcement: Announcement) -> Bulletin:
        return Bulletin(
            topic=self._identity.topic("status"), make=partial(self._status_payload, announcement), needed=True
        )

    def _status_payload(self, announcement: Announcement) -> bytes:
        status = Status(
            **self._identity.stamp(),
            state=announcement.state,
            reason=announcement.reason,
            connection=self._attempts,
        )
        return encode(status)

    def _goes_on(self, terms: Terms) -> bool:
        return self._stop_by_s is None and terms is self._terms

    def _serve(self, terms: Terms, connection: Connection, delivery: Delivery) -> None:
        listens = False
        pace = self._delivery
        while self._goes_on(terms):
            self._turned_s = time.monotonic()
            listens = listens or self._listen(connection, self._turned_s)
            if pace is not self._delivery:
                pace = self._delivery
                delivery.configure(pace)
            delivery.post_changed()
            delivery.send_waiting()
            delivery.take(connection.pump(self._waker, min(_PUMP_S, delivery.pause_s)))
            for news in connection.take_news():
                self._hear(news)

    def _leave(self, terms: Terms, connection: Connection, delivery: Delivery) -> None:
        """End the connection in good order: for good, for another broker, or to come back under other terms."""
        if self._stop_by_s is not None:
            last, by_s = STOPPED, self._stop_by_s
        else:
            # The device may not get back in under the new terms, and no will speaks for who said goodbye.
            last = RECONNECTING if terms.peer.address == self._terms.peer.address else MOVED
            by_s = time.monotonic() + _LEAVE_S
        part(connection, delivery, self._status(last), self._waker, by_s=by_s)

    def _wait_after(self, terms: Terms, reason: str, *, lasting: bool) -> None:
        # To connect may take longer than a connection that is of no use lasts.
        lasted_s = 0.0 if self._taken_s is None else time.monotonic() - self._taken_s
        self._wait(terms, self._retries.after_failure(reason, lasted_s, _chance(), lasting=lasting))

    def _wait(self, terms: Terms, delay_s: float) -> None:
        end_s = time.monotonic() + delay_s
        while self._goes_on(terms) and (left_s := end_s - time.monotonic()) > 0:
            self._turned_s = time.monotonic()
            self._waker.wait(left_s)


def _chance() -> float:
    return random.random()  # noqa: S311  # spreads retries
