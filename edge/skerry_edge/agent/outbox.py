"""The sink that every message goes through on its way to the broker, and a bounded one in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import Heartbeat, Message
from skerry_edge.contracts.snapshots import check_snapshot

Content = Message | bytes
"""What a letter carries: a message, or a snapshot's JPEG."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One message that waits for the broker; ``key`` rises in the order of acceptance."""

    key: int
    topic: str
    message: Content


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxStats:
    """``depth`` letters wait, ``dropped`` were given up since the start, ``newest`` is the last key (0: none yet)."""

    depth: int
    dropped: int
    newest: int


class Sink(Protocol):
    """Where accepted messages wait until the broker has them. Safe to use from several threads."""

    def put(self, topic: str, message: Content) -> None:
        """Accept a message; on return the sink has it as safely as it ever will.

        A heartbeat replaces the one that waits for the same topic. An event is kept until acknowledged, and
        the oldest are dropped, and counted, only when the budget is used up and no heartbeat or snapshot can make
        room. A snapshot displaces older snapshots and nothing else. What finds no room even so is dropped itself
        and displaces nothing. Raises WireError for what the contract does not allow.
        """
        ...

    def pending(self, after: int, limit: int) -> list[Letter]:
        """Return at most ``limit`` waiting letters with a key above ``after``, oldest first."""
        ...

    def acknowledge(self, key: int) -> None:
        """Forget a letter that the broker has; a key that is not waiting is no error."""
        ...

    def stats(self) -> OutboxStats:
        """Return what waits and what was lost."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    letter: Letter
    size: int


def payload_of(message: Content) -> bytes:
    """Return what the broker gets. Raises WireError for what the contract does not allow."""
    if isinstance(message, bytes):
        check_snapshot(message)
        return message
    return encode(message)


class MemoryOutbox:
    """A sink of at most ``max_bytes`` of payload in memory; what waits is gone when the process is."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._bytes = 0
        self._dropped = 0
        self._newest = 0
        self._lock = threading.Lock()

    def put(self, topic: str, message: Content) -> None:
        """Accept a message (see Sink)."""
        size = len(payload_of(message))
        with self._lock:
            if isinstance(message, Heartbeat):
                self._remove([key for key in self._waiting(Heartbeat) if self._entries[key].letter.topic == topic])
            if self._bytes + size > self._max_bytes and not self._make_room(size, self._displaced_by(message)):
                self._dropped += 1
                return
            self._newest += 1
            letter = Letter(key=self._newest, topic=topic, message=message)
            self._entries[letter.key] = _Entry(letter=letter, size=size)
            self._bytes += size

    def pending(self, after: int, limit: int) -> list[Letter]:
        """Return waiting letters (see Sink)."""
        with self._lock:
            # What was sent and not yet acknowledged is at the front and short, so walking past it is cheap.
            return list(islice((one.letter for key, one in self._entries.items() if key > after), limit))

    def acknowledge(self, key: int) -> None:
        """Forget a letter (see Sink)."""
        with self._lock:
            self._remove([key])

    def stats(self) -> OutboxStats:
        """Return what waits and what was lost (see Sink)."""
        with self._lock:
            return OutboxStats(depth=len(self._entries), dropped=self._dropped, newest=self._newest)

    def _waiting(self, kind: type[Content]) -> list[int]:
        return [key for key, one in self._entries.items() if isinstance(one.letter.message, kind)]

    def _displaced_by(self, message: Content) -> list[int]:
        """Return the keys of the letters that may be dropped for ``message``, those that count least first."""
        if isinstance(message, Heartbeat):
            return []
        if isinstance(message, bytes):
            return self._waiting(bytes)
        return [*self._waiting(Heartbeat), *self._waiting(bytes), *self._entries]

    def _make_room(self, size: int, displaced: list[int]) -> bool:
        """Drop of ``displaced`` as many as it takes, and none where all of them would be too few; tell which it was."""
        least = self._bytes - sum(self._entries[key].size for key in set(displaced))
        if least + size > self._max_bytes:
            return False
        for key in dict.fromkeys(displaced):
            if self._bytes + size <= self._max_bytes:
                break
            self._remove([key])
            self._dropped += 1
        return True

    def _remove(self, keys: list[int]) -> None:
        for key in keys:
            entry = self._entries.pop(key, None)
            if entry is not None:
                self._bytes -= entry.size
