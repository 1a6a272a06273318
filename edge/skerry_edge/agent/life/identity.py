"""Who sends, in which session, and the stamp that every message up carries."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.contracts.topics import UpKind, topic_of
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError
from skerry_edge.foundation.wall_clock import unix_ms

_log = logging.getLogger(__name__)
AGENT = "agent"
"""What stands for the pipeline in events about the agent itself; no pipeline may have this name."""
COUNTER = "starts"
_MAX_COUNTER = 10**12 - 1
_MAX_BYTES = 32


def begin_session(files: StateFiles) -> str:
    """Count this start in the state directory and return the session's id: the counter, then eight random hex digits.

    The counter begins at the Unix time in seconds, not at 1: a board whose storage was wiped then still counts on
    from where it was, and the server does not take it for an older session of itself. A disk that takes nothing is no
    reason not to start: then the count is the time's, too.
    """
    fresh = max(1, int(time.time()))
    count = files.read(COUNTER, _next_count, max_bytes=_MAX_BYTES, absent=fresh, damaged=fresh)
    try:
        _keep_count(files, count)
    except ReachError as error:
        count = max(count, int(time.time()))
        _log.warning("this start cannot be counted: %s", error)
    return f"{count:08d}-{secrets.token_hex(4)}"


def keep_session(files: StateFiles, session: str) -> None:
    """Have a session's start counted on disk once more, where that lost it. Raises ReachError."""
    _keep_count(files, int(session.partition("-")[0]))


def _keep_count(files: StateFiles, count: int) -> None:
    write_atomic(files.folder / COUNTER, f"{count}\n".encode())


def _next_count(data: bytes) -> int:
    """Return the count after the one that was kept. Raises ValueError where that is none."""
    text = data.decode("ascii").strip()
    if not text.isdigit() or int(text) >= _MAX_COUNTER:
        raise ValueError(f"no count of starts: {text[:40]!r}")
    return int(text) + 1


class Identity:
    """A device in one session; makes the fields that every message up carries. Safe to use from several threads."""

    def __init__(
        self, *, site: str, device: str, session: str, clock: Callable[[], Literal["synced", "unsynced"]]
    ) -> None:
        self.site = site
        self.device = device
        self.session = session
        self._clock = clock
        self._seq = 0
        self._lock = threading.Lock()

    def topic(self, kind: UpKind, item: str | None = None) -> str:
        """Return the device's topic of a kind; ``item`` is the event of a snapshot or the command of a result."""
        return topic_of(self.site, self.device, kind, item)

    def stamp(self, ts_ms: int | None = None) -> dict[str, Any]:
        """Return the fields of the next message; ``ts_ms`` is when it happened, default now."""
        with self._lock:
            self._seq += 1
            seq = self._seq
        return self._fields(seq, ts_ms)

    def will_stamp(self) -> dict[str, Any]:
        """Return the fields of a will, whose ``seq`` is 0."""
        return self._fields(0, None)

    def _fields(self, seq: int, ts_ms: int | None) -> dict[str, Any]:
        return {
            "v": 1,
            "id": secrets.token_hex(16),
            "session": self.session,
            "seq": seq,
            "ts": unix_ms() if ts_ms is None else ts_ms,
            "clock": self._clock(),
        }
