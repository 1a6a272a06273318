"""Presence, decided: what a message says about its device being there, fenced by session.

Pure: no clock, no database. The rules:

- a message of an older session says nothing about now, so an old will never masks a new birth;
- within a session only a rising ``seq`` counts, so nothing that is delivered twice or late moves anything; a will
  (``seq`` 0) always counts, since the broker sends it when the connection is gone;
- a retained message tells what was, not that the device is there: it brings no device online;
- a start counter that fell (a card written anew) is believed when both clocks were synchronised and the message is
  later than anything of the session known, or the device would stay fenced out for ever.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Literal

from skerry_edge.contracts.messages import Message, Status, session_order

PresenceState = Literal["online", "degraded", "offline"]
NOT_HEARD = "known from a retained message only, not heard from since"


@dataclass(frozen=True, kw_only=True, slots=True)
class Presence:
    """Whether a device is there, why not, and since when by the server's clock (Unix ms).

    ``session``, ``seq`` and ``ts_ms`` are the newest that count; ``is_synced`` belongs to ``ts_ms``.
    """

    state: PresenceState
    reason: str | None
    since_ms: int
    session: str
    seq: int
    ts_ms: int
    is_synced: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A message as presence sees it."""

    message: Message
    is_retained: bool
    received_ms: int

    @property
    def is_will(self) -> bool:
        """Tell whether the broker sent this in the device's name."""
        return isinstance(self.message, Status) and self.message.seq == 0 and self.message.state == "offline"


def observe(known: Presence | None, evidence: Evidence) -> Presence | None:
    """Return the presence after ``evidence``, or None where it says nothing about now."""
    if known is None or known.session != evidence.message.session:
        if known is not None and not _is_newer_session(known, evidence):
            return None
        return _placed(known, evidence)
    if evidence.is_will:
        return _moved(known, "offline", _reason(evidence.message), evidence.received_ms)
    if evidence.message.seq <= known.seq:
        return None
    return _placed(known, evidence)


def silent(known: Presence, *, now_ms: int, limit_s: float) -> Presence:
    """Return the presence of a device from which nothing came for ``limit_s`` seconds."""
    if known.state == "offline":
        return known
    return _moved(known, "offline", f"no heartbeat for {limit_s:g} s", now_ms)


def _is_newer_session(known: Presence, evidence: Evidence) -> bool:
    message = evidence.message
    if session_order(message.session) > session_order(known.session):
        return True
    both_synced = known.is_synced and message.clock == "synced"
    return both_synced and not evidence.is_will and not message.replayed and message.ts > known.ts_ms


def _placed(known: Presence | None, evidence: Evidence) -> Presence:
    """Return the presence with the session, seq and time of ``evidence`` as the newest."""
    message = evidence.message
    state, reason = _claim(known, evidence)
    unchanged = known is not None and known.state == state
    return Presence(
        state=state,
        reason=reason,
        since_ms=known.since_ms if known is not None and unchanged else evidence.received_ms,
        session=message.session,
        seq=message.seq,
        ts_ms=message.ts,
        is_synced=message.clock == "synced",
    )


def _claim(known: Presence | None, evidence: Evidence) -> tuple[PresenceState, str | None]:
    message = evidence.message
    if isinstance(message, Status):
        if evidence.is_retained and message.state != "offline":
            return "offline", NOT_HEARD
        return message.state, _reason(message)
    if known is not None and known.state == "degraded" and known.session == message.session:
        return "degraded", known.reason
    return "online", None


def _moved(known: Presence, state: PresenceState, reason: str | None, now_ms: int) -> Presence:
    since_ms = known.since_ms if known.state == state else now_ms
    return replace(known, state=state, reason=reason, since_ms=since_ms)


def _reason(message: Message) -> str | None:
    return message.reason if isinstance(message, Status) else None


class Silence:
    """Which devices have been silent too long, on a monotonic clock that the caller reads (seconds)."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._heard: OrderedDict[str, float] = OrderedDict()

    def hear(self, device: str, now_s: float) -> None:
        """Note that ``device`` was heard; times must not fall."""
        self._heard[device] = now_s
        self._heard.move_to_end(device)

    def restart(self, now_s: float) -> None:
        """Give every device the full time again: while the broker was away, silence proved nothing."""
        for device in self._heard:
            self._heard[device] = now_s

    def take_expired(self, now_s: float) -> list[str]:
        """Return and forget the devices not heard for longer than the limit."""
        expired = []
        while self._heard:
            device, heard_s = next(iter(self._heard.items()))
            if now_s - heard_s <= self.limit_s:
                break
            del self._heard[device]
            expired.append(device)
        return expired
