"""The sink that every message goes through on its way to the broker, and a bounded one in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import Heartbeat, Message


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One message that waits for the broker; ``key`` rises in the order of acceptance."""

    key: int
    topic: str
    message: Message


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxStats:
    """``depth`` letters wait, ``dropped`` were given up since the start, ``newest`` is the last key (0: none yet)."""

    depth: int
    dropped: int
    newest: int


class Sink(Protocol):
    """Where accepted messages wait until the broker has them. Safe to use from several threads."""

    def put(self, topic: str, message: Message) -> None:
        """Accept a message; on return the sink has it as safely as it ever will.

        A heartbeat replaces the one that waits for the same topic. An event is kept until acknowledged, and
        the oldest are dropped, and counted, only when the budget is used up. Raises WireError above 64 KiB.
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


class MemoryOutbox:
    """A sink of at most ``max_bytes`` of JSON in memory; what waits is gone when the process is."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._bytes = 0
        self._dropped = 0
        self._newest = 0
        self._lock = threading.Lock()

    def put(self, topic: str, message: Message) -> None:
        """Accept a message (see Sink)."""
        size = len(encode(message))
        with self._lock:
            is_heartbeat = isinstance(message, Heartbeat)
            if is_heartbeat:
                self._remove(self._heartbeats(topic))
            self._make_room(size, for_heartbeat=is_heartbeat)
            if self._bytes + size > self._max_bytes:
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

    def _heartbeats(self, topic: str | None = None) -> list[int]:
        return [
            key
            for key, one in self._entries.items()
            if isinstance(one.letter.message, Heartbeat) and topic in (None, one.letter.topic)
        ]

    def _make_room(self, size: int, *, for_heartbeat: bool) -> None:
        """Drop heartbeats, then the oldest events, until ``size`` fits; a heartbeat displaces no event."""
        if self._bytes + size <= self._max_bytes or for_heartbeat:
            return
        for key in [*self._heartbeats(), *self._entries]:
            if self._bytes + size <= self._max_bytes:
                return
            if key in self._entries:
                self._remove([key])
                self._dropped += 1

    def _remove(self, keys: list[int]) -> None:
        for key in keys:
            entry = self._entries.pop(key, None)
            if entry is not None:
                self._bytes -= entry.size
