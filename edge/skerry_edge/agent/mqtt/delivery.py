"""What one connection carries: bulletins first, then the outbox in order, each letter kept until it is delivered."""

from __future__ import annotations

import logging
import random
import time
from contextlib import suppress
from dataclasses import dataclass

from msgspec.structs import replace

from skerry_edge.agent.config.delivery import OutboxConfig
from skerry_edge.agent.mqtt.bulletins import Bulletin, BulletinBoard
from skerry_edge.agent.mqtt.connection import Ack, Connection
from skerry_edge.agent.mqtt.refusal import BrokerError, refused
from skerry_edge.agent.outbox.flow import Flow
from skerry_edge.agent.outbox.sink import Letter, Sink, payload_of
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import Event, Heartbeat, Message

_log = logging.getLogger(__name__)
ACK_TIMEOUT_S = 30.0
"""A broker that leaves a message unacknowledged for this long is given up and connected to anew, not counting ..."""
LEAST_BYTES_PER_S = 4000.0
"""... the time that all bytes up to the message's end take on the slowest line: a throttled mobile plan's 32 kbit/s."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sent:
    """A message that the broker has not acknowledged: an outbox's letter, or a bulletin.

    It was sent at ``since_s`` on the monotonic clock, and is waited for until ``deadline_s``.
    """

    letter: Letter | None
    bulletin: Bulletin | None
    size: int
    since_s: float
    deadline_s: float


class Delivery:
    """Sends over one connection and takes its acknowledgements; used by one thread.

    What was in the outbox before the connection began is marked as replayed, and goes out at the pace that
    ``config`` sets. An event for which the broker has no subscriber is not delivered, unless ``config`` says so.
    """

    def __init__(self, connection: Connection, outbox: Sink, board: BulletinBoard, config: OutboxConfig) -> None:
        self._connection = connection
        self._outbox = outbox
        self._board = board
        self._posted: dict[str, Bulletin] = {}
        waiting = outbox.stats()
        self._replayed_up_to = waiting.newest
        self._in_flight: dict[int, _Sent] = {}
        self._keeps_unheard = config.without_subscriber == "keep"
        self._flow = Flow(
            replay_per_s=config.replay_per_s,
            replay_in_flight=config.replay_in_flight,
            has_backlog=waiting.oldest_ts_ms is not None,
            now_s=time.monotonic(),
        )

    @property
    def has_room(self) -> bool:
        """Whether the broker may be sent one more message now."""
        return len(self._in_flight) < self._connection.in_flight_limit

    @property
    def is_unanswered(self) -> bool:
        """Whether something was sent that the broker has not acknowledged."""
        return bool(self._in_flight)

    @property
    def is_caught_up(self) -> bool:
        """Whether no backlog is left, and nothing that nobody subscribes to."""
        return self._flow.is_caught_up

    @property
    def waits(self) -> bool:
        """Whether anything is still to be acknowledged, or is fresh and still to be sent."""
        return self.is_unanswered or (self.is_caught_up and bool(self._outbox.pending((), 1)))

    @property
    def pause_s(self) -> float:
        """How long there is nothing to send unless something comes; ``inf`` where time alone changes nothing."""
        now_s = time.monotonic()
        return max(0.0, self._flow.due_s(now_s) - now_s)

    def post_changed(self) -> None:
        """Publish the bulletins that this connection has not carried yet, as many as fit. Raises BrokerError."""
        for bulletin in self._board.wanted():
            if self.has_room and self._posted.get(bulletin.topic) is not bulletin:
                self.post(bulletin)

    def post(self, bulletin: Bulletin) -> None:
        """Publish a bulletin now. Raises BrokerError."""
        self._posted[bulletin.topic] = bulletin
        payload = bulletin.make()
        if len(payload) > self._connection.payload_limit:
            self._board.note_refusal(bulletin, f"{len(payload)} bytes are more than it takes")
            return
        self._send(bulletin.topic, payload, bulletin=bulletin)

    def send_waiting(self) -> None:
        """Publish from the outbox as much as the broker may be sent now. Raises BrokerError."""
        limit = self._connection.in_flight_limit - len(self._in_flight)
        if limit <= 0:
            return
        sent = {one.letter.key for one in self._in_flight.values() if one.letter is not None}
        room = self._flow.room(time.monotonic(), len(sent), limit)
        for letter in self._outbox.pending(sent, room):
            if not self.has_room:
                return
            # One heartbeat waits at most, and it goes first: a backlog leaves it a place.
            if not isinstance(letter.message, Heartbeat):
                self._flow.sends(from_backlog=self._is_backlog(letter))
                room -= 1
            self._send_letter(letter)
        if room > 0:
            self._flow.has_sent_all()

    def take(self, acks: list[Ack]) -> None:
        """Forget what the broker has. Raises BrokerError for a refusal, and for an answer that is overdue.

        A message that was refused stays in the outbox: its turn comes again with the next connection.
        """
        for ack in acks:
            sent = self._in_flight.pop(ack.mid, None)
            if sent is not None and sent.bulletin is not None and not (ack.refused and sent.bulletin.needed):
                self._take_bulletin(sent.bulletin, ack)
            elif ack.refused:
                what = "the broker refuses what this device publishes"
                raise refused(what, where=self._connection.where, code=ack.code, name=ack.name)
            elif sent is not None and sent.letter is not None:
                self._take_letter(sent.letter, ack)
        oldest = next(iter(self._in_flight.values()), None)
        now_s = time.monotonic()
        if oldest is not None and now_s > oldest.deadline_s:
            what = f"the broker did not acknowledge a message for {now_s - oldest.since_s:.0f} s"
            raise BrokerError(what, where=self._connection.where)

    def _take_bulletin(self, bulletin: Bulletin, ack: Ack) -> None:
        if ack.refused:
            self._board.note_refusal(bulletin, ack.name)
        else:
            self._board.note_taken(bulletin)

    def _take_letter(self, letter: Letter, ack: Ack) -> None:
        if isinstance(letter.message, Event):
            if ack.is_unheard and self._keeps_unheard:
                if not self._flow.is_held:
                    _log.warning("nobody subscribes to this device's events at the broker: they are kept meanwhile")
                self._flow.unheard(time.monotonic(), random.random())  # noqa: S311  # spreads retries
                return
            if self._flow.is_held:
                _log.info("somebody subscribes to this device's events again")
            self._flow.heard()
        self._outbox.acknowledge(letter.key)

    def _is_backlog(self, letter: Letter) -> bool:
        return letter.key <= self._replayed_up_to

    def _payload(self, letter: Letter) -> bytes:
        if self._is_backlog(letter) and isinstance(letter.message, Message):
            with suppress(WireError):  # the mark may be what makes it too large: better without it than never
                return payload_of(replace(letter.message, replayed=True))
        return payload_of(letter.message)

    def _send_letter(self, letter: Letter) -> None:
        payload = self._payload(letter)
        if isinstance(letter.message, bytes) and len(payload) > self._connection.payload_limit:
            # The broker would end the connection for it, again and again, and no event would ever pass.
            _log.warning("the broker takes no snapshot of %d bytes; it is dropped", len(payload))
            self._outbox.acknowledge(letter.key)
            return
        self._send(letter.topic, payload, letter=letter)

    def _send(
        self, topic: str, payload: bytes, *, letter: Letter | None = None, bulletin: Bulletin | None = None
    ) -> None:
        mid = self._connection.publish(topic, payload, retain=bulletin is not None)
        before_it = sum(one.size for one in self._in_flight.values())
        now_s = time.monotonic()
        deadline_s = now_s + ACK_TIMEOUT_S + (before_it + len(payload)) / LEAST_BYTES_PER_S
        self._in_flight[mid] = _Sent(
            letter=letter, bulletin=bulletin, size=len(payload), since_s=now_s, deadline_s=deadline_s
        )
