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
from skerry_edge.agent.mqtt.holds import GIVEN_UP, HEARTBEATS, lane_of
from skerry_edge.agent.mqtt.queue import Queue
from skerry_edge.agent.mqtt.refusal import BrokerError, ended_over, refused
from skerry_edge.agent.mqtt.returns import Returns
from skerry_edge.agent.outbox.flow import Flow
from skerry_edge.agent.outbox.sink import Content, Letter, Outlet, payload_of
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import CommandResult, Event, Message

_log = logging.getLogger(__name__)
MAX_TEXT_CHARS = 4000
"""Within the contract's Text."""
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

    What was in the outbox before the connection began is marked as replayed, and goes out at the pace that ``config``
    sets. An event for which the broker has no subscriber is not delivered, unless ``config`` says so; where the broker
    can tell, a pipeline's next event goes when the one before is answered. What the broker does not take becomes the
    business of ``returns``, and the rest goes on.
    """

    def __init__(
        self, connection: Connection, outbox: Outlet, board: BulletinBoard, returns: Returns, config: OutboxConfig
    ) -> None:
        self._connection = connection
        self._outbox = outbox
        self._board = board
        self._returns = returns
        self._queue = Queue(outbox, returns.holds)
        self._is_walking = False
        self._has_begun = False
        self._posted: dict[str, Bulletin] = {}
        waiting = outbox.stats()
        self._replayed_up_to = waiting.newest
        self._in_flight: dict[int, _Sent] = {}
        self._just_refused: str | None = None
        self._config = config
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
        return self.is_unanswered or (self.is_caught_up and self._has_fresh)

    @property
    def pause_s(self) -> float:
        """How long there is nothing to send unless something comes; ``inf`` where time alone changes nothing."""
        if self._is_walking:
            return 0.0
        now_s = time.monotonic()
        due_s = self._flow.due_s(now_s)
        if self._has_begun and self.has_room:  # else no lane could be tried though its time had come
            due_s = min(due_s, self._returns.holds.due_s(self._sent.values()))
        return max(0.0, due_s - now_s)

    def configure(self, config: OutboxConfig) -> None:
        """Go on at another pace."""
        self._config = config
        self._flow.set_pace(replay_per_s=config.replay_per_s, replay_in_flight=config.replay_in_flight)

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
        self._is_walking = False
        # The first letters go when the broker has all bulletins: whose doing it is if it hangs up is known then.
        self._has_begun = self._has_begun or not self.is_unanswered
        if not self._has_begun or not self.has_room:
            return
        self._try_held()
        heartbeat = self._queue.heartbeat(self._sent)
        # One heartbeat waits at most, and it goes first: a backlog leaves it a place.
        if heartbeat is not None and self.has_room:
            self._send_letter(heartbeat)
        records = sum(one.letter is not None and lane_of(one.letter) != HEARTBEATS for one in self._in_flight.values())
        room = self._flow.room(time.monotonic(), records, self._connection.in_flight_limit - len(self._in_flight))
        if room <= 0:
            return
        now_s = time.monotonic()
        following = self._queue.next(self._sent, room, one_by_one=self._is_one_by_one, now_s=now_s)
        for letter in following.given_up:
            self._outbox.discard(letter.key)
        self._is_walking = following.seen == "held"
        is_behind = following.first_key is not None and following.first_key <= self._replayed_up_to
        for letter in following.letters:
            if not self._returns.holds.bars(lane_of(letter), now_s):  # for one just before it
                self._flow.sends(from_backlog=is_behind)
                self._send_letter(letter)
        if following.seen == "all" and len(following.letters) < room:
            self._flow.has_sent_all()

    def take(self, acks: list[Ack]) -> None:
        """Forget what the broker has, and take back what it refuses. Raises BrokerError for an overdue answer.

        Also raised where a bulletin is refused that is needed.
        """
        for ack in acks:
            sent = self._in_flight.pop(ack.mid, None)
            if sent is None:
                continue
            if sent.bulletin is not None:
                self._take_bulletin(sent.bulletin, ack)
            elif sent.letter is not None and ack.refused:
                self._returns.take_back(sent.letter, ack.name)
                self._just_refused = f"{sent.letter.topic} ({ack.name})"
            elif sent.letter is not None:
                self._take_letter(sent.letter, ack)
                # MQTT 3.1.1 has no word for a refusal: mosquitto acknowledges the picture, and hangs up.
                is_doubtful = self._connection.version == "3.1.1" and lane_of(sent.letter) in GIVEN_UP
                self._just_refused = sent.letter.topic if is_doubtful else None
        oldest = next(iter(self._in_flight.values()), None)
        now_s = time.monotonic()
        if oldest is not None and now_s > oldest.deadline_s:
            what = f"the broker did not acknowledge a message for {now_s - oldest.since_s:.0f} s"
            raise BrokerError(what, where=self._connection.where, may_be_of_message=True)

    def lost(self, error: BrokerError) -> BrokerError:
        """Note that the connection ended by ``error``; return it, or what it becomes where a letter is why."""
        if not error.may_be_of_message:
            return error
        if self._just_refused is not None:
            return ended_over(self._just_refused, error, where=self._connection.where)
        letters = [one.letter for one in self._in_flight.values() if one.letter is not None]
        # What was on trial has been to blame before; else the oldest is.
        suspects = [one for one in letters if self._returns.holds.holds_lane(one)] or letters[:1]
        blamed = [one.topic for one in suspects if self._returns.blame(one, error.found or error.what)]
        return ended_over(" and ".join(blamed), error, where=self._connection.where) if blamed else error

    @property
    def _sent(self) -> dict[int, str]:
        letters = (one.letter for one in self._in_flight.values())
        return {letter.key: lane_of(letter) for letter in letters if letter is not None}

    @property
    def _is_one_by_one(self) -> bool:
        """Whether a lane's letters go one after the other: where the broker tells that nobody subscribes."""
        return self._config.without_subscriber == "keep" and self._connection.version == "5"

    @property
    def _has_fresh(self) -> bool:
        """Whether something waits that the broker would take."""
        following = self._queue.next(self._sent, 1, one_by_one=False, now_s=time.monotonic())
        return bool(following.letters) or self._queue.heartbeat(self._sent) is not None

    def _try_held(self) -> None:
        """Send again what lanes are held behind and is due; where it is gone for good, the lane is free."""
        now_s = time.monotonic()
        for lane, hold in self._returns.holds.due(now_s).items():
            # What is given up is tried as it comes.
            if lane in GIVEN_UP or lane in self._sent.values() or not self.has_room:
                continue
            letter = self._queue.on_trial(lane, hold, self._sent)
            if letter is not None:
                self._send_letter(letter)
            elif lane != HEARTBEATS and self._outbox.is_gone(hold.key):
                self._returns.holds.release(lane)
                self._queue.rewind()
            elif lane != HEARTBEATS:
                self._returns.holds.postpone(lane, now_s)

    def _take_bulletin(self, bulletin: Bulletin, ack: Ack) -> None:
        if ack.refused and bulletin.needed:
            what = "the broker refuses what this device publishes"
            raise refused(what, where=self._connection.where, code=ack.code, name=ack.name)
        if ack.refused:
            self._board.note_refusal(bulletin, ack.name)
        else:
            self._board.note_taken(bulletin)

    def _take_letter(self, letter: Letter, ack: Ack) -> None:
        if self._returns.delivered(letter):
            self._queue.rewind()
        if isinstance(letter.message, Event):
            if ack.is_unheard and self._config.without_subscriber == "keep":
                if not self._flow.is_held:
                    _log.warning("nobody subscribes to this device's events at the broker: they are kept meanwhile")
                self._flow.unheard(time.monotonic(), random.random())  # noqa: S311  # spreads retries
                self._queue.rewind()
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
                return self._within_limit(replace(letter.message, replayed=True))
        return self._within_limit(letter.message)

    def _within_limit(self, message: Content) -> bytes:
        """Return what the broker gets; of an answer that is too large for it, the part without its output."""
        payload, limit = payload_of(message), self._connection.payload_limit
        if len(payload) > limit and isinstance(message, CommandResult):
            text = (
                f"the answer has {len(payload)} bytes, and the broker takes {limit}: ask for less ({message.message})"
            )
            return payload_of(replace(message, output={}, message=text[:MAX_TEXT_CHARS]))
        return payload

    def _send_letter(self, letter: Letter) -> None:
        payload, limit = self._payload(letter), self._connection.payload_limit
        if len(payload) > limit:
            # The broker would end the connection for it, again and again, and nothing behind it would ever pass.
            self._returns.refuse(letter, f"more than the {limit} bytes that it allows")
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
