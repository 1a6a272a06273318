"""Presence, decided: what a message says about its device being there, fenced by session.

Pure: no clock, no database. The rules:

- a message of an older session says nothing about now, so an old will never masks a new birth;
- within a session everything is a maximum: the newest status by its ``seq``, the newest connection that was announced,
  the newest that was lost, the highest ``seq`` heard. Whatever order several workers see messages in, and however
  often, they end in the same presence;
- a will says that its own connection is lost; only the birth of a later one brings the device back, or a device that
  goes on speaking for as long as silence would have taken. A will that does not name its connection stands against
  all messages up to the newest known;
- a retained message tells what was, not that the device is there: it brings no device online;
- a start counter that fell (a card written anew) is believed when both clocks were synchronised and the message is
  later than anything known of the session, or when it alone has been heard for as long as silence takes. Until then it
  is a *rival*; or the device would stay fenced out for ever.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from skerry_edge.contracts.messages import Message, Status, session_order

PresenceState = Literal["online", "degraded", "offline"]
NOT_HEARD = "known from a retained message only, not heard from since"
NOTHING = -1
"""Below every seq."""
MAX_AHEAD_MS = 5 * 60 * 1000
"""A clock that is further ahead of ours is not right, whatever it says of itself."""


class Facts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What decisions about one session stand on, beside the seq that was heard.

    ``said…`` is its newest status. ``connection`` is the newest that a status announced, ``lost_connection`` the newest
    whose will came. Up to ``gone_seq`` the device counts as gone. ``over`` is a session with a higher counter that this
    one took the place of. ``rival`` is another session that has been heard alone since ``rival_since_ms``.
    """

    said: PresenceState | None = None
    said_reason: str | None = None
    said_seq: int = NOTHING
    connection: int = 0
    lost_connection: int = 0
    lost_reason: str | None = None
    gone_seq: int = NOTHING
    gone_reason: str | None = NOT_HEARD
    over: str | None = None
    rival: str | None = None
    rival_since_ms: int = 0


class Presence(Struct, frozen=True, kw_only=True):
    """Whether a device is there, why not, and since when by the server's clock (Unix ms).

    ``seq`` is the highest that was heard in ``session``; ``ts_ms`` and ``is_synced`` belong to it.
    """

    state: PresenceState
    reason: str | None
    since_ms: int
    session: str
    seq: int
    ts_ms: int
    is_synced: bool
    facts: Facts = Facts()


class Evidence(Struct, frozen=True, kw_only=True):
    """A message as presence sees it.

    ``heard_ms`` is when the session known was last heard, ``limit_ms`` how long this device may be silent.
    """

    message: Message
    is_retained: bool
    received_ms: int
    limit_ms: int
    heard_ms: int | None = None

    @property
    def is_will(self) -> bool:
        """Tell whether the broker sent this in the device's name."""
        return isinstance(self.message, Status) and self.message.seq == 0 and self.message.state == "offline"

    @property
    def is_heard(self) -> bool:
        """Tell whether the device itself sent this of late."""
        return not self.is_retained and not self.is_will


def observe(known: Presence | None, evidence: Evidence) -> Presence | None:
    """Return the presence after ``evidence``, or None where it changes nothing.

    The message is about now where the session returned is its own.
    """
    session = evidence.message.session
    if known is not None and known.session == session:
        after = _joined(known, evidence)
        return None if after == known else after
    if known is None:
        return _joined(_blank(evidence, over=None), evidence)
    if _is_newer(known, evidence):
        return _dated(known, _joined(_blank(evidence, over=known.facts.over), evidence), evidence)
    if _takes_over(known, evidence):
        return _dated(known, _joined(_blank(evidence, over=known.session), evidence), evidence)
    return _rivalled(known, evidence)


def silent(known: Presence, *, now_ms: int, limit_s: float) -> Presence:
    """Return the presence of a device from which nothing came for ``limit_s`` seconds."""
    if known.state == "offline":
        return known
    facts = replace(known.facts, gone_seq=known.seq, gone_reason=f"no heartbeat for {limit_s:g} s")
    return _decided(replace(known, facts=facts), known, now_ms)


def _blank(evidence: Evidence, *, over: str | None) -> Presence:
    """Return what is known of a session of which nothing is known."""
    message = evidence.message
    return Presence(
        state="offline",
        reason=NOT_HEARD,
        since_ms=evidence.received_ms,
        session=message.session,
        seq=NOTHING,
        ts_ms=message.ts,
        is_synced=message.clock == "synced",
        facts=Facts(over=over),
    )


