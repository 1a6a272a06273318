"""What the broker sent, handed from the session's thread to the parent's loop."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence

from skerry_edge.agent.life.waker import Waker
from skerry_edge.agent.mqtt.news import News

_log = logging.getLogger(__name__)
MAX_WAITING = 100
"""More than a loop that lives leaves unread; beyond, what is newest is dropped."""


class Inbox:
    """A listener of the session; ``waker`` wakes the loop when there is something to read."""

    def __init__(self, topics: Sequence[str]) -> None:
        self.topics = topics
        self.waker = Waker()
        self._waiting: deque[News] = deque()
        self._dropped = 0
        self._lock = threading.Lock()

    def hear(self, news: News) -> None:
        """Take a message or a refusal (see Listener)."""
        with self._lock:
            if len(self._waiting) >= MAX_WAITING:
                self._dropped += 1
                return
            self._waiting.append(news)
        self.waker.wake()

    def take(self, limit: int = MAX_WAITING) -> list[News]:
        """Return the oldest of what has come, at most ``limit``; where more waits, the loop is woken for it."""
        with self._lock:
            taken = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
            if self._waiting:
                self.waker.wake()
            dropped, self._dropped = self._dropped, 0
        if dropped:
            _log.warning("%d messages of the broker came too fast and were dropped", dropped)
        return taken
