"""The agent's outbox: durable for all but heartbeats, of which only the newest counts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Container
from itertools import count
from pathlib import Path

from skerry_edge.agent.life.identity import AGENT, Identity
from skerry_edge.agent.outbox.keeper import Keeper
from skerry_edge.agent.outbox.policy import Stored
from skerry_edge.agent.outbox.sink import Content, Letter, OutboxStats, Outgoing, payload_of
from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import Event, Heartbeat, Message
from skerry_edge.contracts.snapshots import check_snapshot
from skerry_edge.contracts.topics import parse_topic
from skerry_edge.foundation.wall_clock import unix_ms

_log = logging.getLogger(__name__)
FILE = "outbox.sqlite3"


class Outbox:
    """A Sink, and the Outlet of what it took, of at most ``max_bytes`` of payload in one file of the state directory.

    A heartbeat waits in memory: the next one says more, and a card is worn by every write. What the disk does not take
    waits in a small buffer in memory; a damaged file is set aside. The fleet is told of both by a system event.
    """

    def __init__(self, state_dir: Path, *, max_bytes: int, identity: Identity) -> None:
        """Open the outbox; trouble with the disk is no error, but told and tried again."""
        self._identity = identity
        self._heartbeats: dict[str, Letter] = {}
        self._keeper = Keeper(state_dir / FILE, max_bytes)
        # Counted from the time on: a key is never given twice, not even by a run that cannot read the file.
        self._newest = max(self._keeper.newest, unix_ms() * 1000)
        self._lock = threading.Lock()
        with self._lock:
            self._tell()

    def put(self, *outgoing: Outgoing) -> None:
        """Accept messages (see Sink)."""
        payloads = [payload_of(message) for _, message in outgoing]
        with self._lock:
            keys = count(self._newest + 1)
            self._newest += len(outgoing)
            batch = []
            for key, (topic, message), payload in zip(keys, outgoing, payloads, strict=False):
                if isinstance(message, Heartbeat):
                    self._heartbeats[topic] = Letter(key=key, topic=topic, message=message)
                else:
                    batch.append(_stored(key, topic, message, payload))
            self._keeper.keep(batch)
            self._tell()

    def pending(self, sent: Container[int], limit: int, after: int = 0) -> list[Letter]:
        """Return waiting letters (see Outlet)."""
        with self._lock:
            letters = [one for one in self._heartbeats.values() if one.key not in sent]
            letters += filter(None, map(self._letter, self._keeper.waiting(sent, limit, after)))
            self._tell()
            return letters

    def acknowledge(self, key: int) -> None:
        """Forget a letter (see Outlet)."""
        with self._lock:
            for topic, letter in self._heartbeats.items():
                if letter.key == key:
                    del self._heartbeats[topic]
                    return
            self._keeper.forget(key)

    @property
    def comebacks(self) -> int:
        """How often letters may have come back (see Outlet)."""
        with self._lock:
            return self._keeper.adopted

    def is_gone(self, key: int) -> bool:
        """Tell whether a letter waits no more (see Outlet)."""
        with self._lock:
            return all(one.key != key for one in self._heartbeats.values()) and self._keeper.is_gone(key)

    def discard(self, key: int) -> None:
        """Give up a letter (see Outlet)."""
        with self._lock:
            self._keeper.discard(key)

    def resize(self, max_bytes: int) -> None:
        """Have another budget; where more is held, the oldest make room for what comes next."""
        with self._lock:
            self._keeper.max_bytes = max_bytes

    def stats(self) -> OutboxStats:
        """Return what waits and what was lost (see Sink)."""
        with self._lock:
            oldest = self._keeper.waiting((), 1, 0)
            return OutboxStats(
                depth=self._keeper.depth + len(self._heartbeats),
                held_bytes=self._keeper.held_bytes,
                dropped=self._keeper.dropped,
                newest=self._newest,
                oldest_ts_ms=oldest[0].ts_ms if oldest else None,
            )

    def close(self) -> None:
        """Write down what the broker has, and give the file back."""
        with self._lock:
            self._keeper.close()

    def _letter(self, stored: Stored) -> Letter | None:
        """Return what was stored as what it was; give up what cannot be read any more."""
        try:
            return Letter(key=stored.key, topic=stored.topic, message=_content(stored))
        except WireError as error:
            _log.warning("a waiting message cannot be read and is dropped: %s", error)
            self._keeper.discard(stored.key)
            return None

    def _tell(self) -> None:
        """Keep a system event for each thing that the fleet is to know of this outbox."""
        for notice in self._keeper.take_notices():
            self._newest += 1
            event = Event(
                **self._identity.stamp(),
                kind="system",
                pipeline=AGENT,
                label=notice.label,
                message=notice.message,
            )
            self._keeper.keep([_stored(self._newest, self._identity.topic("event"), event, payload_of(event))])


def _stored(key: int, topic: str, message: Content, payload: bytes) -> Stored:
    if isinstance(message, Message):
        return Stored(key=key, topic=topic, ts_ms=message.ts, rank="record", payload=payload)
    return Stored(key=key, topic=topic, ts_ms=unix_ms(), rank="snapshot", payload=payload)


def _content(stored: Stored) -> Content:
    """Return what a letter carries. Raises WireError."""
    if stored.rank == "snapshot":
        check_snapshot(stored.payload)
        return stored.payload
    message = decode(parse_topic(stored.topic).kind, stored.payload)
    if not isinstance(message, Message):
        raise WireError("topic", "no device sends this kind of message", found=repr(stored.topic))
    return message
