"""The retained messages that a broker should hold for this device: published on every connect, and when they change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Bulletin:
    """One retained message.

    ``make`` gives its payload when it is sent, so that its stamp is that of the sending; no payload means that the
    broker is to forget the topic. Where the broker refuses one that is ``needed``, the connection is of no use;
    ``when_taken`` is called once the broker has it. Both functions run in the session's thread.
    """

    topic: str
    make: Callable[[], bytes]
    needed: bool = False
    when_taken: Callable[[], None] | None = None


class BulletinBoard:
    """The newest bulletin of each topic, in the order in which the topics came. Safe to use from several threads."""

    def __init__(self) -> None:
        self._wanted: dict[str, Bulletin] = {}
        self._refused: set[str] = set()
        self._lock = threading.Lock()

    def put(self, bulletin: Bulletin) -> None:
        """Replace the topic's bulletin."""
        with self._lock:
            self._wanted[bulletin.topic] = bulletin

    def renew(self) -> None:
        """Have every bulletin published again, as on a connect."""
        with self._lock:
            self._wanted = {topic: replace(one) for topic, one in self._wanted.items()}

    def wanted(self) -> list[Bulletin]:
        """Return all bulletins; one that was published is the very object that was returned then."""
        with self._lock:
            return list(self._wanted.values())

    def note_refusal(self, bulletin: Bulletin, reason: str) -> None:
        """Log that the broker does not take a bulletin, once for its topic until it does."""
        if bulletin.topic not in self._refused:
            self._refused.add(bulletin.topic)
            _log.warning(
                "the broker refuses the retained message %s (%s): allow it at the broker; the rest goes on without it",
                bulletin.topic,
                reason,
            )

    def note_taken(self, bulletin: Bulletin) -> None:
        """Note that the broker has a bulletin."""
        self._refused.discard(bulletin.topic)
        if bulletin.when_taken is not None:
            bulletin.when_taken()