def _joined(known: Presence, evidence: Evidence) -> Presence:
    """Return ``known`` with what ``evidence``, of the same session, adds."""
    message, after = evidence.message, known
    facts = _with_status(known.facts, evidence, known.seq) if isinstance(message, Status) else known.facts
    if evidence.is_heard:
        if facts.rival is not None:
            facts = replace(facts, rival=None)
        if message.seq > known.seq:
            facts = _outspoken(known, facts, evidence)
            is_synced = message.clock == "synced"
            after = replace(after, seq=message.seq, ts_ms=message.ts, is_synced=is_synced)
    return _decided(replace(after, facts=facts), known, evidence.received_ms)


def _with_status(facts: Facts, evidence: Evidence, seq: int) -> Facts:
    message = evidence.message
    assert isinstance(message, Status)  # noqa: S101  # the caller asked
    connection = message.connection or 0
    if evidence.is_will:
        if message.connection is None:
            return replace(facts, gone_seq=seq, gone_reason=message.reason)
        if connection > facts.lost_connection:
            return replace(facts, lost_connection=connection, lost_reason=message.reason)
        return facts
    facts = replace(facts, connection=max(facts.connection, connection))
    if message.seq <= facts.said_seq:
        return facts
    return replace(facts, said=message.state, said_reason=message.reason, said_seq=message.seq)


def _outspoken(known: Presence, facts: Facts, evidence: Evidence) -> Facts:
    """Believe a device whose connection is lost, and which is heard when silence would long have been noted."""
    if not _is_lost(facts) or evidence.received_ms - known.since_ms < evidence.limit_ms:
        return facts
    return replace(facts, connection=facts.lost_connection + 1)


def _decided(after: Presence, known: Presence, now_ms: int) -> Presence:
    """Return ``after`` with the state that its facts make, and since when that has been so."""
    state, reason = _state(after.seq, after.facts)
    since_ms = known.since_ms if state == known.state else now_ms
    return replace(after, state=state, reason=reason, since_ms=since_ms)


def _state(seq: int, facts: Facts) -> tuple[PresenceState, str | None]:
    if _is_lost(facts):
        return "offline", facts.lost_reason
    if facts.said == "offline" and seq <= facts.said_seq:
        return "offline", facts.said_reason
    if seq <= facts.gone_seq:
        return "offline", facts.gone_reason
    if facts.said is None or facts.said == "offline":
        return "online", None
    return facts.said, facts.said_reason


def _is_lost(facts: Facts) -> bool:
    return facts.lost_connection > 0 and facts.lost_connection >= facts.connection


def _dated(known: Presence, after: Presence, evidence: Evidence) -> Presence:
    """Return ``after``, of another session, dated by ``known`` where the state goes on."""
    return replace(after, since_ms=known.since_ms if after.state == known.state else evidence.received_ms)


def _is_newer(known: Presence, evidence: Evidence) -> bool:
    session = evidence.message.session
    return session_order(session) > session_order(known.session) and session != known.facts.over


def _takes_over(known: Presence, evidence: Evidence) -> bool:
    """Tell whether a session that counts lower than the one known is believed all the same."""
    message = evidence.message
    if not evidence.is_heard or message.replayed:
        return False
    is_right = message.clock == "synced" and message.ts <= evidence.received_ms + MAX_AHEAD_MS
    if is_right and known.is_synced and message.ts > known.ts_ms:
        return True
    return _is_rival(known, evidence) and evidence.received_ms - known.facts.rival_since_ms >= evidence.limit_ms


def _is_rival(known: Presence, evidence: Evidence) -> bool:
    """Tell whether the message's session is the rival, and the one known was not heard since it became so."""
    was_heard = evidence.heard_ms is not None and evidence.heard_ms > known.facts.rival_since_ms
    return known.facts.rival == evidence.message.session and not was_heard


def _rivalled(known: Presence, evidence: Evidence) -> Presence | None:
    """Return ``known`` with the session of ``evidence`` as its rival, or None where it is or cannot be that."""
    if not evidence.is_heard or evidence.message.replayed or _is_rival(known, evidence):
        return None
    facts = replace(known.facts, rival=evidence.message.session, rival_since_ms=evidence.received_ms)
    return replace(known, facts=facts)


class SilenceRules(Struct, frozen=True, kw_only=True):
    """How long a device may be silent: ``missed`` of its own intervals, or of ``heartbeat_s`` where it tells none."""

    heartbeat_s: float
    missed: int

    def limit_s(self, interval_s: float | None) -> float:
        """Return after how long a device counts as silent that sends a heartbeat each ``interval_s``."""
        return self.missed * (self.heartbeat_s if interval_s is None else interval_s)


def is_silent(last_ms: int, *, limit_s: float, floor_ms: int, now_ms: int) -> bool:
    """Tell whether a device that was last heard at ``last_ms`` has been silent for longer than its limit.

    Silence counts from ``floor_ms`` on, when the server began to hear. A time still to come was noted before the clock
    was set back, and counts as that.
    """
    since_ms = floor_ms if last_ms > now_ms else max(last_ms, floor_ms)
    return now_ms - since_ms > limit_s * 1000
