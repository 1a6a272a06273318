"""Who sends, in which session, and the stamp that every message up carries."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.life.state_files import StateFiles, unread
from skerry_edge.contracts.topics import UpKind, topic_of
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError
from skerry_edge.foundation.wall_clock import unix_ms

_log = logging.getLogger(__name__)
AGENT = "agent"
"""What stands for the pipeline in events about the agent itself; no pipeline may have this name."""
ClockState = Callable[[], Literal["synced", "unsynced"]]
COUNTER = "starts"
RETRY_S = 5.0
"""How often it is tried again to count a start that the disk did not take."""
_MAX_COUNTER = 10**12 - 1
_MAX_BYTES = 32


def begin_session(files: StateFiles, clock: ClockState = clock_state) -> str:
    """Count this start in the state directory and return the session's id: the counter, then eight random hex digits.

    The counter begins at the Unix time in seconds, not at 1: a board whose storage was wiped then still counts on
    from where it was, and the server does not take it for an older session of itself. A disk that takes nothing is no
    reason not to start: then the count is the time's, too, and `KeptStart` keeps it later. So it is with a count that
    cannot be read at this moment, but only by a clock that is right, as it must rise: raises ReachError by another.
    """
    count = _next_of(files, fresh=max(1, int(time.time())))
    if files.is_unread(COUNTER) and clock() != "synced":
        raise unread(files, COUNTER)
    try:
        _keep_count(files, count)
    except ReachError as error:
        count = max(count, int(time.time()))
        _log.warning("this start cannot be counted: %s", error)
    return f"{count:08d}-{secrets.token_hex(4)}"


def keep_session(files: StateFiles, session: str) -> None:
    """Have a session's start counted on disk where it is not. Raises ReachError where that is not possible.

    The count only rises: what is on disk may be of a later session than one that was ordered by the time.
    """
    count = int(session.partition("-")[0])
    if _next_of(files, fresh=1) <= count or files.is_unread(COUNTER):
        _keep_count(files, count)


class KeptStart:
    """Sees to it that a session's start is counted on disk, however late that takes it (a Duty)."""

    def __init__(self, files: StateFiles, session: str) -> None:
        self._files = files
        self._session = session
        self._due_s = 0.0

    def act(self, now_s: float) -> float:
        """Try again where the start is not counted yet (see Duty)."""
        if now_s >= self._due_s:
            try:
                keep_session(self._files, self._session)
                self._due_s = NEVER_S
            except ReachError as error:
                _log.debug("this start is still not counted: %s", error)
                self._due_s = now_s + RETRY_S
        return self._due_s


def _next_of(files: StateFiles, *, fresh: int) -> int:
    """Return the count after the one on disk, ``fresh`` where there is none."""
    return files.read(COUNTER, _next_count, max_bytes=_MAX_BYTES, absent=fresh, damaged=fresh)


def _keep_count(files: StateFiles, count: int) -> None:
    """Write a count down. Raises ReachError, too, where the one on disk cannot be read at this moment."""
    if files.is_unread(COUNTER):
        raise unread(files, COUNTER)
    write_atomic(files.folder / COUNTER, f"{count}\n".encode())


def _next_count(data: bytes) -> int:
    """Return the count after the one that was kept. Raises ValueError where that is none."""
    text = data.decode("ascii").strip()
    if not text.isdigit() or int(text) >= _MAX_COUNTER:
        raise ValueError(f"no count of starts: {text[:40]!r}")
    return int(text) + 1


class Identity:
    """A device in one session; makes the fields that every message up carries. Safe to use from several threads."""

    def __init__(self, *, site: str, device: str, session: str, clock: ClockState) -> None:
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
